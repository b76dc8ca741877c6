"""What can go wrong with frames and videos, each with a sentence for the person who reads it."""

from __future__ import annotations

from renderjob.frames import FrameSet


class MediaError(Exception):
    """A picture or video could not be read, written or understood."""


class UnsupportedError(MediaError):
    """A file of a kind that ffmpeg does not read: rendered again in the same way, it would not be read either."""


class FFmpegNotFoundError(MediaError):
    """No ffmpeg on this machine."""


class MergeError(MediaError):
    """A merge that was refused or that failed; the frames, the chunks and an older result are untouched."""


class PassingError(MergeError):
    """A merge that failed and may succeed when it is tried again: ffmpeg ended, a file can't be written."""


class BadInputsError(MergeError):
    """Pictures or chunk videos that can't be merged, all of them: rendered again, they may be."""

    def __init__(self, message: str, frames: FrameSet) -> None:
        """`frames` are those whose files are bad."""
        super().__init__(message)
        self.frames = frames
