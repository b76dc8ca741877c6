"""Looking back at an attempt that has ended: which of its frames are there, and moving them up; blocks."""

from __future__ import annotations

from contextlib import suppress

from renderjob.api import RenderJob
from renderjob.frames import EMPTY, FrameSet
from renderjob.outputs import Survey

from . import fences, outputs
from .attempt import LocalAttempt
from .closer import disk_trouble, look_closer
from .mounts import output_directory

_CLOCK_GRAIN = 0.05
"""Seconds by which a file's time may lie before the clock's: file systems use a coarser clock."""


def verify(job: RenderJob, local: LocalAttempt) -> None:
    """Note which of its frames are missing, and let nobody write to its own directory any more.

    Raises:
        OSError: the output can't be looked at.
    """
    directory, attempt = output_directory(job), local.attempt
    if local.fence is not None:
        local.fence = fences.close(local.fence)
        if not fences.is_current(job, local.fence):
            local.missing = attempt.frames
            return
    own = fences.look_into(local.fence) if local.fence is not None else None
    since = local.since - _CLOCK_GRAIN
    if local.exit_code == 0:
        local.missing = outputs.missing_after_success(job, attempt, directory, own)
        if local.missing is not None and local.reader.frames_unsaved:
            # The file is there, cut short where the disk was full, and the renderer may say no more of it.
            local.missing |= attempt.frames & FrameSet(local.reader.frames_unsaved)
    else:
        local.missing = _after_failure(job, local, own, since)
    if directory is None or job.spec.output is None:
        return
    look_closer(job, local, directory, since)
    if local.exit_code != 0 or local.missing:
        local.disk = disk_trouble(job.spec.output, local, directory)
    if local.disk and local.exit_code == 0:
        # What did not fit was cut short, and a renderer that does not look says nothing of it.
        local.missing = (local.missing or EMPTY) | (_after_failure(job, local, own, since) or EMPTY)


def _after_failure(job: RenderJob, local: LocalAttempt, own: Survey | None, since: float) -> FrameSet | None:
    return outputs.missing_after_failure(
        job,
        local.attempt,
        output_directory(job),
        since=since,
        confirmed=local.frames_done,
        own=own,
    )


def publish(job: RenderJob, local: LocalAttempt) -> None:
    """Move up what it has left in its own directory, and remove that.

    Raises:
        OSError: it can't be moved.
    """
    if local.fence is None:
        return
    if fences.is_current(job, local.fence):
        spoiled, left = fences.publish(job, local.attempt, local.fence, _kept(local))
        if spoiled:
            local.missing = spoiled | (local.missing or EMPTY)
        if left:
            _tell(local, f"not moved up from {local.fence}: {left}")
    fences.remove(local.fence)


def publish_or_tell(job: RenderJob, local: LocalAttempt) -> None:
    """The same; what can't be moved counts as missing, stays where it is, and is told of in the attempt's log."""
    try:
        publish(job, local)
    except OSError as error:
        left = (
            fences.unmoved(job, local.attempt, local.fence, _kept(local))
            if local.fence is not None
            else EMPTY
        )
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
