"""Fences: the directories in which attempts write, each in its own, until what they wrote is moved up.

`<output.path>/.renderjob/<job>-<digest>/<attempt id>`. A renderer that writes to output.path itself, by a name of
its own, is not fenced: its files are found where they lie.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from renderjob.api import OnEdit, RenderJob
from renderjob.core import Attempt, Kind, render_digest
from renderjob.frames import FilePattern, FrameSet
from renderjob.media import publish as publish_files
from renderjob.workload import ROOT, can_be_fenced, chunk_file, fence_name, short_hash

from .mounts import output_directory

_ENDED = ".ended"
"""Ends the name of a directory whose attempt is over: by its own path nobody finds it any more."""

_PLACES = "outputs"
"""The file that names the output directories in which attempts of a job have written."""

_TRIES = 5


def fence_of(job: RenderJob, attempt: Attempt) -> Path | None:
    """Where an attempt writes; None: to output.path itself."""
    output = output_directory(job)
    if output is None or attempt.kind is not Kind.RENDER:
        return None
    if job.spec.output is None or job.spec.output.fenced is False:
        return None
    if not can_be_fenced(job, attempt.frames, chunk=attempt.chunk, chunks=attempt.chunks):
        return None
    return output / ROOT / fence_name(job, render_digest(job.spec)) / str(attempt.id)


def make(job: RenderJob, attempt: Attempt, fence: Path) -> None:
    """Make an attempt's directory, empty but for the sub-directory of its files, which most renderers do not make.

    Raises:
        OSError: it can't be made.
    """
    output = job.spec.output
    file = (output.file if output else None) or chunk_file(
        job, attempt.frames, chunk=attempt.chunk, chunks=attempt.chunks
    )
    if fence.exists():
        shutil.rmtree(fence)
    for left in reversed(range(_TRIES)):
        try:
            (fence / (file or "")).parent.mkdir(parents=True, exist_ok=True)
            fence.mkdir(exist_ok=True)
        except (FileNotFoundError, FileExistsError):
            # Another attempt has ended just now, and took the empty directory above away.
            if not left:
                raise
        else:
            return


def close(fence: Path) -> Path:
    """End the use of an attempt's directory: whatever still writes to it finds it gone. Returns where it is."""
    ended = fence.with_name(fence.name.removesuffix(_ENDED) + _ENDED)
    with suppress(FileNotFoundError):
        fence.replace(ended)
    return ended


def is_current(job: RenderJob, fence: Path) -> bool:
    """Whether what an attempt was told to render is still what the job asks for."""
    return job.spec.on_edit is OnEdit.KEEP or fence.parent.name == fence_name(job, render_digest(job.spec))


def publish(job: RenderJob, attempt: Attempt, fence: Path, kept: FrameSet) -> None:
    """Move up what an attempt has left, of its frames those that count.

    Raises:
        OSError: it can't be moved.
    """
    output = output_directory(job)
    if output is not None and fence.is_dir():
        files, is_frame = _files(job, attempt, kept)
        publish_files(fence, output, list(dict.fromkeys(files.values())), is_frame)


def unmoved(job: RenderJob, attempt: Attempt, fence: Path, kept: FrameSet) -> FrameSet:
    """Of the frames that count, those whose files still lie in the attempt's directory."""
    files, _ = _files(job, attempt, kept)
    return FrameSet(frame for frame, name in files.items() if os.path.lexists(fence / name))


def _files(job: RenderJob, attempt: Attempt, kept: FrameSet) -> tuple[dict[int, str], Callable[[str], bool]]:
    """The file of each frame that is kept, and what tells a file of a frame."""
    file = chunk_file(job, attempt.frames, chunk=attempt.chunk, chunks=attempt.chunks)
    if file is not None:
        return dict.fromkeys(kept, file), lambda name: name == file
    if job.spec.output is None or job.spec.output.file is None:
        return {}, lambda _: False
    pattern = FilePattern(job.spec.output.file)
    return {frame: pattern.name(frame) for frame in kept}, lambda name: pattern.match(name) is not None


def remove(fence: Path) -> None:
    """Remove an attempt's directory, and those above it that are empty then."""
    shutil.rmtree(fence, ignore_errors=True)
    with suppress(OSError):
        fence.parent.rmdir()
        fence.parent.parent.rmdir()


def left_over(job: RenderJob) -> dict[int, Path]:
    """The directories of attempts that nobody has looked into, by the attempts' ids."""
    groups = _groups(job, output_directory(job))
    return {int(fence.name.removesuffix(_ENDED)): fence for group in groups for fence in _in(group)}


def remember(job: RenderJob, notes: Path) -> None:
    """Note where attempts of a job write, so that they are found after output.path, or a mount, was edited.

    Args:
        job: of which an attempt is about to start.
        notes: a directory for files of ours.

    Raises:
        OSError: it can't be noted.
    """
    places = _remembered(notes)
    place = str(output_directory(job))
    if place not in places:
        notes.mkdir(parents=True, exist_ok=True)
        with (notes / _PLACES).open("a") as file:
            file.write(f"{json.dumps(place)}\n")


def sweep(job: RenderJob, notes: Path, kept: Collection[Path] = ()) -> None:
    """Remove all directories of a job of which nothing runs, wherever its output was, but for those `kept`."""
    for output in {output_directory(job), *map(Path, _remembered(notes))}:
        groups = _groups(job, output)
        for group in groups:
            if any(fence.parent == group for fence in kept):
                for fence in set(_in(group)) - set(kept):
                    shutil.rmtree(fence, ignore_errors=True)
            else:
                shutil.rmtree(group, ignore_errors=True)
        if groups:
            with suppress(OSError):
                groups[0].parent.rmdir()


def _remembered(notes: Path) -> list[str]:
    with suppress(OSError, ValueError):
        return [str(json.loads(line)) for line in (notes / _PLACES).read_text().splitlines()]
    return []


def _groups(job: RenderJob, output: Path | None) -> list[Path]:
    if output is None:
        return []
    try:
        ours = f"{short_hash(job.metadata.uid)}-"
        there = [each for each in (output / ROOT).iterdir() if each.name.startswith(ours)]
        return [each for each in there if each.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _in(group: Path) -> list[Path]:
    # What is over comes last, and counts: a directory that somebody made once more is nobody's.
    there = [each for each in group.iterdir() if each.name.removesuffix(_ENDED).isdecimal()]
    return sorted(there, key=lambda each: each.name.endswith(_ENDED))
