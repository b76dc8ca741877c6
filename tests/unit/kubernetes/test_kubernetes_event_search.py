"""Jobs without pods: why is asked, rarely, and told in the Job controller's words."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from renderjob.executors.kubernetes.diagnosis.events import (
    FIRST_PAUSE,
    NO_POD,
    NO_START,
    PATIENCE,
    TURN,
    EventSearch,
    refusal_in,
)
from renderjob.executors.kubernetes.diagnosis.refusals import Refusals
from renderjob.executors.kubernetes.views import JobView, read_job_view
from renderjob.kube import UnreachableError
from support.virtual_time import in_virtual_time

QUOTA = 'Error creating: pods "shot-7-{}" is forbidden: exceeded quota: few, used: pods={}, limited: pods=2'


def now() -> datetime:
    return datetime.now(UTC)


def a_job(number: int = 1) -> JobView:
    meta = {
        "uid": f"job-{number}",
        "namespace": "film",
        "name": f"shot-{number}",
        "resourceVersion": "1",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": {"renderjob.dev/attempt-id": str(number)},
    }
    view = read_job_view({"metadata": meta})
    assert view is not None
    return view


class Events:
    """An API that has events for Jobs, by their uid."""

    def __init__(self) -> None:
        self.messages: dict[str, str] = {}
        self.away = False
        self.asked: list[tuple[float, str]] = []

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        assert path == "/api/v1/namespaces/film/events"
        _, _, uid = query["fieldSelector"].removesuffix(",reason=FailedCreate").partition("=")
        self.asked.append((asyncio.get_running_loop().time(), uid))
        if self.away:
            raise UnreachableError("no answer")
        message = self.messages.get(uid)
        about = {"reason": "FailedCreate"}
        old = {**about, "message": "older", "lastTimestamp": "2026-01-01T00:00:00Z"}
        new = {**about, "message": message, "lastTimestamp": "2026-01-01T00:00:09Z"}
        return {"items": [new, old] if message else []}


async def looked_at(
    search: EventSearch, uid: str, views: list[JobView], woken: list[str], seconds: float
) -> str:
    """Look whenever that is asked for; what is known in the end."""
    words = await search.why(uid, views)
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.25)
        while uid in woken:
            woken.remove(uid)
            words = await search.why(uid, views)
    return words


def test_a_young_job_is_given_time_and_one_with_a_pod_is_forgotten():
    async def scenario() -> None:
        events, woken = Events(), []
        search = EventSearch(events, woken.append, NO_POD, now)
        assert await search.why("a", [a_job()]) == ""
        await asyncio.sleep(PATIENCE - 1)
        assert await search.why("a", []) == ""
        await asyncio.sleep(2 * PATIENCE)
        assert (events.asked, woken) == ([], [])

    in_virtual_time(scenario())


def test_it_is_asked_in_growing_pauses_and_the_first_words_stand():
    async def scenario() -> None:
        events, woken = Events(), []
        search = EventSearch(events, woken.append, NO_POD, now)
        events.messages["job-1"] = QUOTA.format("aaaaa", 2)
        assert await looked_at(
            search, "a", [a_job()], woken, PATIENCE + 1
        ) == f"FailedCreate: {QUOTA}".format("aaaaa", 2)
        events.messages["job-1"] = QUOTA.format("bbbbb", 2)
        assert "aaaaa" in await looked_at(search, "a", [a_job()], woken, 100)
        times = [time for time, _ in events.asked]
        assert times[0] == pytest.approx(PATIENCE, abs=0.5)
        pauses = [b - a for a, b in pairwise(times)]
        assert pauses == pytest.approx([FIRST_PAUSE, 20, 40], abs=0.5)
        events.messages["job-1"] = QUOTA.format("ccccc", 1)
        assert "pods=1" in await looked_at(search, "a", [a_job()], woken, 60)

    in_virtual_time(scenario())


def test_of_one_whose_turn_is_still_to_come_nothing_is_asked_for_a_while():
    async def scenario(turn_comes: float) -> None:
        events, woken = Events(), []
        loop = asyncio.get_running_loop()
        search = EventSearch(events, woken.append, NO_POD, now, coming=lambda view: loop.time() < turn_comes)
        events.messages["job-1"] = QUOTA.format("aaaaa", 2)
        assert await looked_at(search, "a", [a_job()], woken, min(turn_comes, TURN) - 1) == ""
        assert events.asked == []
        assert "exceeded quota" in await looked_at(search, "a", [a_job()], woken, PATIENCE + 1)

    in_virtual_time(scenario(30))
    in_virtual_time(scenario(1000))


def test_many_renderjobs_take_turns_and_each_asks_about_its_oldest_job():
    async def scenario() -> None:
        events, woken = Events(), []
        search = EventSearch(events, woken.append, NO_POD, now)
        views = {f"rj-{n}": [a_job(10 * n), a_job(10 * n + 1)] for n in range(5)}
        async with asyncio.TaskGroup() as group:
            for uid, own in views.items():
                group.create_task(looked_at(search, uid, own, woken, PATIENCE + 8))
        assert sorted(uid for _, uid in events.asked) == [f"job-{10 * n}" for n in range(5)]
        times = sorted(time for time, _ in events.asked)
        assert all(later - sooner >= 0.99 for sooner, later in pairwise(times))

    in_virtual_time(scenario())


def test_an_api_that_is_away_says_nothing_and_is_asked_again():
    async def scenario() -> None:
        events, woken = Events(), []
        search = EventSearch(events, woken.append, NO_POD, now)
        events.away = True
        assert await looked_at(search, "a", [a_job()], woken, PATIENCE + 1) == ""
        events.away, events.messages["job-1"] = False, QUOTA.format("aaaaa", 2)
        assert "exceeded quota" in await looked_at(search, "a", [a_job()], woken, FIRST_PAUSE)

    in_virtual_time(scenario())


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (QUOTA, "QuotaExceeded"),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest"', "Forbidden"),
        ("Internal error occurred: failed calling webhook", None),
    ],
)
def test_only_what_somebody_must_do_something_about_is_a_refusal(words: str, reason: str | None):
    refusal = refusal_in(f"FailedCreate: {words}")
    assert (refusal.reason if refusal else None) == reason
    assert refusal is None or words in refusal.message


async def test_until_something_was_accepted_one_thing_is_asked_for_at_a_time():
    refusals = Refusals(lambda: 0.0)
    inside = most = 0

    async def ask() -> None:
        nonlocal inside, most
        async with refusals.asking("a"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(ask() for _ in range(5)))
    assert most == 1
    refusals.accepted("a")
    await asyncio.gather(*(ask() for _ in range(5)))
    assert most == 5
    refusals.edited("a")
    most = 0
    await asyncio.gather(*(ask() for _ in range(5)))
    assert most == 1


def test_of_a_pod_s_warnings_those_that_keep_it_from_starting_are_told_while_they_are_fresh():
    class Warnings:
        def __init__(self) -> None:
            self.items: list[dict[str, str]] = []

        async def get(self, path: str, **query: str) -> dict[str, Any]:
            assert query == {"fieldSelector": "involvedObject.uid=job-1,type=Warning"}
            return {"items": self.items}

    def warning(reason: str, message: str, age: float) -> dict[str, str]:
        when = datetime.now(UTC) - timedelta(seconds=age)
        return {"reason": reason, "message": message, "lastTimestamp": when.isoformat()}

    async def scenario() -> None:
        events, woken = Warnings(), []
        search = EventSearch(events, woken.append, NO_START, now)
        missing = 'MountVolume.SetUp failed for volume "key": secret "licence" not found'
        events.items = [warning("FailedMount", missing, 90), warning("Unhealthy", "readiness", 1)]
        words = await looked_at(search, "a", [a_job()], woken, PATIENCE + 1)
        assert words == f"FailedMount: {missing}"
        events.items = [warning("FailedMount", missing, 900), warning("Unhealthy", "readiness", 1)]
        assert await looked_at(search, "a", [a_job()], woken, FIRST_PAUSE + 1) == ""

    in_virtual_time(scenario())
