"""A local farm for tests: store, repository, executor and manager in a directory, with real processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import psutil

from harness.waiting import Deadline, patient
from renderjob.api import RenderJob
from renderjob.core import Decision
from renderjob.executors.local import LocalExecutor, Mounts, Store
from renderjob.manager import JobManager, JobRepository
from renderjob.repositories import InMemoryJobRepository, SQLiteJobRepository

from .jobs import manifest

T = TypeVar("T")

HOLD = "while [ ! -e go ]; do sleep 0.02; done"
"""Shell: wait for `Farm.go`."""

FRAMES = "for f in $(seq $RENDER_START $RENDER_STEP $RENDER_END); do n=$(printf %%04d $f); %s; done"
"""Shell: a loop over the frames of a chunk; `n` is a frame's number with zeros."""


def each_frame(what: str) -> str:
    return FRAMES % what


WRITE = each_frame("echo frame > $RENDER_OUTPUT/$n.png; echo $f >> frames")
"""Shell: a renderer that writes each frame to a file, and notes it in the file `frames`."""

PNG = {"path": "out", "file": "####.png"}
NOW = {"backoff": {"initial": "0s"}}
"""Retries without a wait."""


async def until(condition: Callable[[], T], what: str = "") -> T:
    """Poll until a condition is true; returns its value."""
    deadline = Deadline()
    while not (value := condition()):
        if deadline.over:
            raise AssertionError(f"waited {deadline.waited:.0f} s in vain {what}")
        await asyncio.sleep(0.02)
    return value


def processes_of(uid: str) -> list[psutil.Process]:
    """Whatever runs for a job, by the mark in its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            alive = process.status() != psutil.STATUS_ZOMBIE
            if alive and process.environ().get("RENDER_JOB_UID") == uid:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def local_job(
    home: Path,
    script: str | list[str],
    name: str = "shot",
    mounts: Mapping[str, str] | None = None,
    **spec: Any,
) -> RenderJob:
    """A job that runs a shell script (or a command) in `home`; retries do not wait, unless told otherwise."""
    command = script if isinstance(script, list) else ["sh", "-c", script]
    container = spec.pop("container", {})
    grace = spec.pop("grace", 1)
    spec["retries"] = {**NOW, **spec.get("retries", {})}
    data = manifest(name, command, **spec)
    data["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = grace
    data["spec"]["template"]["spec"]["containers"][0] |= container
    data["metadata"]["annotations"] = Mounts(mounts or {}).annotations(home)
    return RenderJob.model_validate(data)


@dataclass
class Farm:
    """A manager at work."""

    home: Path
    store: Store
    repository: JobRepository
    executor: LocalExecutor
    manager: JobManager
    decisions: list[tuple[RenderJob, Decision]] = field(default_factory=list)
    uids: list[str] = field(default_factory=list)

    async def submit(self, script: str | list[str] = WRITE, **spec: Any) -> str:
        uid = await self.manager.submit(local_job(self.home, script, **spec))
        self.uids.append(uid)
        return uid

    async def end(self, uid: str) -> RenderJob:
        job = await asyncio.wait_for(self.manager.wait(uid), patient())
        assert job is not None
        return job

    async def run(self, script: str | list[str] = WRITE, **spec: Any) -> RenderJob:
        return await self.end(await self.submit(script, **spec))

    async def reached(self, uid: str, condition: Callable[[RenderJob], bool], what: str = "") -> RenderJob:
        """Wait until what the repository has of a job fits."""
        seen: RenderJob | None = None
        deadline = Deadline()
        while not deadline.over:
            seen = await self.repository.get(uid)
            if seen is not None and condition(seen):
                return seen
            await asyncio.sleep(0.02)
        raise AssertionError(f"waited in vain {what}: {seen}")

    async def gone(self, uid: str) -> None:
        """Wait until the manager has seen that a job is deleted."""
        await until(lambda: uid not in self.manager._known or self._stopping(uid), "for the end of the job")

    def _stopping(self, uid: str) -> bool:
        return any(a.process and a.process._killer for a in self.executor.attempts(uid))

    def go(self) -> None:
        """Let scripts that HOLD go on."""
        (self.home / "go").touch()

    def lines(self, name: str = "frames") -> list[str]:
        """Lines of a file that scripts write to; none while it is not there."""
        file = self.home / name
        return file.read_text().splitlines() if file.exists() else []

    @property
    def out(self) -> Path:
        return self.home / "out"

    def pictures(self) -> list[str]:
        return sorted(p.name for p in self.out.iterdir()) if self.out.exists() else []

    def logs(self, uid: str) -> list[Path]:
        return sorted(self.store.logs(uid).glob("*.log"))


@asynccontextmanager
async def farm(
    directory: Path,
    *,
    memory: bool = False,
    wrap: Callable[[JobRepository], JobRepository] = lambda r: r,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    **manager: Any,
) -> AsyncIterator[Farm]:
    """A farm with its store and its working directory below `directory`; opened again it goes on.

    However it is left, no process of its jobs may be left behind.
    """
    home, store = directory / "home", Store(directory / "store")
    home.mkdir(exist_ok=True)
    inner = InMemoryJobRepository() if memory else SQLiteJobRepository(store.database)
    opened: list[Farm] = []
    try:
        async with _entered(inner), LocalExecutor(store, clock=clock) as executor:
            repository = wrap(inner)
            async with JobManager(repository, executor, clock=clock, **manager) as at_work:
                one = Farm(home, store, repository, executor, at_work)
                at_work.watch(lambda job, decision: one.decisions.append((job, decision)))
                opened.append(one)
                yield one
    finally:
        for uid in {u for one in opened for u in one.uids}:
            await until(lambda uid=uid: not processes_of(uid), f"for the processes of {uid} to end")


@asynccontextmanager
async def _entered(repository: Any) -> AsyncIterator[None]:
    if isinstance(repository, SQLiteJobRepository):
        async with repository:
            yield
    else:
        yield
