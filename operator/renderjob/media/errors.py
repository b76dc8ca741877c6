"""What can go wrong with frames and videos, each with a sentence for the person who reads it."""

from __future__ import annotations


class MediaError(Exception):
    """A picture or video could not be read, written or understood."""


class FFmpegNotFoundError(MediaError):
    """No ffmpeg on this machine."""


class MergeError(MediaError):
    """A merge that was refused or that failed; the frames, the chunks and an older result are untouched."""
