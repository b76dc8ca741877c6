"""Looking back at an attempt that has ended: which of its frames are there, and moving them up; blocks."""

from __future__ import annotations

from contextlib import suppress

from renderjob.api import OutputCheck, RenderJob, frames_of
from renderjob.frames import EMPTY, FilePattern, FrameSet
from renderjob.media import damaged
from renderjob.outputs import Ended, close, open_store, remove, unmoved
from renderjob.workload import chunk_file

from . import fences
from .attempt import LocalAttempt
from .mounts import output_directory

_CLOCK_GRAIN = 0.05
"""Seconds by which a file's time may lie before the clock's: file systems use a coarser clock."""


def verify(job: RenderJob, local: LocalAttempt) -> None:
    """Note which of its frames are missing, and let nobody write to its own directory any more.

    Raises:
        OSError: the output can't be looked at.
    """
    directory = output_directory(job)
    if local.fence is not None:
        local.fence = close(local.fence)
        if not fences.is_current(job, local.fence):
            local.missing = local.attempt.frames
            return
    if directory is not None:
        found = open_store(directory).verify_ended(_ended(job, local))
        local.missing, local.lacks, local.disk = found.missing, found.why, found.disk


def _ended(job: RenderJob, local: LocalAttempt) -> Ended:
    """What an attempt was to write, and what is known of its end."""
    output, attempt = job.spec.output, local.attempt
    if output is None:
        return Ended(attempt.frames, local.since, died=local.exit_code != 0)
    return Ended(
        attempt.frames,
        since=local.since - _CLOCK_GRAIN,
        died=local.exit_code != 0,
        patterns=tuple(FilePattern(text) for text in output.patterns),
        file=chunk_file(job, attempt.frames, chunk=attempt.chunk, chunks=attempt.chunks),
        min_bytes=output.min_bytes,
        check=damaged if output.check is OutputCheck.DECODE else None,
        finished=local.frames_done,
        unsaved=FrameSet(local.reader.frames_unsaved),
        own=local.fence,
        asked=frames_of(job.spec.frames),
    )


def publish(job: RenderJob, local: LocalAttempt) -> None:
    """Move up what it has left in its own directory, and remove that.

    Raises:
        OSError: it can't be moved.
    """
    directory = output_directory(job)
    if local.fence is None or directory is None:
        return
    if fences.is_current(job, local.fence):
        spoiled, left = open_store(directory).publish_ended(_ended(job, local), _kept(local))
        if spoiled:
            local.missing = spoiled | (local.missing or EMPTY)
        if left:
            _tell(local, f"not moved up from {local.fence}: {left}")
    remove(local.fence)


def publish_or_tell(job: RenderJob, local: LocalAttempt) -> None:
    """The same; what can't be moved counts as missing, stays where it is, and is told of in the attempt's log."""
    try:
        publish(job, local)
    except OSError as error:
        left = unmoved(_ended(job, local), _kept(local))
        local.missing = left | (local.missing or EMPTY)
        local.unmoved = True
        _tell(
            local,
            f"frames {left} are rendered, but can't be moved to {output_directory(job)} "
            f"({error.strerror}: {error.filename2 or error.filename}); they lie in {local.fence}",
        )


def _tell(local: LocalAttempt, words: str) -> None:
    """Say something in the attempt's own log."""
    with suppress(OSError), local.log.open("a") as log:
        log.write(f"\nrenderjob: {words}\n")
        local.told = True


def _kept(local: LocalAttempt) -> FrameSet:
    """The frames of an attempt that count."""
    return local.attempt.frames - local.missing if local.missing is not None else EMPTY
