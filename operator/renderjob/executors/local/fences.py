"""Fences: the directories in which attempts write, each in its own, until what they wrote is moved up.

`<output.path>/.renderjob/<job>-<digest>/<attempt id>`. A renderer that writes to output.path itself, by a name of
its own, is not fenced: its files are found where they lie.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from renderjob.api import OnEdit, RenderJob, frames_of
from renderjob.core import Attempt, Kind, digest_of
from renderjob.frames import EMPTY, FilePattern, FrameSet
from renderjob.outputs import Held, Ranking, Survey, survey
from renderjob.outputs import publish as publish_files
from renderjob.workload import ROOT, can_be_fenced, chunk_file, fence_name, short_hash

from .mounts import output_directory

_ENDED = ".ended"
"""Ends the name of a directory whose attempt is over: by its own path nobody finds it any more."""

_PLACES = "outputs"
"""The file that names the output directories in which attempts of a job have written."""

_TRIES = 5

_ROUNDS = 40
"""How often as much as may be removed at once is removed."""


def fence_of(job: RenderJob, attempt: Attempt) -> Path | None:
    """Where an attempt writes; None: to output.path itself."""
    output = output_directory(job)
    if output is None or attempt.kind is not Kind.RENDER:
        return None
    if job.spec.output is None or job.spec.output.fenced is False:
        return None
    if not can_be_fenced(job, attempt.frames, chunk=attempt.chunk, chunks=attempt.chunks):
        return None
    return output / ROOT / fence_name(job, digest_of(job.spec, job.status)) / str(attempt.id)


def make(job: RenderJob, attempt: Attempt, fence: Path) -> None:
    """Make an attempt's directory, empty but for the sub-directory of its files, which most renderers do not make.

    Raises:
        OSError: it can't be made.
    """
    output = job.spec.output
    own = chunk_file(job, attempt.frames, chunk=attempt.chunk, chunks=attempt.chunks)
    files = (output.patterns if output else ()) or (own or "",)
    remove_all(fence)
    for left in reversed(range(_TRIES)):
        try:
            for file in files:
                (fence / file).parent.mkdir(parents=True, exist_ok=True)
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
    return job.spec.on_edit is OnEdit.KEEP or fence.parent.name == fence_name(
        job, digest_of(job.spec, job.status)
    )


def look_into(fence: Path) -> Survey:
    """What an attempt has left in its directory; nothing where there is none.

    Raises:
        OSError: it can't be read.
    """
    try:
        with Held.open(fence) as directory:
            return survey(directory)
    except (FileNotFoundError, NotADirectoryError):
        return Survey()


def publish(job: RenderJob, attempt: Attempt, fence: Path, kept: FrameSet) -> tuple[FrameSet, str]:
    """Move up what an attempt has left, of its frames those that count.

    Returns the frames whose files turned out to be none, and what else was not moved up, and why.

    Raises:
        OSError: it can't be moved.
    """
    output = output_directory(job)
    if output is None or not fence.is_dir():
        return EMPTY, ""
    with Held.open(fence) as source, Held.open(output) as target:
        found = survey(source)
        files, ranking = _files(job, attempt, kept, found)
        # The renderer is the user's own program on the user's own machine: links of theirs are followed.
        spoiled = publish_files(source, target, found, list(files), ranking, follow=True)
    return FrameSet.union_of(files[name] for name in spoiled), str(found)


def unmoved(job: RenderJob, attempt: Attempt, fence: Path, kept: FrameSet) -> FrameSet:
    """Of the frames that count, those whose files still lie in the attempt's directory."""
    files, _ = _files(job, attempt, kept, look_into(fence))
    return FrameSet.union_of(files.values())


def _files(
    job: RenderJob, attempt: Attempt, kept: FrameSet, found: Survey
) -> tuple[dict[str, FrameSet], Ranking]:
    """The files of frames that are kept and are there, each with its frames, and what names mean to the job."""
    output = job.spec.output
    file = chunk_file(job, attempt.frames, chunk=attempt.chunk, chunks=attempt.chunks)
    patterns = [FilePattern(text) for text in output.patterns] if output is not None and file is None else []
    least = output.min_bytes if output is not None else 1
    ranking = Ranking(patterns, () if file is None else (file,), frames_of(job.spec.frames), least)
    if file is not None:
        return ({file: kept} if kept and file in found.files else {}), ranking
    files: dict[str, FrameSet] = {}
    for pattern in patterns:
        written = found.frames(pattern)
        files |= {name: FrameSet((frame,)) for frame, name in written.items() if frame in kept}
    return files, ranking


def remove(fence: Path) -> None:
    """Remove an attempt's directory, and those above it that are empty then."""
    remove_all(fence)
    with suppress(OSError):
        fence.parent.rmdir()
        fence.parent.parent.rmdir()


def remove_all(directory: Path) -> None:
    """Remove a directory and all that is in it, as far as that goes, however much and however deep it is."""
    with suppress(FileNotFoundError, NotADirectoryError), Held.open(directory.parent) as parent:
        for _ in range(_ROUNDS):
            if parent.remove(directory.name):
                return


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
                    remove_all(fence)
            else:
                remove_all(group)
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
