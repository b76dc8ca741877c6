"""What every JobRepository must do. A new repository joins by one line in `REPOSITORIES`."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from renderjob.api import RenderJobStatus, State
from renderjob.manager import (
    AlreadyExistsError,
    ConflictError,
    DamagedStatusError,
    JobRepository,
    NotFoundError,
    RepositoryError,
)
from renderjob.repositories import InMemoryJobRepository, SQLiteJobRepository
from support.jobs import job

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

Opener = Callable[[Path], AbstractAsyncContextManager[JobRepository]]


@asynccontextmanager
async def in_memory(_: Path) -> AsyncIterator[JobRepository]:
    yield InMemoryJobRepository()


@asynccontextmanager
async def sqlite(directory: Path) -> AsyncIterator[JobRepository]:
    async with SQLiteJobRepository(directory / "jobs.sqlite") as repository:
        yield repository


REPOSITORIES: dict[str, Opener] = {"memory": in_memory, "sqlite": sqlite}


@pytest.fixture(params=REPOSITORIES)
async def repository(request, tmp_path):
    async with REPOSITORIES[request.param](tmp_path) as opened:
        yield opened


def with_status(saved, **fields):
    return saved.model_copy(update={"status": RenderJobStatus(**fields)})


async def test_a_created_job_has_an_identity_and_an_empty_status(repository):
    created = await repository.create(with_status(job(), state=State.FAILED))
    meta = created.metadata
    assert meta.uid
    assert meta.generation == 1
    assert meta.resource_version
    assert meta.creation_timestamp is not None
    assert created.status == RenderJobStatus()
    assert created.status.observed_generation == -1
    assert await repository.get(meta.uid) == created


async def test_a_manifest_that_was_read_from_a_job_that_is_being_deleted_is_a_new_job(repository):
    old = job()
    old = old.model_copy(
        update={"metadata": old.metadata.model_copy(update={"deletion_timestamp": LONG_AGO})}
    )
    created = await repository.create(old)
    assert created.metadata.deletion_timestamp is None
    saved = await repository.save(created.model_copy(update={"metadata": created.metadata}))
    assert saved.metadata.deletion_timestamp is None


async def test_two_jobs_of_one_name_never_have_one_uid(repository):
    first = await repository.create(job("a"))
    await repository.delete(first.metadata.uid)
    second = await repository.create(job("a"))
    assert first.metadata.uid != second.metadata.uid
    assert await repository.get(first.metadata.uid) is None


async def test_a_name_is_taken_once(repository):
    await repository.create(job("a"))
    with pytest.raises(AlreadyExistsError):
        await repository.create(job("a"))
    assert len(await repository.list()) == 1


async def test_get_of_an_unknown_id_is_none(repository):
    assert await repository.get("no-such-id") is None
    assert await repository.find("default", "nobody") is None


async def test_find_and_list(repository):
    for name in ("b", "a", "c"):
        await repository.create(job(name))
    found = await repository.find("default", "a")
    assert found is not None
    assert found.metadata.name == "a"
    assert [j.metadata.name for j in await repository.list()] == ["b", "a", "c"]


async def test_a_status_is_saved_whole_and_nothing_else_is(repository):
    created = await repository.create(job())
    other_spec = created.spec.model_copy(update={"parallelism": 9})
    changed = with_status(created, state=State.RUNNING, progress=7).model_copy(update={"spec": other_spec})
    saved = await repository.save_status(changed)
    read = await repository.get(created.metadata.uid)
    assert read == saved
    assert read.status.progress == 7
    assert read.spec == created.spec
    assert read.metadata.generation == 1
    assert read.metadata.resource_version != created.metadata.resource_version


async def test_a_spec_is_saved_and_the_generation_follows_the_status_stays(repository):
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
async def test_a_write_based_on_an_old_version_is_refused_and_changes_nothing(repository, write):
    created = await repository.create(job())
    current = await repository.save_status(with_status(created, progress=50))
    with pytest.raises(ConflictError):
        await getattr(repository, write)(with_status(created, progress=10))
    assert await repository.get(created.metadata.uid) == current


@pytest.mark.parametrize("write", ["save", "save_status"])
async def test_a_write_of_a_job_that_is_gone_says_so(repository, write):
    created = await repository.create(job())
    assert await repository.delete(created.metadata.uid)
    with pytest.raises(NotFoundError):
        await getattr(repository, write)(created)
    assert await repository.list() == []


async def test_only_the_version_that_is_stored_is_confirmed(repository):
    created = await repository.create(job())
    await repository.confirm(created)
    saved = await repository.save_status(with_status(created, progress=1))
    with pytest.raises(ConflictError):
        await repository.confirm(created)
    await repository.confirm(saved)
    await repository.delete(saved.metadata.uid)
    with pytest.raises(NotFoundError):
        await repository.confirm(saved)


async def test_delete_says_whether_it_was_there(repository):
    created = await repository.create(job())
    assert await repository.delete(created.metadata.uid)
    assert not await repository.delete(created.metadata.uid)


async def test_a_job_survives_every_field_of_a_manifest(repository):
    full = job(
        frames="1-100x2,150",
        chunks={"size": 7, "order": "Bisect"},
        output={"path": "/o", "file": "####.png"},
        merge={"ffmpeg": {"file": "a b'c.mp4", "fps": "30000/1001"}},
        retries={"rules": [{"exitCodes": [33, "64-78"], "action": "RaiseMemory"}], "memory": {"max": "8Gi"}},
        tolerate={"failedFrames": "1%"},
        timeouts={"stall": "15m", "chunk": "1h30m"},
    )
    created = await repository.create(full)
    assert (await repository.get(created.metadata.uid)).spec == full.spec


class TestSQLite:
    """What only a file can show."""

    async def test_jobs_outlive_the_process_that_wrote_them(self, tmp_path):
        path = tmp_path / "jobs.sqlite"
        async with SQLiteJobRepository(path) as first:
            created = await first.create(job())
            saved = await first.save_status(with_status(created, progress=42))
        async with SQLiteJobRepository(path) as second:
            assert await second.get(created.metadata.uid) == saved

    async def test_another_process_is_seen_by_its_version_and_its_writes_conflict(self, tmp_path):
        path = tmp_path / "jobs.sqlite"
        async with SQLiteJobRepository(path) as ours, SQLiteJobRepository(path) as theirs:
            created = await ours.create(job())
            before = await ours.version()
            assert await ours.version() == before
            mine = await ours.get(created.metadata.uid)
            await theirs.save_status(with_status(created, progress=1))
            assert await ours.version() != before
            with pytest.raises(ConflictError):
                await ours.save_status(with_status(mine, progress=2))
            assert (await ours.get(created.metadata.uid)).status.progress == 1

    async def test_a_store_that_cannot_be_written_is_an_error_with_its_name(self, tmp_path):
        blocked = tmp_path / "file"
        blocked.write_text("not a directory")
        with pytest.raises(RepositoryError, match=r"jobs\.sqlite"):
            async with SQLiteJobRepository(blocked / "jobs.sqlite"):
                pass

    async def test_a_store_that_is_not_a_database_is_an_error(self, tmp_path):
        (tmp_path / "jobs.sqlite").write_text("this is no database, " * 100)
        with pytest.raises(RepositoryError, match="can't be opened"):
            async with SQLiteJobRepository(tmp_path / "jobs.sqlite"):
                pass


@pytest.mark.parametrize("column", ["metadata", "spec"])
async def test_a_record_that_another_version_wrote_holds_up_no_other_job(tmp_path, caplog, column):
    async with sqlite(tmp_path) as repository:
        old, good = await repository.create(job("old")), await repository.create(job("good"))
    with sqlite3.connect(tmp_path / "jobs.sqlite") as database:
        database.execute(f"UPDATE jobs SET {column} = '{{\"newer\": 1}}' WHERE name = 'old'")
    async with sqlite(tmp_path) as repository:
        assert await repository.list() == [good]
        assert await repository.list() == [good]
        assert caplog.text.count("default/old") == 1, "it is told of once"
        for read in (repository.get(old.metadata.uid), repository.find("default", "old")):
            with pytest.raises(
                RepositoryError, match=r"default/old in the store .* another version of renderjob"
            ):
                await read
        assert await repository.delete(old.metadata.uid)


async def test_of_a_damaged_status_what_can_be_read_is_kept_and_written_in_its_place(tmp_path):
    async with sqlite(tmp_path) as repository:
        made = await repository.create(job("old"))
        status = made.status.model_copy(
            update={"frames": made.status.frames.model_copy(update={"completed": "1-4"}), "next_attempt": 9}
        )
        await repository.save_status(made.model_copy(update={"status": status}))
    with sqlite3.connect(tmp_path / "jobs.sqlite") as database:
        database.execute("UPDATE jobs SET status = json_set(status, '$.newer', 1, '$.state', 'Rendring')")
    async with sqlite(tmp_path) as repository:
        with pytest.raises(DamagedStatusError, match=r"status\.state: .*; status\.newer: ") as damaged:
            await repository.get(made.metadata.uid)
        (listed,) = await repository.list()
        found = await repository.find("default", "old")
        assert listed == found == damaged.value.job
        assert listed.status.frames.completed == "1-4"
        assert listed.status.next_attempt == 9
        saved = await repository.save_status(damaged.value.job)
        assert await repository.get(made.metadata.uid) == saved
    with sqlite3.connect(tmp_path / "jobs.sqlite") as database:
        database.execute("UPDATE jobs SET status = '{'")
    async with sqlite(tmp_path) as repository:
        with pytest.raises(DamagedStatusError, match="no JSON"):
            await repository.get(made.metadata.uid)
