"""A closed KubeApi has closed its connections, however their requests ended, and waits for nobody's good-bye.

What is left open is closed by the garbage collector, with a warning, wherever it runs next: in another test, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from renderjob.kube import KubeApi, UnreachableError
from support.leftovers import nothing_is_left
from support.silent_server import SilentServer, Until, silent_server

PATH = "/api/v1/namespaces"


@pytest.fixture(params=list(Until), ids=lambda last: last.name.lower())
def server(request: pytest.FixtureRequest, tmp_path) -> Iterator[SilentServer]:
    with silent_server(request.param, tmp_path) as server:
        yield server


Work = Callable[[KubeApi], Coroutine[Any, Any, object]]


async def get(api: KubeApi) -> object:
    return await api.get(PATH)


async def text(api: KubeApi) -> object:
    return await api.text(PATH)


async def stream(api: KubeApi) -> object:
    async with aclosing(api.stream(PATH)) as lines:
        return [line async for line in lines]


async def broken_off(server: SilentServer, work: Work, until: Callable[[], Awaitable[object]]) -> None:
    async with KubeApi(server.cluster) as api:
        task = asyncio.create_task(work(api))
        await until()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("work", [get, text, stream])
def test_a_request_that_is_broken_off_leaves_no_connection(server: SilentServer, work: Work):
    with nothing_is_left():
        asyncio.run(broken_off(server, work, lambda: asyncio.to_thread(server.reached.acquire)))


def test_a_request_that_is_broken_off_in_any_turn_of_the_loop_leaves_no_connection(tmp_path):
    """While the connection is made, shakes hands, and is handed on to the request."""

    def turns(count: int) -> Callable[[], Awaitable[None]]:
        async def pass_by() -> None:
            for _ in range(count):
                await asyncio.sleep(0)

        return pass_by

    with silent_server(Until.ASKED, tmp_path) as server, nothing_is_left():
        for count in range(25):
            asyncio.run(broken_off(server, get, turns(count)))


def test_a_request_without_an_answer_in_time_leaves_no_connection(server: SilentServer):
    async def given_up() -> None:
        async with KubeApi(server.cluster, timeout=0.1) as api:
            with pytest.raises(UnreachableError):
                await api.get(PATH)

    with nothing_is_left():
        asyncio.run(given_up())


def test_requests_under_way_end_with_what_they_are_made_on(server: SilentServer):
    async def closed() -> None:
        api = KubeApi(server.cluster)
        asked = [asyncio.create_task(get(api)) for _ in range(3)]
        await asyncio.to_thread(server.reached.acquire)
        await api.close()
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)

    with nothing_is_left():
        asyncio.run(closed())
