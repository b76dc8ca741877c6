"""Pods that were disrupted are counted, though they are removed before anybody looks; of the rest nothing is kept."""

from __future__ import annotations

from datetime import UTC, datetime

from renderjob.core import Kind
from renderjob.core.inflight import InFlight
from renderjob.executors.kubernetes.children import DisruptedPods
from renderjob.executors.kubernetes.views import PodView
from renderjob.frames import FrameSet

UID = "renderjob"


def pod(*, disrupted: bool, attempt: int = 7) -> PodView:
    nothing = dict.fromkeys(("started", "finished"))
    words = dict.fromkeys(("uid", "namespace", "name", "version", "node", "reason", "message", "waiting"), "")
    return PodView(
        owner=UID,
        attempt_id=attempt,
        created=datetime(2026, 1, 1, tzinfo=UTC),
        phase="Failed",
        disrupted=disrupted,
        deleting=False,
        **nothing,  # type: ignore[arg-type]
        **words,
    )


def attempt(lost: int) -> InFlight:
    return InFlight(7, Kind.RENDER, FrameSet.parse("1-10"), 0, 1, lost=lost)


EVICTED, ENDED = pod(disrupted=True), pod(disrupted=False)


def test_those_that_went_are_added_to_those_that_are_there():
    disrupted = DisruptedPods()
    assert disrupted.of(UID, attempt(0), [EVICTED]) == 0
    disrupted.removed(EVICTED)
    assert disrupted.of(UID, attempt(1), [ENDED]) == 1, "counted when it was there"
    disrupted.removed(EVICTED)
    disrupted.removed(ENDED)
    assert disrupted.of(UID, attempt(1), []) == 2, "nobody saw the second"
    assert disrupted.of(UID, attempt(2), [EVICTED]) == 2, "and a third is there"


def test_what_another_process_counted_is_not_counted_again():
    disrupted = DisruptedPods()
    assert disrupted.of(UID, attempt(3), [EVICTED]) == 2, "the one that is there is one of the three"
    disrupted.removed(EVICTED)
    assert disrupted.of(UID, attempt(3), []) == 3
    disrupted.removed(EVICTED)
    assert disrupted.of(UID, attempt(3), []) == 4


def test_nothing_is_kept_of_an_attempt_that_is_not_in_flight():
    disrupted = DisruptedPods()
    disrupted.removed(EVICTED)
    disrupted.removed(pod(disrupted=True, attempt=8))
    disrupted.keep(UID, {7})
    assert disrupted.of(UID, attempt(0), []) == 1
    disrupted.keep(UID, ())
    assert vars(disrupted) == {"_tallies": {}}
