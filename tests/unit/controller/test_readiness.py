"""/readyz says which collection can't be read, and why; /healthz has no part in it: to begin anew would not help."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from renderjob.controller import Settings
from renderjob.controller.runtime import Runtime
from renderjob.kube import KubeApi
from support.fake_api import FakeApi, Request, refusal

PLACES = {"renderjobs": "/renderjobs", "jobs": "/jobs", "pods": "/pods"}


@pytest.fixture
async def server() -> AsyncIterator[FakeApi]:
    async with FakeApi() as server:
        yield server


@pytest.mark.parametrize("what", PLACES)
async def test_what_can_not_be_listed_is_named_with_the_reason_until_it_can(
    server: FakeApi, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderjob.controller.runtime.SOON", 0.01)

    def listed(request: Request) -> bool:
        return request.is_list and request.path.endswith(PLACES[what])

    fault = server.fail(403, refusal(403, "Forbidden", f"{what} is forbidden"), times=10**6, matches=listed)
    settings = Settings(health_port=0, health_address="127.0.0.1", leader_elect=False)
    async with server.api() as api:
        runtime = Runtime(settings, api)
        running = asyncio.create_task(runtime.run())
        await server.until(lambda: f"{what} is forbidden" in runtime.not_ready())
        assert f"{what} can't be read: {what} is forbidden" in runtime.not_ready()
        fault.times = 0
        await server.until(lambda: runtime.not_ready() == "")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_a_server_that_says_no_was_heard(server: FakeApi) -> None:
    server.fail(403, refusal(403, "Forbidden", "no"), times=10**6, matches=lambda r: r.is_list)
    await gets_well(server, server.api())


async def test_a_server_that_can_not_be_reached_is_no_reason_to_begin_anew(server: FakeApi) -> None:
    """For as long as it takes: each request that fails shows that this process is alive."""
    async with FakeApi() as gone:
        api = gone.api()
    await gets_well(server, api)


async def gets_well(server: FakeApi, api: KubeApi) -> None:
    """An operator of which nothing was heard for hours is alive as soon as it has tried."""
    settings = Settings(health_port=0, health_address="127.0.0.1", leader_elect=False)
    async with api:
        runtime = Runtime(settings, api)
        for informer in runtime.informers.values():
            informer._active_at -= 10_000
        assert "nothing was heard" in runtime.trouble()
        running = asyncio.create_task(runtime.run())
        await server.until(lambda: runtime.trouble() == "")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
