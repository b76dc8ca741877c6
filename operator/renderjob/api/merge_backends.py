"""The ways to put a result together: what the rest of the program asks of each, and which one a manifest chooses.

A new one is a field of `MergeSpec`, a function here and a line in `BACKENDS`; what it runs, if it is ours, is a request
of `workload/requests.py` that `renderjob merge` reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from .base import ApiModel
from .merge import MergeSpec
from .template import PodTemplate

RATE: Final = "24"
"""Frames a second of a film of which nothing says more."""


@dataclass(frozen=True, slots=True)
class MergeBackend:
    """A way to merge."""

    file: str
    """What it writes, as far as the manifest says; below output.path unless it is absolute."""
    words: str
    """What it does, to go on from what is joined; of a pod of the user's own all that is to be said."""
    tried_early: bool = False
    """The first frames tell whether it can be made."""
    options: ApiModel | None = None
    """What decides its result, beside the frames."""
    template: PodTemplate | None = None
    """The pod of the user's that does it; None: `renderjob merge` does, with this program's image."""
    rate: str = RATE
    """Frames a second of the film, as far as anybody knows."""
    layer: str = ""
    """Of multi-layer EXR: the layer that is shown."""

    @property
    def ours(self) -> bool:
        """`renderjob merge` does it."""
        return self.template is None


def _ffmpeg(merge: MergeSpec) -> MergeBackend | None:
    """The built-in merge."""
    ours = merge.ffmpeg
    if ours is None:
        return None
    how = "joined without encoding again" if ours.codec == "copy" else f"encoded as {ours.codec}"
    return MergeBackend(
        ours.file,
        f"{how} into {ours.file}",
        tried_early=True,
        options=ours,
        rate=ours.fps,
        layer=ours.layer,
    )


def _template(merge: MergeSpec) -> MergeBackend | None:
    """A pod of the user's own, of which nobody knows more than the file that it is said to write."""
    if merge.template is None:
        return None
    file = f", which writes {merge.output}" if merge.output else ""
    return MergeBackend(merge.output, f"a command of your own{file}", template=merge.template)


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
