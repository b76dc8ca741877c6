"""What every JobRepository must do. A new repository joins by one line in `REPOSITORIES`.

Custom resources are kept here by the tests' own API server; `tests/cluster/test_api_server.py` asks the same of a
real one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from renderjob.manager import (
    ConflictError,
    DamagedStatusError,
    JobRepository,
    RepositoryError,
)
from renderjob.repositories import CustomResourceRepository, InMemoryJobRepository, SQLiteJobRepository
from support.fake_api import FakeApi
from support.jobs import job
from support.suites.repositories import JobRepositorySuite, watched, with_status

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

Opener = Callable[[Path], AbstractAsyncContextManager[JobRepository]]


@asynccontextmanager
async def in_memory(_: Path) -> AsyncIterator[JobRepository]:
    yield InMemoryJobRepository()


@asynccontextmanager
async def sqlite(directory: Path) -> AsyncIterator[JobRepository]:
    async with SQLiteJobRepository(directory / "jobs.sqlite") as repository:
        yield repository


@asynccontextmanager
async def custom_resources(_: Path) -> AsyncIterator[JobRepository]:
    async with FakeApi() as server, server.api() as api:
        yield CustomResourceRepository(api)


@asynccontextmanager
async def watched_custom_resources(_: Path) -> AsyncIterator[JobRepository]:
    async with FakeApi() as server, server.api() as api, watched(api, "default") as repository:
        yield repository


REPOSITORIES: dict[str, Opener] = {
    "memory": in_memory,
    "sqlite": sqlite,
    "custom resources": custom_resources,
    "watched custom resources": watched_custom_resources,
}


class TestRepositories(JobRepositorySuite):
    @pytest.fixture
    def namespace(self):
        return "default"

    @pytest.fixture(params=REPOSITORIES)
    async def repository(self, request, tmp_path):
        async with REPOSITORIES[request.param](tmp_path) as opened:
            yield opened


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
