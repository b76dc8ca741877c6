"""What the built-in merge and verification are asked for: a JSON document, the same from every executor."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
from collections.abc import Iterable
from typing import Any

from renderjob.api import OutputCheck, RenderJob
from renderjob.frames import FrameSet
from renderjob.planning import Layout, layout_of

from .command import chunk_file, merge_cells, merge_parts
from .fence import ROOT, fence_name

PACKED = "gz:"
"""Begins a request that is packed into an argument: base64 of gzipped JSON."""


def merge_request(job: RenderJob, frames: FrameSet, directory: str, *, trial: bool = False) -> dict[str, Any]:
    """The request for `merge.ffmpeg`: one file of these frames, in the output directory.

    With `trial` it asks whether that can be made, of these frames alone, and nothing is kept.

    Raises:
        ValueError: the job has no built-in merge.
    """
    merge = job.spec.merge.ffmpeg if job.spec.merge else None
    if merge is None or job.spec.output is None:
        raise ValueError("merge.ffmpeg needs output.path")
    layout = layout_of(job.spec)
    cells = [layout.cell(number) for number in range(layout.count)] if layout.atomic else []
    numbers = merge_cells(frames, cells)
    parts = merge_parts(job, numbers, cells)
    return {
        "directory": directory,
        "file": merge.file,
        "pattern": job.spec.output.pattern,
        "frames": str(frames if trial else layout.total),
        "failed": "" if trial else str(layout.total - frames),
        "parts": parts,
        "partFrames": [str(cells[number]) for number in numbers] if parts else [],
        "layer": merge.layer,
        "trial": trial,
        "fps": merge.fps if not parts else None,
        "codec": merge.codec,
        "minBytes": job.spec.output.min_bytes,
        "args": merge.args,
    }


def verify_request(job: RenderJob, frames: FrameSet, directory: str) -> dict[str, Any]:
    """The request for a look at the files of some frames: a file each, or one for all frames of a chunk."""
    output = job.spec.output
    request: dict[str, Any] = {
        "directory": directory,
        "frames": str(frames),
        "minBytes": output.min_bytes if output else 1,
    }
    if output is not None and output.check is OutputCheck.DECODE:
        request["check"] = output.check.value
    files = _chunk_files(job, frames)
    if files:
        return request | {"files": files}
    if output is not None and output.files:
        request["patterns"] = output.files
    return request | {"pattern": output.pattern if output else None, "doubtful": _doubtful(job, frames)}


def running_request(
    job: RenderJob, running: Iterable[tuple[int, FrameSet, int]], directory: str, digest: str
) -> dict[str, Any]:
    """The request for a look at what attempts that run have written so far.

    Args:
        job: whose attempts they are.
        running: of each its id, its frames, and the seconds since the epoch when it was first seen running.
        directory: output.path, as who looks sees it.
        digest: of what they render with.
    """
    output = job.spec.output
    fence = f"{ROOT}/{fence_name(job, digest)}/" if output is not None and output.fenced else ""
    named = {"patterns": output.files} if output is not None and output.files else {}
    return {
        "directory": directory,
        "pattern": output.pattern if output else None,
        **named,
        "minBytes": output.min_bytes if output else 1,
        "running": [
            {"id": id_, "frames": str(frames), "since": began} | ({"own": f"{fence}{id_}"} if fence else {})
            for id_, frames, began in running
        ],
    }


def _doubtful(job: RenderJob, frames: FrameSet) -> list[dict[str, Any]]:
    """Of the frames those of attempts that died, each with the time since when a file is that attempt's work,
    and the frames that its log says were finished."""
    layout, doubtful = layout_of(job.spec), []
    for entry in job.status.retrying:
        if entry.check_since is None:
            continue
        left = FrameSet.parse(entry.frames) & frames
        for some in _by_cell(layout, left):
            one = {"frames": str(some), "since": entry.check_since.timestamp()}
            doubtful.append(one | {"finished": entry.finished} if entry.finished else one)
    return doubtful


def _by_cell(layout: Layout, frames: FrameSet) -> list[FrameSet]:
    """Frames by the cell that they lie in: when very much failed, several attempts share an entry, and each
    may have left a file that is cut short."""
    cells, left = [], frames & layout.total
    while left:
        cell = layout.cell(layout.cell_of(left.first))
        cells.append(left & cell)
        left = left - cell
    return cells


def _chunk_files(job: RenderJob, frames: FrameSet) -> list[list[str]]:
    """Pairs of a chunk's frames and its file, for jobs in which a chunk writes one file."""
    layout = layout_of(job.spec)
    if not layout.atomic:
        return []
    # Of frames that are not asked for any more nobody knows the chunk.
    files, left = [], frames & layout.total
    while left:
        number = layout.cell_of(left.first)
        cell = layout.cell(number)
        file = chunk_file(job, cell, chunk=number, chunks=layout.count)
        if file is not None:
            files.append([str(cell), file])
        left = left - cell
    return files


def pack(request: dict[str, Any]) -> str:
    """A request as one argument of a command, for a pod that sees no file of ours."""
    text = json.dumps(request, separators=(",", ":"))
    return PACKED + base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def unpack(text: str) -> dict[str, Any]:
    """A request from the argument that `pack` made, or from JSON.

    Raises:
        ValueError: it is neither.
    """
    try:
        if text.startswith(PACKED):
            text = gzip.decompress(base64.b64decode(text.removeprefix(PACKED), validate=True)).decode()
        request = json.loads(text)
    except (binascii.Error, OSError, EOFError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"no request of renderjob: {error}") from None
    if not isinstance(request, dict):
        raise ValueError("no request of renderjob: not an object")  # noqa: TRY004
    return request
