"""A status that somebody spoilt is written anew with what can be read of it, and the job goes on from there."""

from __future__ import annotations

from typing import Any

from renderjob.api import RenderJob
from renderjob.core import Observed
from renderjob.manager import JobManager
from renderjob.repositories import CustomResourceRepository
from support.fake_api import FakeApi
from support.jobs import manifest

JOBS = "apis/renderjob.dev/v1alpha1/renderjobs"


class Idle:
    """An executor of which nothing runs."""

    def subscribe(self, _: object) -> None:
        """Nothing will be told."""

    async def observe(self, job: RenderJob) -> Observed:
        return Observed(job.metadata.uid, job.metadata.generation)

    async def perform(self, job: RenderJob, actions: object) -> None:
        """Nothing is begun."""

    async def abandon(self, uid: str) -> None:
        """Nothing is there."""


async def test_it_is_mended_on_the_server_told_and_decided_on():
    spoilt: dict[str, Any] = {
        "frames": {"completed": "1-4,oops"},
        "startedAt": "0001-01-01T00:00:00Z",
        "backoffs": 2**62,
        "nextAttempt": 9,
        "inFlight": ["8 1.1 --"],
        "unheardOf": {"x": 1},
    }
    body = manifest("a", frames="1-6", suspend=True)
    async with FakeApi() as server, server.api() as api:
        made = server.put(JOBS, "a", spec=body["spec"], status=spoilt, metadata={"generation": 1})
        uid = made["metadata"]["uid"]
        repository = CustomResourceRepository(api, cached=True)
        await repository.resync()
        manager = JobManager(repository, Idle(), polls=False)
        told: list[str] = []
        manager.watch(lambda _, decision: told.extend(event.reason for event in decision.events))
        await manager.reconcile(uid)
        mended = (server.find(JOBS, "a") or {})["status"]
        assert mended["frames"]["completed"] == "1-4"
        assert (mended["backoffs"], mended["inFlight"]) == (0, [])
        assert mended["nextAttempt"] == 9, "no id of an attempt is used twice"
        assert not {"startedAt", "unheardOf"} & mended.keys()
        await manager.reconcile(uid)
        await manager.reconcile(uid)
        job = await repository.get(uid)
        assert job is not None
        assert job.status.state.value == "Suspended"
        assert told.count("StatusRepaired") == 1
