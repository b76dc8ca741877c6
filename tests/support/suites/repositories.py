"""What every JobRepository must do: a class of tests inherits this and has a fixture `repository`, and `namespace`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from harness.waiting import patient
from renderjob.api import RenderJob, RenderJobStatus, State
from renderjob.kube import Informer, KubeApi
from renderjob.manager import AlreadyExistsError, ConflictError, NotFoundError
from renderjob.repositories import CustomResourceRepository
from renderjob.repositories.custom_resource import collection
from support.jobs import manifest

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@asynccontextmanager
async def watched(api: KubeApi, namespace: str) -> AsyncIterator[CustomResourceRepository]:
    """A repository whose cache a watch feeds, as the operator's does."""
    repository = CustomResourceRepository(api, namespace=namespace, cached=True)
    informer = Informer(api, collection(namespace), lambda raw: raw)

    def pass_on(_: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        if new is not None:
            repository.prefetch(new, size=0)
            repository.observe_version(new["metadata"])
        elif old is not None:
            repository.forget(old["metadata"]["uid"])

    informer.subscribe(pass_on)
    watching = asyncio.create_task(informer.run())
    try:
        await asyncio.wait_for(informer.synced.wait(), patient())
        yield repository
        assert not watching.done()
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


def with_status(saved, **fields):
    return saved.model_copy(update={"status": RenderJobStatus(**fields)})


def created_at(job):
    return job.metadata.creation_timestamp


class JobRepositorySuite:
    """Tests that take `repository`, and a `namespace` in which nothing is."""

    @pytest.fixture
    def job(self, namespace) -> Callable[..., RenderJob]:
        def make(name: str = "shot", **spec: Any) -> RenderJob:
            body = manifest(name, **spec)
            body["metadata"]["namespace"] = namespace
            return RenderJob.model_validate(body)

        return make

    async def test_a_created_job_has_an_identity_and_an_empty_status(self, repository, job):
        created = await repository.create(with_status(job(), state=State.FAILED))
        meta = created.metadata
        assert meta.uid
        assert meta.generation == 1
        assert meta.resource_version
        assert meta.creation_timestamp is not None
        assert created.status == RenderJobStatus()
        assert created.status.observed_generation == -1
        assert await repository.get(meta.uid) == created

    async def test_a_manifest_that_was_read_from_a_job_that_is_being_deleted_is_a_new_job(
        self, repository, job
    ):
        old = job()
        old = old.model_copy(
            update={"metadata": old.metadata.model_copy(update={"deletion_timestamp": LONG_AGO})}
        )
        created = await repository.create(old)
        assert created.metadata.deletion_timestamp is None
        saved = await repository.save(created.model_copy(update={"metadata": created.metadata}))
        assert saved.metadata.deletion_timestamp is None

    async def test_two_jobs_of_one_name_never_have_one_uid(self, repository, job):
        first = await repository.create(job("a"))
        await repository.delete(first.metadata.uid)
        second = await repository.create(job("a"))
        assert first.metadata.uid != second.metadata.uid
        assert await repository.get(first.metadata.uid) is None

    async def test_a_name_is_taken_once(self, repository, job):
        await repository.create(job("a"))
        with pytest.raises(AlreadyExistsError):
            await repository.create(job("a"))
        assert len(await repository.list()) == 1

    async def test_get_of_an_unknown_id_is_none(self, repository, namespace):
        assert await repository.get("no-such-id") is None
        assert await repository.find(namespace, "nobody") is None

    async def test_find_and_list(self, repository, job, namespace):
        created = [await repository.create(job(name)) for name in ("b", "a", "c")]
        found = await repository.find(namespace, "a")
        assert found is not None
        assert found.metadata.name == "a"
        listed = await repository.list()
        # An API server knows an age in seconds: which of two of the same second comes first is open.
        assert [created_at(each) for each in listed] == sorted(created_at(each) for each in created)
        assert sorted(each.metadata.name for each in listed) == ["a", "b", "c"]

    async def test_a_status_is_saved_whole_and_nothing_else_is(self, repository, job):
        created = await repository.create(job())
        other_spec = created.spec.model_copy(update={"parallelism": 9})
        changed = with_status(created, state=State.RUNNING, progress=7).model_copy(
            update={"spec": other_spec}
        )
        saved = await repository.save_status(changed)
        read = await repository.get(created.metadata.uid)
        assert read == saved
        assert read.status.progress == 7
        assert read.spec == created.spec
        assert read.metadata.generation == 1
        assert read.metadata.resource_version != created.metadata.resource_version

    async def test_a_spec_is_saved_and_the_generation_follows_the_status_stays(self, repository, job):
        created = await repository.create(job())
        running = await repository.save_status(with_status(created, state=State.RUNNING))
        edit = running.model_copy(
            update={"spec": running.spec.model_copy(update={"cancel": True}), "status": RenderJobStatus()}
        )
        saved = await repository.save(edit)
        assert saved.metadata.generation == 2
        assert saved.status.state is State.RUNNING
        labelled = saved.model_copy(
            update={"metadata": saved.metadata.model_copy(update={"labels": {"shot": "10"}})}
        )
        again = await repository.save(labelled)
        assert again.metadata.generation == 2, "labels are no edit of the spec"
        assert (await repository.get(saved.metadata.uid)).metadata.labels == {"shot": "10"}

    @pytest.mark.parametrize("write", ["save", "save_status"])
    async def test_a_write_based_on_an_old_version_is_refused_and_changes_nothing(
        self, repository, job, write
    ):
        created = await repository.create(job())
        current = await repository.save_status(with_status(created, progress=50))
        with pytest.raises(ConflictError):
            await getattr(repository, write)(with_status(created, progress=10))
        assert await repository.get(created.metadata.uid) == current

    @pytest.mark.parametrize("write", ["save", "save_status"])
    async def test_a_write_of_a_job_that_is_gone_says_so(self, repository, job, write):
        created = await repository.create(job())
        assert await repository.delete(created.metadata.uid)
        with pytest.raises(NotFoundError):
            await getattr(repository, write)(created)
        assert await repository.list() == []

    async def test_only_the_version_that_is_stored_is_confirmed(self, repository, job):
        created = await repository.create(job())
        await repository.confirm(created)
        saved = await repository.save_status(with_status(created, progress=1))
        with pytest.raises(ConflictError):
            await repository.confirm(created)
        await repository.confirm(saved)
        await repository.delete(saved.metadata.uid)
        with pytest.raises(NotFoundError):
            await repository.confirm(saved)

    async def test_delete_says_whether_it_was_there(self, repository, job):
        created = await repository.create(job())
        assert await repository.delete(created.metadata.uid)
        assert not await repository.delete(created.metadata.uid)

    async def test_a_job_survives_every_field_of_a_manifest(self, repository, job):
        full = job(
            frames="1-100x2,150",
            chunks={"size": 7, "order": "Bisect"},
            output={"path": "/o", "file": "####.png"},
            merge={"ffmpeg": {"file": "a b'c.mp4", "fps": "30000/1001"}},
            retries={
                "rules": [{"exitCodes": [33, "64-78"], "action": "RaiseMemory"}],
                "memory": {"max": "8Gi"},
            },
            tolerate={"failedFrames": "1%"},
            timeouts={"stall": "15m", "chunk": "1h30m"},
        )
        created = await repository.create(full)
        assert (await repository.get(created.metadata.uid)).spec == full.spec
