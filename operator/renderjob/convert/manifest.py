"""From a JobSpec to a manifest: one template where it reproduces every command, listed chunks otherwise."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from renderjob.api import API_VERSION, GROUP, KIND
from renderjob.frames import FrameSet
from renderjob.manifest import problems_of

from .chunk import SourceChunk
from .errors import ConvertError
from .jobspec import JobSpec, read_jobspec
from .names import job_name
from .outputs import below, directory_and_files
from .pattern import CHUNK, COUNT, END, START, common_pieces, names_in, rendered, variables, with_count
from .verify import reproduces
from .words import escaped

PLACEHOLDER_IMAGE = "REPLACE-ME"
"""Not a valid image name, on purpose: a pod says so at once, and nothing is pulled by accident."""


def convert_jobspec(data: object, *, name: str | None = None) -> dict[str, Any]:
    """The RenderJob manifest of a Helios JobSpec, ready to be written as YAML.

    Chunks whose commands differ only by frame numbers become one template; others are listed as they are.
    Either way every chunk runs its own command and writes its own file, which is verified here. The images
    are placeholders: a JobSpec names none.

    Args:
        data: the JobSpec, as `json.load` gives it.
        name: the job's name; the JobSpec's id where it is None.

    Raises:
        ConvertError: with every problem that was found.
    """
    source = read_jobspec(data)
    given = name if name is not None else source.id
    if given is None:
        raise ConvertError("id: missing; accepted: a name for the job, here or as an option")
    base = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": job_name(given), "annotations": _annotations(source)},
    }
    merge = _merge(source)
    try:
        spec = _as_template(source)
        if spec is not None and reproduces(manifest := {**base, "spec": spec | merge}, source):
            return manifest
        manifest = {**base, "spec": _as_listed(source) | merge}
        if reproduces(manifest, source):
            return manifest
    except ValidationError as error:
        raise ConvertError(*(str(problem) for _, problem in problems_of(error))) from None
    raise ConvertError("the chunks can't be expressed: their commands would not come out as they are")


def _annotations(source: JobSpec) -> dict[str, str]:
    notes = {f"{GROUP}/{key}": value for key, value in source.notes.items()}
    return {f"{GROUP}/converted-from": f"Helios JobSpec {source.id or ''}".strip(), **notes}


def _pod(name: str, command: list[str]) -> dict[str, Any]:
    container: dict[str, Any] = {"name": name, "image": PLACEHOLDER_IMAGE}
    if command:
        container["command"] = command
    return {"spec": {"containers": [container]}}


def _merge(source: JobSpec) -> dict[str, Any]:
    if source.merge is None:
        return {}
    merge: dict[str, Any] = {"template": _pod("merge", [escaped(word) for word in source.merge])}
    if file := _merged_file(source):
        merge["output"] = file
    return {"merge": merge}


def _merged_file(source: JobSpec) -> str | None:
    """The file that `helios merge FILE PART …` writes, below the chunks' directory: status.result tells of it."""
    if source.merge is None or source.merge[:2] != ("helios", "merge") or len(source.merge) < 3:
        return None
    file, (directory, _) = source.merge[2], directory_and_files(source.chunks)
    return below(directory, file) if directory and not file.startswith("-") else None


def _frames(source: JobSpec) -> str:
    return str(FrameSet.union_of([chunk.frames for chunk in source.chunks]))


def _as_template(source: JobSpec) -> dict[str, Any] | None:
    """The spec with one template and `chunks.size`, where there is one that may fit."""
    chunks = sorted(source.chunks, key=lambda chunk: chunk.start)
    # One chunk's numbers can't be told from its other words.
    if len(chunks) == 1 or len({len(chunk.command) for chunk in chunks}) != 1:
        return None
    values = variables(chunks)
    words = []
    for column in zip(*(chunk.command for chunk in chunks), strict=True):
        pieces = common_pieces(column, values)
        if pieces is None:
            return None
        words.append(pieces)
    words = with_count(words, values)
    output = _template_output(chunks)
    if output is None:
        return None
    used = names_in(words)
    # Without a file, a chunk may be rendered in part: its command must be able to say which part.
    if not output and not (START in used and used & {END, COUNT}):
        return None
    return {
        "frames": _frames(source),
        "chunks": {"size": chunks[0].count},
        "template": _pod("render", [rendered(pieces) for pieces in words]),
        **output,
    }


def _template_output(chunks: list[SourceChunk]) -> dict[str, Any] | None:
    """`output` with a pattern for the chunks' files; {} without files, None where there is no pattern."""
    directory, files = directory_and_files(chunks)
    named = [file for file in files if file is not None]
    if not named:
        return {}
    pieces = common_pieces(named, variables(chunks)) if len(named) == len(files) else None
    if pieces is None or not names_in([pieces]) & {START, END, CHUNK}:
        return None
    return {"output": {"path": directory, "chunkFile": rendered(pieces)}}


def _as_listed(source: JobSpec) -> dict[str, Any]:
    """The spec with the JobSpec's own chunks, in its own order."""
    directory, files = directory_and_files(source.chunks)
    listed = []
    for chunk, file in zip(source.chunks, files, strict=True):
        entry: dict[str, Any] = {
            "frames": str(chunk.frames),
            "command": [escaped(word) for word in chunk.command],
        }
        listed.append(entry | ({"output": file} if file is not None else {}))
    spec = {"frames": _frames(source), "chunks": {"explicit": listed}, "template": _pod("render", [])}
    return spec | ({"output": {"path": directory}} if directory else {})
