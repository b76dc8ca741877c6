"""What is kept of local jobs is their user's alone: manifests hold keys, and logs what renderers print."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from renderjob.executors.local import Store
from renderjob.repositories import SQLiteJobRepository
from support.local import PNG, WRITE, farm


@pytest.fixture
def generous() -> Iterator[None]:
    """A umask that takes nothing away."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(path) -> list[str]:
    """What anybody but its user may look at; what lies in a closed directory is none."""
    found = []
    for parent, directories, names in os.walk(path):
        closed = [name for name in directories if not _others(f"{parent}/{name}")]
        directories[:] = [name for name in directories if name not in closed]
        found += [f"{parent}/{name}" for name in names if _others(f"{parent}/{name}")]
    return found


def _others(path: str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode) & 0o077


async def test_nobody_else_reads_the_store(tmp_path, generous):
    async with farm(tmp_path) as here:
        await here.run("echo secret; " + WRITE, output=PNG, frames="1-2")
        logs = list((tmp_path / "store" / "jobs").rglob("*.log"))
        assert logs
        assert not any(_others(str(log)) for log in logs)
        # Programs that came with us are nobody's secret.
        assert [p for p in open_to_others(tmp_path / "store") if "/tools/" not in p] == []


async def test_a_store_that_was_open_is_closed(tmp_path, generous):
    store = Store(tmp_path / "store")
    async with SQLiteJobRepository(store.database):
        for path in (store.database, *store.root.glob("jobs.sqlite-*")):
            path.chmod(0o644)
    (store.root / "jobs").mkdir()
    async with SQLiteJobRepository(store.database):
        assert not any(_others(str(path)) for path in store.root.glob("jobs.sqlite*"))
    store.keep_private()
    assert stat.S_IMODE((store.root / "jobs").stat().st_mode) == 0o700
