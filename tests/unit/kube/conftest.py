from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from renderjob.kube import KubeApi
from support.fake_api import FakeApi


@pytest.fixture
async def server() -> AsyncIterator[FakeApi]:
    async with FakeApi() as server:
        yield server


@pytest.fixture
async def api(server: FakeApi) -> AsyncIterator[KubeApi]:
    async with server.api() as api:
        yield api
