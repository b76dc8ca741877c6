"""A manifest that was never read is read aside: the loop turns meanwhile, and one that takes for ever is refused."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from harness.waiting import PATIENCE, Deadline
from renderjob.manager import Budget, InvalidJobError, Lane
from renderjob.repositories import CustomResourceRepository, resource
from support.jobs import manifest


def stored(name: str, **fields: Any) -> dict[str, Any]:
    body = manifest(name, frames="1-7")
    meta = {"namespace": "film", "uid": name, "generation": 1, "resourceVersion": "1", **fields}
    return {**body, "metadata": {**body["metadata"], **meta}}


class Held:
    """Reading of specs that stands still until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, slow: str) -> None:
        self.go, self.threads = threading.Event(), list[str]()
        real = resource.read_job

        def read(raw: dict[str, Any], *known: Any) -> Any:
            if raw["metadata"]["name"] == slow and "spec" in raw:
                self.threads.append(threading.current_thread().name)
                deadline = Deadline()
                while not self.go.is_set() and not deadline.over:
                    pass
            return real(raw, *known)

        monkeypatch.setattr(resource, "read_job", read)


@pytest.fixture
async def held(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Held]:
    held = Held(monkeypatch, "slow")
    yield held
    held.go.set()


def a_repository(*items: dict[str, Any], limit: float = PATIENCE) -> CustomResourceRepository:
    repository = CustomResourceRepository(None, cached=True, lane=Lane(Budget(), limit=limit))  # type: ignore[arg-type]
    for item in items:
        repository.note(item)
    return repository


async def test_the_loop_turns_while_a_manifest_is_read(held: Held) -> None:
    repository = a_repository(stored("slow"))
    reading = asyncio.create_task(repository.get("slow"))
    while not held.threads:
        await asyncio.sleep(0.001)
    for _ in range(3):
        await asyncio.sleep(0.001)
    assert not reading.done()
    held.go.set()
    job = await reading
    assert job is not None
    assert job.spec.frames == "1-7"
    assert held.threads == ["lane slow"]


async def test_a_manifest_is_read_once_for_each_generation(held: Held) -> None:
    held.go.set()
    repository = a_repository(stored("slow"))
    first = await repository.get("slow")
    repository.note(stored("slow", resourceVersion="2"))
    second = await repository.get("slow")
    assert first is not None
    assert second is not None
    assert second.spec is first.spec
    repository.note(stored("slow", resourceVersion="3", generation=2))
    await repository.get("slow")
    assert held.threads == ["lane slow"] * 2


async def test_what_was_told_meanwhile_stands(held: Held) -> None:
    repository = a_repository(stored("slow"))
    reading = asyncio.create_task(repository.get("slow"))
    while not held.threads:
        await asyncio.sleep(0.001)
    newer = stored("slow", resourceVersion="2", generation=2)
    newer["spec"]["frames"] = "1-8"
    repository.note(newer)
    held.go.set()
    job = await reading
    assert job is not None
    assert (job.spec.frames, job.metadata.generation) == ("1-8", 2)


async def test_a_manifest_that_takes_for_ever_is_refused_and_the_others_are_read(held: Held) -> None:
    repository = a_repository(stored("slow"), stored("other"), limit=0.2)
    with pytest.raises(InvalidJobError, match="can't be read in the time that any job may take"):
        await repository.get("slow")
    other = await repository.get("other")
    assert other is not None
    with pytest.raises(InvalidJobError, match="any job may take"):
        await repository.get("slow")
    assert held.threads == ["lane slow"], "it is not tried again before it is edited"


async def test_what_makes_room_for_others_while_it_is_read_is_not_gone(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = a_repository(stored("slow"))
    reading = asyncio.create_task(repository.get("slow"))
    while not held.threads:
        await asyncio.sleep(0.001)
    monkeypatch.setattr("renderjob.repositories.cache.MOST", 1)
    repository.note(stored("other"))
    held.go.set()
    job = await reading
    assert job is not None
    assert job.spec.frames == "1-7"
