"""A manager that is killed leaves nothing behind; the next goes on, and renders no frame twice at once."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import psutil
import pytest

from renderjob.api import State
from renderjob.core import Attempt, Kind
from renderjob.executors.local import Store, leash
from renderjob.executors.local.launch import launch_of
from renderjob.frames import FrameSet
from renderjob.repositories import SQLiteJobRepository
from support import worker
from support.killable import Driver
from support.local import PNG, Farm, farm, local_job, processes_of, until

ROUNDS = 3


def render(home: Path, into: str) -> list[str]:
    frames = ["$(RENDER_START)", "$(RENDER_END)", "$(RENDER_STEP)"]
    return [sys.executable, "-I", "-S", worker.__file__, str(home), *frames, into]


async def submitted(directory: Path, into: str = "$(RENDER_OUTPUT)", **spec) -> str:
    """A job in a farm's store that no manager runs yet."""
    home = directory / "home"
    home.mkdir()
    async with SQLiteJobRepository(Store(directory / "store").database) as repository:
        return (await repository.create(local_job(home, render(home, into), output=PNG, **spec))).metadata.uid


def log_of(directory: Path) -> list[str]:
    file = directory / "home" / "log"
    return file.read_text().splitlines() if file.exists() else []


@pytest.mark.parametrize(("seed", "into"), [(0, "$(RENDER_OUTPUT)"), (1, "out")])
async def test_a_manager_that_is_killed_at_any_moment_leaves_nothing_and_the_next_goes_on(
    tmp_path, seed, into
):
    draw = random.Random(seed)
    uid = await submitted(tmp_path, into, frames="1-40", chunks={"size": 4}, parallelism=3)
    for _ in range(ROUNDS):
        wanted = len(log_of(tmp_path)) + draw.randint(1, 12)
        with Driver(tmp_path) as running:
            await until(lambda wanted=wanted: len(log_of(tmp_path)) >= wanted, "for frames")
            running.kill()
            await until(lambda: not processes_of(uid), "for the watchdog to end what is left")
    async with farm(tmp_path) as here:
        job = await here.end(uid)
    assert job.status.state is State.COMPLETED
    assert job.status.attempts.failed == 0, "a killed manager costs no retry"
    lines = log_of(tmp_path)
    assert not [line for line in lines if line.startswith("clash")]
    done = [int(line.split()[1]) for line in lines if line.startswith("done")]
    assert set(done) == set(range(1, 41))
    assert len(list((tmp_path / "home" / "out").iterdir())) == 40


async def test_a_new_manager_waits_for_what_the_watchdog_is_about_to_end(tmp_path):
    """It starts at once, while the renderers of the killed one still run."""
    uid = await submitted(tmp_path, frames="1-12", chunks={"size": 4}, parallelism=3)
    for _ in range(ROUNDS):
        wanted = len(log_of(tmp_path)) + 3
        with Driver(tmp_path):
            await until(lambda wanted=wanted: len(log_of(tmp_path)) >= wanted, "for frames")
    async with farm(tmp_path) as here:
        here.uids.append(uid)
        job = await here.end(uid)
    assert job.status.state is State.COMPLETED
    assert not [line for line in log_of(tmp_path) if line.startswith("clash")]


async def test_what_is_left_when_the_watchdog_is_killed_too_is_ended_before_anything_starts(
    tmp_path, monkeypatch
):
    uid = await submitted(tmp_path, frames="1-4", chunks={"size": 2}, parallelism=2)
    (tmp_path / "home" / "hold").touch()
    try:
        with Driver(tmp_path) as running:
            await until(lambda: len(log_of(tmp_path)) >= 2, "for the renderers")
            watchdog = running.watchdog()
            assert watchdog is not None
            watchdog.kill()
        left = processes_of(uid)
        assert len(left) >= 4, "two renderers and their children outlive their manager"
        (tmp_path / "home" / "hold").unlink()
        monkeypatch.setattr(leash, "_PATIENCE", 0.4)
        async with farm(tmp_path) as here:
            here.uids.append(uid)
            job = await here.end(uid)
    finally:
        for process in processes_of(uid):
            process.kill()
    assert not [p for p in left if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    assert job.status.state is State.COMPLETED
    assert job.status.attempts.disrupted == 2
    assert not [line for line in log_of(tmp_path) if line.startswith("clash")]


async def test_a_manager_that_is_left_in_good_order_leaves_nothing(tmp_path):
    left: list[Farm] = []
    async with farm(tmp_path) as here:
        uid = await here.submit("sh -c 'sleep 600' & sleep 600")
        await until(lambda: len(processes_of(uid)) >= 3)
        left.append(here)
    assert not processes_of(uid)


def test_a_merge_of_ours_is_marked_as_its_jobs(tmp_path):
    """So that it, too, is found when it is left over."""
    job = local_job(tmp_path, "exit", output=PNG, merge={"ffmpeg": {"file": "a.mp4"}})
    job = job.model_copy(update={"metadata": job.metadata.model_copy(update={"uid": "u-1"})})
    merge = Attempt(1, Kind.MERGE, FrameSet((1,)), 0, 1, 1)
    assert launch_of(job, merge, {}, tmp_path).environment["RENDER_JOB_UID"] == "u-1"
