"""Why an event is recorded, beside the reasons of conditions, which are recorded as events when they begin to hold."""

from __future__ import annotations

from enum import StrEnum


class EventReason(StrEnum):
    """What happened to a job. docs/troubleshooting.md explains each."""

    STARTED = "Started"
    """The job begins."""
    RESUMED = "Resumed"
    """It goes on after a suspension or a cancel."""
    RETRIED = "Retried"
    """It runs again what failed."""
    RERENDERED = "Rerendered"
    """Frames are rendered once more, as spec.rerender asks."""
    NOTHING_TO_RERENDER = "NothingToRerender"
    """None of the frames that spec.rerender names is asked for."""
    EDITED = "Edited"
    """What decides the pixels was edited."""
    INPUTS_CHANGED = "InputsChanged"
    """A job that it depends on has rendered again what it was made from; a warning when it is kept all the same."""
    CHUNK_FAILED = "ChunkFailed"
    """An attempt at a chunk failed, and that is somebody's fault."""
    CHUNK_DISRUPTED = "ChunkDisrupted"
    """An attempt at a chunk ended for free."""
    CHUNK_SPLIT = "ChunkSplit"
    """A chunk that failed for good is tried in parts."""
    PASS_STARTED = "PassStarted"  # noqa: S105 (no password)
    """All retries of chunks are spent, and one of retries.perJob begins."""
    FRAMES_NOT_TRIED = "FramesNotTried"
    """Frames that need one that failed for good, in the order Sequential."""
    FRAMES_LOST = "FramesLost"
    """Rendered frames are not there any more."""
    FRAMES_ADOPTED = "FramesAdopted"
    """Frames were there already."""
    FRAMES_KEPT = "FramesKept"
    """An attempt had finished frames before it died."""
    NODE_AVOIDED = "NodeAvoided"
    """The job failed too often on a node."""
    NODE_FORGIVEN = "NodeForgiven"
    """No other node fits: it gets chunks again."""
    SIDECAR_ENDED = "SidecarEnded"
    """A pod was ended whose renderer had ended long ago."""
    VERIFY_FAILED = "VerifyFailed"
    """An attempt at a verification failed."""
    MERGING = "Merging"
    """The merge starts."""
    MERGED = "Merged"
    """It succeeded."""
    MERGE_FAILED = "MergeFailed"
    """An attempt at it failed."""
    MERGE_NOTE = "MergeNote"
    """The first frames can be merged, and something is to be known of the video."""
    STATUS_REPAIRED = "StatusRepaired"
    """The status held what can't be read."""
    NOT_DONE = "NotDone"
    """Something of the job can't be done, again and again."""

    @property
    def warns(self) -> bool:
        """Whether its type is Warning: somebody should look."""
        return self in _WARNINGS


_WARNINGS = frozenset(
    {
        EventReason.NOTHING_TO_RERENDER,
        EventReason.CHUNK_FAILED,
        EventReason.PASS_STARTED,
        EventReason.FRAMES_NOT_TRIED,
        EventReason.FRAMES_LOST,
        EventReason.NODE_AVOIDED,
        EventReason.SIDECAR_ENDED,
        EventReason.VERIFY_FAILED,
        EventReason.MERGE_FAILED,
        EventReason.STATUS_REPAIRED,
        EventReason.NOT_DONE,
    }
)
