"""What the API server refuses is asked for again in growing pauses, and remembered in its words."""

from __future__ import annotations

import pytest

from renderjob.core import Refusal
from renderjob.executors.kubernetes.diagnosis.refusals import Refusals, refusal_of
from renderjob.kube import ApiError

WHY = Refusal("QuotaExceeded", "exceeded quota")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_pauses_grow_up_to_a_minute():
    clock = Clock()
    refusals = Refusals(clock)
    pauses = [refusals.refused("a", WHY) for _ in range(8)]
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
    assert refusals.waits("a")
    assert not refusals.waits("b")
    clock.now = 61
    assert not refusals.waits("a")
    assert refusals.of("a") == WHY


def test_it_stands_until_something_was_accepted():
    refusals = Refusals(Clock())
    refusals.refused("a", WHY)
    assert refusals.accepted("a")
    assert refusals.of("a") is None
    assert not refusals.accepted("a")


def test_room_ends_the_pause_but_not_the_refusal():
    refusals = Refusals(Clock())
    refusals.refused("a", WHY)
    refusals.ask_again("a")
    assert not refusals.waits("a")
    assert refusals.of("a") == WHY


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (403, 'jobs.batch "x" is forbidden: exceeded quota: small', "QuotaExceeded"),
        (403, 'User "op" cannot create resource "jobs"', "Forbidden"),
        (422, "spec.template.spec.containers[0].image: Required value", "InvalidTemplate"),
        (400, "unknown field", "InvalidTemplate"),
        (404, 'namespaces "gone" not found', "NamespaceGone"),
    ],
)
def test_a_refusal_keeps_the_servers_words(status, message, reason):
    refusal = refusal_of(ApiError(status, "Whatever", message))
    assert refusal.reason == reason
    assert message in refusal.message
