"""Attempts in flight, as the status holds them: written down before they start, in a few bytes each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from renderjob.frames import EMPTY, FrameSet
from renderjob.primitives import SizedCache

from . import memo
from .actions import Attempt, Kind, StopReason

_LETTERS = {Kind.MERGE: "m", Kind.VERIFY: "v", Kind.CHECK: "t", Kind.LOOK: "l"}
_KINDS = {letter: kind for kind, letter in _LETTERS.items()}
"""What stands in a chunk's place for what is no chunk."""


_NODE = re.compile("[-a-z0-9.]+")
"""What Kubernetes calls nodes."""

_OBJECT = 500
"""Bytes of an attempt beside its frames, more or less."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """An attempt that may be running."""

    id: int
    kind: Kind
    frames: FrameSet
    chunk: int
    number: int
    memory: int | None = None
    digest: str = ""
    """Of a merge: what it merges."""
    lost: int = 0
    """Disruptions of it that are counted already."""
    began: int = 0
    """Seconds since the epoch when it was first seen running; 0 before. Of a look: when it was asked for."""
    looked: int = 0
    """When the last look at its files was asked for; 0 without one."""
    wrote: int = 0
    """When it wrote the newest file that a look has found; 0 without one."""
    there: int = 0
    """Frames of it whose files a look has found: progress, and no more."""
    beside: FrameSet = EMPTY
    """Of a verification of fenced frames: ids of the attempts that were in flight when it began. Written down, so
    that it can be asked for again when others have ended meanwhile, whose frames it does not look for. Of a look:
    the attempts that it is about."""
    nodes: tuple[str, ...] = ()
    """Where earlier attempts at these frames failed."""
    signature: str = ""
    """How the last of them failed."""
    memories: tuple[tuple[str, int], ...] = ()
    """Bytes of memory of containers beside the renderer, by their names, where that was raised."""
    free: int = 0
    """Free failures of these frames in a row before it."""
    stop: StopReason | None = None
    """It was told to stop, and why."""
    _line: str = field(init=False, repr=False, compare=False, default="")
    """Its text, once somebody has asked for it; what `replace` makes has none."""

    def attempt(self, chunks: int, *, avoid: tuple[str, ...] = (), shun: tuple[str, ...] = ()) -> Attempt:
        """The attempt as an executor is told of it."""
        return Attempt(
            self.id,
            self.kind,
            self.frames,
            self.chunk,
            chunks,
            self.number,
            self.memory,
            avoid,
            shun,
            self.beside,
            self.memories,
        )

    def text(self) -> str:
        """`id chunk.attempt frames` and what else there is to know; `parse` reads it, and knows it from then on."""
        if not self._line:
            object.__setattr__(self, "_line", self._text())
            _known.put(self._line, self)
        return self._line

    def _text(self) -> str:
        chunk = _LETTERS.get(self.kind) or self.chunk
        extra = "".join(
            f" {name}={value}"
            for name, value in (
                ("memory", self.memory),
                ("digest", self.digest),
                ("lost", self.lost),
                ("began", self.began),
                ("looked", self.looked),
                ("wrote", self.wrote),
                ("there", self.there),
                ("beside", self.beside),
                ("nodes", self.nodes and ",".join(filter(_NODE.fullmatch, self.nodes))),
                ("signature", self.signature),
                ("others", ",".join(f"{name}:{count}" for name, count in self.memories)),
                ("free", self.free),
                ("stop", self.stop),
            )
            if value
        )
        return f"{self.id} {chunk}.{self.number} {memo.write(self.frames)}{extra}"


_known: SizedCache[str, InFlight] = SizedCache(
    4 << 20, lambda text, attempt: 2 * len(text) + attempt.frames.nbytes + _OBJECT
)


def parse(text: str) -> InFlight:
    """The attempt that a line of `status.inFlight` speaks of."""
    known = _known.get(text)
    return known if known is not None else _known.put(text, _parse(text))


def _parse(text: str) -> InFlight:
    id_, name, frames, *extra = text.split(" ")
    chunk, _, number = name.partition(".")
    options = dict(word.split("=", 1) for word in extra)
    return InFlight(
        id=int(id_),
        kind=_KINDS.get(chunk, Kind.RENDER),
        frames=memo.read(frames),
        chunk=0 if chunk in _KINDS else int(chunk),
        number=int(number),
        memory=int(options["memory"]) if "memory" in options else None,
        digest=options.get("digest", ""),
        lost=int(options.get("lost", 0)),
        began=int(options.get("began", 0)),
        looked=int(options.get("looked", 0)),
        wrote=int(options.get("wrote", 0)),
        there=int(options.get("there", 0)),
        beside=FrameSet.parse(options["beside"]) if "beside" in options else EMPTY,
        nodes=tuple(options["nodes"].split(",")) if "nodes" in options else (),
        signature=options.get("signature", ""),
        memories=tuple(_memories(options.get("others", ""))),
        free=int(options.get("free", 0)),
        stop=StopReason(options["stop"]) if "stop" in options else None,
    )


def _memories(text: str) -> Iterator[tuple[str, int]]:
    for word in text.split(",") if text else ():
        name, _, count = word.partition(":")
        yield name, int(count)
