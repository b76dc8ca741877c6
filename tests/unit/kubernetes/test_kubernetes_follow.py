"""Logs of running pods are followed for their progress: when it is time, as many as may be, to their last line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from renderjob.core import Kind
from renderjob.core.inflight import InFlight
from renderjob.executors.kubernetes import LogFollower, follow
from renderjob.executors.kubernetes.live import LiveLog
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
    none = {"finished": None, "exit_code": None, "reason": "", "message": "", "waiting": ""}
    return PodView(
        uid=f"p{attempt}", namespace="film", name=f"pod-{attempt}", version="1", owner="uid-1", created=started,
        attempt_id=attempt, phase="Running", node="n1", started=started, disrupted=False, deleting=False, **none,
    )  # fmt: skip


def flight(id_: int = 1, kind: Kind = Kind.RENDER) -> InFlight:
    return InFlight(id_, kind, FrameSet.parse("1-10"), 0, 1)


JOB = job().model_copy(update={"metadata": job().metadata.model_copy(update={"uid": "uid-1"})})


async def seen(follower: LogFollower, fraction: float) -> None:
    async with asyncio.timeout(5):
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

    async with LogFollower(server) as follower, asyncio.timeout(5):  # type: ignore[arg-type]
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
