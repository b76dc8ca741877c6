"""What a merge has to say of itself, in a form that fits where a pod can leave it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from renderjob.frames import EMPTY, FrameSet

from .errors import (
    BadInputsError,
    FFmpegNotFoundError,
    MediaError,
    MergeError,
    PassingError,
    UnsupportedError,
)

MOST = 3800
"""Bytes of an answer; Kubernetes keeps 4096 of a termination message."""

_MOST_WORDS = 1500


@dataclass(frozen=True, slots=True)
class MergeAnswer:
    """Why a merge failed, and what follows from it; or what to know of one that succeeded."""

    message: str
    """For a person."""
    bad: FrameSet = EMPTY
    """Frames whose files can't be merged; rendered again, they may be."""
    refused: bool = False
    """However often it is tried, it fails."""

    @classmethod
    def of(cls, error: MediaError) -> MergeAnswer:
        """What an error means."""
        if isinstance(error, BadInputsError):
            return cls(str(error), bad=error.frames)
        refused = isinstance(error, MergeError | UnsupportedError | FFmpegNotFoundError)
        return cls(str(error), refused=refused and not isinstance(error, PassingError))

    def text(self, most: int = MOST) -> str:
        """JSON; of the frames so many, from the first on, as fit: the next merge finds the others."""
        bad, text = self.bad, ""
        while not text or len(text) > most:
            text = json.dumps(
                {"message": self.message[:_MOST_WORDS], "bad": str(bad), "refused": self.refused},
                separators=(",", ":"),
            )
            bad = bad.slice(0, max(1, len(bad) // 2))
        return text


def parse_merge_answer(text: str, among: FrameSet) -> MergeAnswer | None:
    """The answer in a text, of frames among those that were asked for; None when there is none: it died before.

    A text that is longer than an answer is none, and is not read.
    """
    if len(text) > MOST + 256 or not text.lstrip().startswith("{"):
        return None
    try:
        data = json.loads(text)
        message, bad, refused = data["message"], data["bad"], data["refused"]
        if not isinstance(message, str) or not isinstance(refused, bool):
            return None
        return MergeAnswer(message, FrameSet.parse_at_most(bad, len(among)) & among, refused)
    except (TypeError, KeyError, ValueError, RecursionError):
        return None
