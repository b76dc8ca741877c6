"""A template that we stumble over is told to its job: in the API server's words where it has some."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from renderjob.core import Attempt, Kind, Start
from renderjob.executors.kubernetes import KubernetesExecutor
from renderjob.frames import FrameSet
from renderjob.kube import WriteLimiter
from support.fake_api import FakeApi, refusal
from support.jobs import job

WORDS = "json: cannot unmarshal string into Go struct field PodSpec.affinity of type v1.Affinity"


class Nothing:
    """An informer of a cluster in which there is nothing."""

    def __init__(self) -> None:
        self.synced = asyncio.Event()
        self.synced.set()

    def subscribe(self, _: object) -> None:
        """Nothing will be told."""

    def indexed(self, _: str) -> list[Any]:
        return []


@pytest.mark.parametrize(("answer", "told"), [(WORDS, WORDS), (None, "kubectl explain pod.spec")])
async def test_affinity_of_another_form_beside_a_node_that_is_avoided(answer: str | None, told: str):
    odd = job(template={"spec": {"affinity": "oops", "containers": [{"name": "render", "command": ["x"]}]}})
    odd = odd.model_copy(update={"metadata": odd.metadata.model_copy(update={"uid": "u", "generation": 1})})
    attempt = Attempt(1, Kind.RENDER, FrameSet.parse("1-10"), 1, 1, 1, avoid=("node-3",))
    async with FakeApi() as server, server.api() as api:
        if answer:
            server.fail(400, refusal(400, "BadRequest", answer))
        executor = KubernetesExecutor(
            api,
            jobs=Nothing(),  # type: ignore[arg-type]
            pods=Nothing(),  # type: ignore[arg-type]
            limiter=WriteLimiter(),
            image="",
        )
        await executor.perform(odd, [Start(attempt)])
        refused = (await executor.observe(odd)).refused
        assert refused is not None
        assert refused.reason == "InvalidTemplate"
        assert told in refused.message
        assert [r.query.get("dryRun") for r in server.requests] == ["All"], "nothing is made"
        await executor.abandon("u")
