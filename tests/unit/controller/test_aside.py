"""Whatever the main loop is at, the lease is renewed and probes are answered; but not for one that stands for ever.

The API server of these tests lives in a thread of its own, and the tests hold up their own loop.
"""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from harness.waiting import Deadline, patient, until
from renderjob.controller import Settings, aside
from renderjob.controller.aside import Aside, Pulse
from renderjob.controller.lease import STOOD_STILL, end_when_still, stand_for_lead
from renderjob.controller.runtime import Runtime
from support.fake_api import FakeApi
from support.virtual_time import in_virtual_time

LEASES = "apis/coordination.k8s.io/v1/leases"


@pytest.fixture
async def server() -> AsyncIterator[FakeApi]:
    async with Aside() as elsewhere:
        yield await elsewhere.enter(FakeApi)


@pytest.fixture
def settings(server: FakeApi, tmp_path: Path) -> Settings:
    file = tmp_path / "kubeconfig"
    context = {"cluster": "c", "user": "u"}
    file.write_text(
        yaml.safe_dump(
            {
                "current-context": "x",
                "clusters": [{"name": "c", "cluster": {"server": server.url}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": [{"name": "x", "context": context}],
            }
        )
    )
    return Settings(kubeconfig=str(file), health_port=0, health_address="127.0.0.1", lease_seconds=6)


def lease(server: FakeApi) -> dict[str, Any]:
    found = server.find(LEASES, "renderjob-operator")
    return found["spec"] if found else {}


def renewals(server: FakeApi) -> int:
    return sum(r.method == "PATCH" and "/leases/" in r.path for r in server.requests)


def busy_until_renewed(server: FakeApi, times: int) -> None:
    """Keep this thread computing, without a pause, until a lease was renewed so often meanwhile."""
    goal, deadline = renewals(server) + times, Deadline()
    while renewals(server) < goal:
        assert not deadline.over, "the lease is not renewed while this loop is busy"


async def test_a_loop_that_is_busy_keeps_the_lease(server: FakeApi, settings: Settings) -> None:
    async with Aside() as aside:
        lead = await stand_for_lead(aside, settings)
        await lead.acquire()
        lost = asyncio.create_task(lead.until_lost())
        holder = lease(server)["holderIdentity"]

        busy_until_renewed(server, 8)  # of which there are 7.5 in the time that a lease holds

        assert lead.is_ours
        await asyncio.sleep(0)
        assert not lost.done()
        assert lease(server)["holderIdentity"] == holder
        lost.cancel()
        await lead.release()
        assert not lead.is_ours
        assert "holderIdentity" not in lease(server)


async def test_probes_are_answered_while_the_loop_stands(server: FakeApi, settings: Settings) -> None:
    async with server.api() as api:
        runtime = Runtime(settings, api)
        running = asyncio.create_task(runtime.run())
        await server.until(lambda: bool(runtime.port and lease(server)) and not runtime.not_ready())

        said = {}
        for probe in ("healthz", "readyz", "metrics"):
            # This is asked by the very thread that the loop is of.
            with urllib.request.urlopen(
                f"http://127.0.0.1:{runtime.port}/{probe}", timeout=patient()
            ) as answer:
                said[probe] = answer.read().decode()
        busy_until_renewed(server, 3)

        assert said["healthz"] == "ok"
        assert said["readyz"] == "ok"
        assert "renderjob_still_seconds" in said["metrics"]
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert "holderIdentity" not in lease(server), "the lease was given back"


async def test_a_loop_that_stands_for_too_long_is_ended_and_its_lease_given_back(
    server: FakeApi, settings: Settings
) -> None:
    ended: list[int] = []
    pulse = Pulse()
    async with Aside() as aside:
        lead = await stand_for_lead(aside, settings)
        await lead.acquire()
        beating = asyncio.create_task(pulse.beat())
        guard = asyncio.create_task(aside.run(end_when_still(pulse, 1.0, lead, ended.append)))
        await asyncio.sleep(0.05)

        until(lambda: ended, "for the guard to end this process")

        assert ended == [STOOD_STILL]
        assert not lead.is_ours, "nothing is written any more, should the loop turn again"
        assert "holderIdentity" not in lease(server)
        await guard
        beating.cancel()


def test_a_loop_that_turns_now_and_then_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setattr(aside, "time", SimpleNamespace(monotonic=asyncio.get_running_loop().time))
        pulse = Pulse()
        guard = asyncio.create_task(pulse.until_still(10))
        for _ in range(5):
            beating = asyncio.create_task(pulse.beat())
            await asyncio.sleep(1)
            beating.cancel()
            await asyncio.sleep(8)  # it stands
        assert not guard.done()
        await asyncio.sleep(4)
        assert guard.done()

    in_virtual_time(scenario())


def test_a_process_that_was_stopped_as_a_whole_is_not_ended_when_it_wakes_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        loop: Any = asyncio.get_running_loop()
        monkeypatch.setattr(aside, "time", SimpleNamespace(monotonic=loop.time))
        pulse = Pulse()
        guard = asyncio.create_task(pulse.until_still(10))
        await asyncio.sleep(1)
        for _ in range(3):
            loop._virtual.now += 3600
            await asyncio.sleep(1)
        assert not guard.done()
        guard.cancel()

    in_virtual_time(scenario())


async def test_what_is_not_waited_for_any_more_ends_aside() -> None:
    ended = asyncio.Event()

    async def for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with Aside() as aside:
        waiting = asyncio.create_task(aside.run(for_ever()))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        until(ended.is_set, "for it to end")
