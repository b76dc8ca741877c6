"""Which image merges and verifications run."""

from __future__ import annotations

import asyncio

import pytest

from harness.waiting import patient
from renderjob.controller import Settings
from renderjob.controller.image import helper_image
from support.fake_api import FakeApi, refusal

PODS = "api/v1/pods"

IN_A_POD = Settings(pod_name="operator-1", pod_namespace="default", default_image="guess:1")


@pytest.mark.parametrize("code", [500, 503, 429])
async def test_an_error_that_passes_is_waited_for(code: int):
    async with FakeApi() as server, server.api() as api:
        server.put(
            PODS,
            "operator-1",
            spec={"containers": [{"name": "other", "image": "x"}, {"name": "operator", "image": "own:1"}]},
        )
        server.fail(code, refusal(code, "Busy"), times=2)
        async with asyncio.timeout(patient()):
            assert await helper_image(api, IN_A_POD) == "own:1"


async def test_what_may_not_be_read_is_guessed():
    async with FakeApi() as server, server.api() as api:
        server.fail(403, refusal(403, "Forbidden"))
        assert await helper_image(api, IN_A_POD) == "guess:1"
