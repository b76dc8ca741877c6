"""How many pods of an attempt were disrupted and are not there any more: an evicted pod goes within a second."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from renderjob.core.inflight import InFlight

from .views import PodView


@dataclass(slots=True)
class _Tally:
    gone: int = 0
    """Disrupted pods that went while we looked."""
    earlier: int | None = None
    """Those that went before, when another process counted them; None until it is known."""


class Vanished:
    """Counts for attempts in flight; of others nothing is kept."""

    def __init__(self) -> None:
        self._tallies: dict[str, dict[int, _Tally]] = {}
        """By the RenderJob's uid and the attempt's id; only for attempts of which a pod was disrupted."""

    def went(self, pod: PodView) -> None:
        """A pod was removed."""
        if pod.disrupted:
            self._tally(pod.owner, pod.attempt_id).gone += 1

    def of(self, uid: str, attempt: InFlight, pods: Sequence[PodView]) -> int:
        """How many disrupted pods of an attempt are not among `pods`, all those that are there."""
        tally = self._tallies.get(uid, {}).get(attempt.id)
        if tally is None:
            if not attempt.lost:
                return 0
            tally = self._tally(uid, attempt.id)
        if tally.earlier is None:
            seen = tally.gone + sum(pod.disrupted for pod in pods)
            tally.earlier = max(0, attempt.lost - seen)
        return tally.earlier + tally.gone

    def keep(self, uid: str, ids: Collection[int]) -> None:
        """Of a RenderJob only these attempts are in flight: forget the others."""
        tallies = self._tallies.get(uid)
        if tallies is None:
            return
        for id_ in [id_ for id_ in tallies if id_ not in ids]:
            del tallies[id_]
        if not tallies:
            del self._tallies[uid]

    def _tally(self, uid: str, id_: int) -> _Tally:
        return self._tallies.setdefault(uid, {}).setdefault(id_, _Tally())
