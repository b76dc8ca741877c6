"""Logs of running pods are followed for their progress: when it is time, as many as may be, to their last line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.waiting import patient
from renderjob.api import RenderJob
from renderjob.core import Kind
from renderjob.core.inflight import InFlight
from renderjob.executors.kubernetes import LogFollower
from renderjob.executors.kubernetes.logs import LiveLog, follow
from renderjob.executors.kubernetes.logs.follow import Share
from renderjob.executors.kubernetes.views import PodView
from renderjob.frames import FrameSet
from renderjob.kube import UnreachableError
from support.jobs import job


class Logs:
    """An API server that has only logs."""

    def __init__(self, *lines: bytes) -> None:
        self.lines = lines
        self.asked: list[str] = []

    async def stream(self, path: str, **_: Any) -> AsyncIterator[bytes]:
        self.asked.append(path)
        for line in self.lines:
            yield line
        await asyncio.Event().wait()


def pod(attempt: int = 1, ran: float = 60) -> PodView:
    started = datetime.now(UTC) - timedelta(seconds=ran)
    none = {"finished": None, "reason": "", "message": "", "waiting": ""}
    return PodView(
        uid=f"p{attempt}", namespace="film", name=f"pod-{attempt}", version="1", owner="uid-1", created=started,
        attempt_id=attempt, phase="Running", node="n1", started=started, disrupted=False, deleting=False, **none,
    )  # fmt: skip


def flight(id_: int = 1, kind: Kind = Kind.RENDER) -> InFlight:
    return InFlight(id_, kind, FrameSet.parse("1-10"), 0, 1)


def job_of(uid: str, **spec: Any) -> RenderJob:
    made = job(**spec)
    return made.model_copy(update={"metadata": made.metadata.model_copy(update={"uid": uid})})


JOB = job_of("uid-1")


async def seen(follower: LogFollower, fraction: float) -> None:
    async with asyncio.timeout(patient()):
        while (live := follower.of(JOB, flight(), [pod()])) is None or live.fraction < fraction:
            await asyncio.sleep(0.01)


async def test_the_last_line_of_a_burst_is_seen(monkeypatch):
    monkeypatch.setattr(follow, "TELL", 0.05)
    logs = Logs(*(f"openjd_progress: {percent}".encode() for percent in range(0, 91, 10)))
    told: list[str] = []
    async with LogFollower(logs) as follower:  # type: ignore[arg-type]
        follower.subscribe(told.append)
        await seen(follower, 0.9)
    assert set(told) == {"uid-1"}
    assert logs.asked == ["/api/v1/namespaces/film/pods/pod-1/log"]


class Away:
    """An API server that is away at first, then has a log to follow that says nothing, and then breaks off."""

    def __init__(self) -> None:
        self.tries = 0
        self.open, self.broken = asyncio.Event(), asyncio.Event()
        self.since: list[int | None] = []

    async def stream(
        self, path: str, *, opened: Callable[[], None] = lambda: None, **query: Any
    ) -> AsyncIterator[bytes]:
        self.tries += 1
        self.since.append(query["sinceSeconds"])
        if not self.open.is_set():
            raise UnreachableError("away")
        opened()
        await self.broken.wait()
        raise UnreachableError("it broke off")
        yield b""


async def test_nobody_is_called_silent_while_nobody_listens(monkeypatch):
    """An attempt counts as stalled only if it would have been heard, from when on it would have been."""
    monkeypatch.setattr(follow, "PAUSE", 0.01)
    server, told = Away(), list[str]()

    def live() -> LiveLog | None:
        return follower.of(JOB, flight(), [pod()])

    async with LogFollower(server) as follower, asyncio.timeout(patient()):  # type: ignore[arg-type]
        follower.subscribe(told.append)
        live()
        while server.tries < 3:
            assert (now := live()) is None or not now.connected
            await asyncio.sleep(0.001)
        assert told == []
        before = datetime.now(UTC)
        server.open.set()
        while not ((now := live()) and now.connected):
            await asyncio.sleep(0.001)
        assert now.active is not None
        assert now.active >= before, "it may have spoken before"
        assert told == ["uid-1"], "its silence is looked at from now on"
        server.broken.set()
        server.open.clear()
        while (now := live()) and now.connected:
            await asyncio.sleep(0.001)
        tries = server.tries
        while server.tries == tries:
            await asyncio.sleep(0.001)
    assert server.since[:3] == [None] * 3, "all of it is read"
    assert server.since[-1] is not None


async def test_logs_that_cannot_be_read_are_asked_for_ever_less_often(monkeypatch):
    """Up to 64 logs are followed: where a cluster gives none, asking for them must not keep it busy."""
    pauses, yielded = list[float](), asyncio.sleep

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await yielded(0)

    monkeypatch.setattr(follow.asyncio, "sleep", sleep)
    async with LogFollower(Away()) as follower:  # type: ignore[arg-type]
        follower.of(JOB, flight(), [pod()])
        async with asyncio.timeout(patient()):
            while len(pauses) < 8:
                await yielded(0)
    assert pauses[:5] == sorted(pauses[:5]), pauses
    assert pauses[0] <= follow.PAUSE
    assert follow.LONGEST_PAUSE / 2 <= pauses[-1] <= follow.LONGEST_PAUSE


async def test_a_young_attempt_and_a_merge_are_not_followed():
    logs = Logs(b"openjd_progress: 50")
    async with LogFollower(logs) as follower:  # type: ignore[arg-type]
        assert follower.of(JOB, flight(), [pod(ran=1)]) is None
        assert follower.of(JOB, flight(kind=Kind.MERGE), [pod()]) is None
        await asyncio.sleep(0)
        assert len(follower) == 0


async def test_no_more_than_so_many_are_followed_and_the_ended_make_room():
    async with LogFollower(Logs(), most=2) as follower:  # type: ignore[arg-type]
        for number in (1, 2, 3):
            follower.of(JOB, flight(number), [pod(number)])
        assert len(follower) == 2
        follower.keep("uid-1", {2, 3})
        follower.of(JOB, flight(3), [pod(3)])
        assert len(follower) == 2


class Printing(Logs):
    """Logs whose last line has the time that `last` gives."""

    def __init__(self, last: Callable[[], str]) -> None:
        super().__init__()
        self.last = last
        self.peeked: list[dict[str, Any]] = []

    async def text(self, path: str, **query: Any) -> str:
        self.peeked.append({"path": path, **query})
        return f"{self.last()} a line"


async def test_one_job_does_not_hold_all_places():
    hog, others = job_of("hog"), [job_of(f"other-{number}") for number in range(3)]
    async with LogFollower(Logs(), most=8) as follower:  # type: ignore[arg-type]

        def look() -> list[int]:
            """Everybody looks, the hog first. How many logs of each are followed."""
            for number in range(1, 21):
                follower.of(hog, flight(number), [pod(number)])
            for other in others:
                for number in range(1, 4):
                    follower.of(other, flight(number), [pod(number)])
            return [follower._places[each.metadata.uid] for each in (hog, *others)]

        look()
        assert look() == [2, 2, 2, 2]
        assert [look() for _ in range(3)] == [[2, 2, 2, 2]] * 3, "and it stays so: nobody takes it back"
        assert len(follower) == 8
        for other in others:
            follower.keep(other.metadata.uid, ())
        for number in range(1, 21):
            follower.of(hog, flight(number), [pod(number)])
        assert len(follower) == 8, "what nobody else wants it may have"


async def test_what_was_known_of_a_log_stays_known_when_it_gives_up_its_place():
    logs = Logs(b"openjd_progress: 50")
    async with LogFollower(logs, most=2) as follower:  # type: ignore[arg-type]
        for number in (1, 2):
            follower.of(JOB, flight(number), [pod(number)])
        async with asyncio.timeout(patient()):
            while (live := follower.of(JOB, flight(2), [pod(2)])) is None or live.fraction < 0.5:
                await asyncio.sleep(0.001)
        follower.of(job_of("other"), flight(), [pod()])
        live = follower.of(JOB, flight(2), [pod(2)])
        assert live is not None
        assert (live.fraction, live.connected) == (0.5, False), "its silence counts no more"
        assert follower.of(JOB, flight(2), []) == live, "nor is it forgotten when its pod has ended"
        follower.keep("uid-1", {1})
        assert follower.of(JOB, flight(2), []) is None


async def test_an_attempt_that_nobody_follows_and_that_says_nothing_is_found():
    logs, told = Printing(lambda: "2026-01-01T00:00:00.5Z"), list[str]()
    silent = job_of("silent", timeouts={"stall": "1s"})
    began = datetime.now(UTC)
    async with LogFollower(logs, most=0) as follower, asyncio.timeout(patient()):  # type: ignore[arg-type]
        follower.subscribe(told.append)
        assert follower.of(silent, flight(), [pod()]) is None
        while not told:
            await asyncio.sleep(0.01)
        live = follower.of(silent, flight(), [pod()])
    assert live is not None
    assert live.connected
    assert live.active is not None
    assert began <= live.active, (
        "of what was before the first look nobody knows, whatever the node's clock says"
    )
    assert datetime.now(UTC) - live.active >= timedelta(seconds=1)
    assert logs.peeked[0]["path"] == "/api/v1/namespaces/film/pods/pod-1/log"
    assert (logs.peeked[0]["tailLines"], logs.peeked[0]["limitBytes"]) == (1, 64), "however long the line is"


async def test_an_attempt_that_nobody_follows_and_that_prints_is_not_silent():
    lines = iter(range(10**9))
    logs, told = Printing(lambda: str(next(lines))), list[str]()
    talking = job_of("talking", timeouts={"stall": "1s"})
    async with LogFollower(logs, most=0) as follower, asyncio.timeout(patient()):  # type: ignore[arg-type]
        follower.subscribe(told.append)
        while len(logs.peeked) < 5:
            live = follower.of(talking, flight(), [pod()])
            assert live is None or not live.connected
            await asyncio.sleep(0.01)
        assert told == []
        follower.keep("talking", ())
        peeks = len(logs.peeked)
        await asyncio.sleep(1)
        assert len(logs.peeked) <= peeks + 1, "what has ended is not looked at"


async def test_without_a_stall_timeout_nobody_peeks():
    logs = Printing(lambda: "now")
    async with LogFollower(logs, most=0) as follower:  # type: ignore[arg-type]
        assert follower.of(JOB, flight(), [pod()]) is None
        await asyncio.sleep(0.01)
    assert logs.peeked == []


def test_a_log_that_costs_much_is_read_for_its_share_of_the_time():
    now = 0.0
    share = Share(0.1, 0.25, clock=lambda: now)
    assert share.spend("quiet", 0.01) == 0
    assert share.spend("loud", 0.25) == 0
    spent = 0.25
    for _ in range(100):
        now += share.spend("loud", 0.01)
        spent += 0.01
    assert spent <= 0.25 + now * 0.1 + 0.011
    assert share.spend("quiet", 0.01) == 0, "nobody else waits for it"
