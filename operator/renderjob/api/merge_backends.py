"""The ways to put a result together: what the rest of the program asks of each, and which one a manifest chooses.

A new one is a field of `MergeSpec`, a class here and a line in `BACKENDS`; what it runs, if it is ours, is a request
of `workload/requests.py` that `renderjob merge` reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from .merge import FFmpegMerge, MergeSpec


class MergeBackend(Protocol):
    """A way to merge."""

    @property
    def file(self) -> str:
        """What it writes, as far as the manifest says; below output.path unless it is absolute."""

    @property
    def ours(self) -> bool:
        """`renderjob merge` does it, with this program's image; else a pod of the user's."""

    @property
    def tried_early(self) -> bool:
        """The first frames tell whether it can be made."""


@dataclass(frozen=True, slots=True)
class FFmpegBackend:
    """The built-in merge."""

    merge: FFmpegMerge
    ours: bool = True
    tried_early: bool = True

    @property
    def file(self) -> str:
        """The video."""
        return self.merge.file


@dataclass(frozen=True, slots=True)
class TemplateBackend:
    """A pod of the user's own, of which nobody knows more than the file that it is said to write."""

    file: str
    ours: bool = False
    tried_early: bool = False


BACKENDS: Final[Mapping[str, Callable[[MergeSpec], MergeBackend | None]]] = {
    "ffmpeg": lambda merge: FFmpegBackend(merge.ffmpeg) if merge.ffmpeg is not None else None,
    "template": lambda merge: TemplateBackend(merge.output) if merge.template is not None else None,
}
"""By the field of spec.merge that chooses it: what it makes of the field, if that is set."""


def backend_of(merge: MergeSpec | None) -> MergeBackend | None:
    """The way that a manifest chooses; None: nothing is merged."""
    if merge is None:
        return None
    return next((found for make in BACKENDS.values() if (found := make(merge)) is not None), None)
