"""The ways to put a result together: what the rest of the program asks of each, and which one a manifest chooses.

A new one is a field of `MergeSpec`, a function here and a line in `BACKENDS`; what it runs, if it is ours, is a request
of `workload/requests.py` that `renderjob merge` reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from .merge import MergeSpec


@dataclass(frozen=True, slots=True)
class MergeBackend:
    """A way to merge."""

    file: str
    """What it writes, as far as the manifest says; below output.path unless it is absolute."""
    ours: bool
    """`renderjob merge` does it, with this program's image; else a pod of the user's."""
    tried_early: bool
    """The first frames tell whether it can be made."""


def _ffmpeg(merge: MergeSpec) -> MergeBackend | None:
    """The built-in merge."""
    return MergeBackend(merge.ffmpeg.file, ours=True, tried_early=True) if merge.ffmpeg is not None else None


def _template(merge: MergeSpec) -> MergeBackend | None:
    """A pod of the user's own, of which nobody knows more than the file that it is said to write."""
    return MergeBackend(merge.output, ours=False, tried_early=False) if merge.template is not None else None


BACKENDS: Final[Mapping[str, Callable[[MergeSpec], MergeBackend | None]]] = {
    "ffmpeg": _ffmpeg,
    "template": _template,
}
"""By the field of spec.merge that chooses it: what it makes of the field, if that is set."""


def backend_of(merge: MergeSpec | None) -> MergeBackend | None:
    """The way that a manifest chooses; None: nothing is merged."""
    if merge is None:
        return None
    return next((found for make in BACKENDS.values() if (found := make(merge)) is not None), None)


def built_in(merge: MergeSpec | None) -> MergeBackend | None:
    """The way that a manifest chooses, if it is ours; None: nothing is merged, or by a pod of the user's."""
    backend = backend_of(merge)
    return backend if backend is not None and backend.ours else None
