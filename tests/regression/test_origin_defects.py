"""The defects that the reference implementation was measured to have, each shown not to be here (local runs).

The numbers are those of the project's list; what only a cluster can show of a defect is tested there.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from renderjob.api import BackoffSpec, MergeSpec, State
from renderjob.core import Attempt, Kind
from renderjob.core.backoff import JITTER, wait
from renderjob.executors.local.logs import log_files, log_name
from renderjob.frames import FrameSet
from renderjob.manager import ConflictError, ExecutorError
from renderjob.media import count_frames, find_ffmpeg
from renderjob.repositories import SQLiteJobRepository
from support.local import HOLD, PNG, WRITE, farm, processes_of, until

ONCE = {"perChunk": 0}
STOP = ONCE | {"onFailure": "Stop"}


async def test_defect_01_progress_rises_step_by_step_and_never_falls(tmp_path):
    async with farm(tmp_path) as here:
        await here.run(frames="1-20", chunks={"size": 1}, parallelism=3, output=PNG)
        seen = [job.status.progress for job, _ in here.decisions]
    assert seen == sorted(seen)
    assert len(set(seen)) > 5, "not 0, 0, 0 and then 100"
    assert seen[-1] == 100


async def test_defect_02_a_job_of_200_chunks_is_not_torn_by_concurrent_writes(tmp_path):
    async with farm(tmp_path) as here, SQLiteJobRepository(here.store.database) as theirs:
        uid = await here.submit(["true"], frames="1-200", chunks={"size": 1}, parallelism=8)
        while not (job := await theirs.get(uid)).status.state.terminal:
            labels = {"seen": str(job.status.completed_frames)}
            metadata = job.metadata.model_copy(update={"labels": labels})
            with suppress(ConflictError):
                await theirs.save(job.model_copy(update={"metadata": metadata}))
            await asyncio.sleep(0.002)
        job = await here.end(uid)
    assert job.status.state is State.COMPLETED
    assert job.status.completed_chunks == 200
    assert job.status.attempts.succeeded == 200
    assert job.status.attempts.failed == 0


async def test_defect_03_the_managers_environment_reaches_no_worker(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2")
    merge = {"template": {"spec": {"containers": [{"name": "m", "command": ["env"]}]}}}
    async with farm(tmp_path) as here:
        job = await here.run(["env"], merge=merge)
        logs = [log.read_text() for log in here.logs(job.metadata.uid)]
    assert len(logs) == 2
    assert all("RENDER_JOB=shot" in log for log in logs)
    assert not [log for log in logs if "hunter2" in log or "DATABASE_PASSWORD" in log]


async def test_defect_04_a_suspended_job_can_be_cancelled(tmp_path):
    async with farm(tmp_path) as here:
        uid = await here.submit(HOLD)
        await here.manager.suspend(uid)
        await here.reached(uid, lambda job: job.status.state is State.SUSPENDED)
        await here.manager.cancel(uid)
        assert (await here.end(uid)).status.state is State.CANCELLED


async def test_defect_04_a_failed_job_can_be_retried(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run(f"[ -e go ] || exit 1; {WRITE}", output=PNG, retries=ONCE)
        assert job.status.state is State.FAILED
        here.go()
        await here.manager.retry(job.metadata.uid)
        assert (await here.end(job.metadata.uid)).status.state is State.COMPLETED


async def test_defect_04_a_running_record_that_nobody_runs_is_not_stuck(tmp_path):
    async with farm(tmp_path) as here:
        uid = await here.submit(f"{HOLD}; {WRITE}", output=PNG)
        await here.reached(uid, lambda job: job.status.active == 1)
    async with farm(tmp_path) as here:
        here.uids.append(uid)
        assert (await here.manager.get(uid)).status.state is State.RUNNING
        here.go()
        assert (await here.end(uid)).status.state is State.COMPLETED


async def test_defect_05_a_retry_delay_of_zero_does_not_wait(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run("[ $RENDER_ATTEMPT = 4 ]", retries={"perChunk": 3, "backoff": {"initial": "0s"}})
        waits = [r.not_before - j.status.updated_at for j, _ in here.decisions for r in j.status.retrying]
    assert job.status.state is State.COMPLETED
    assert all(each.total_seconds() <= 0 for each in waits)


def test_defect_05_exponential_backoff_grows():
    backoff = BackoffSpec.model_validate({"initial": "10s", "factor": 2, "max": "5m"})
    waits = [wait(backoff, attempt, "uid").total_seconds() for attempt in range(1, 9)]
    for expected, found in zip([10, 20, 40, 80, 160, 300, 300, 300], waits, strict=True):
        assert expected * (1 - JITTER) <= found <= min(300, expected * (1 + JITTER))


async def test_defect_06_chunk_0_has_a_name_like_every_other(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run("echo $RENDER_CHUNK", frames="1-3", chunks={"size": 1})
        named = {file.chunk: file.path.read_text() for file in log_files(here.store.logs(job.metadata.uid))}
    assert named == {0: "0\n", 1: "1\n", 2: "2\n"}


def test_defect_06_no_two_attempts_have_one_name_and_none_is_too_long():
    from datetime import UTC, datetime

    at = datetime(2026, 1, 1, tzinfo=UTC)
    one, many = FrameSet((0,)), FrameSet.range(-1_000_000, 999_999)
    attempts = [
        Attempt(1, Kind.RENDER, one, 0, 1, 1),
        Attempt(2, Kind.RENDER, one, 0, 1, 1),
        Attempt(3, Kind.MERGE, many, 0, 1, 1),
        Attempt(10**9, Kind.RENDER, many, 10**6, 10**6, 1001),
    ]
    names = [log_name(attempt, at) for attempt in attempts]
    assert names == [log_name(attempt, at) for attempt in attempts]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) < 255


async def test_defect_07_an_executor_that_cannot_be_asked_is_no_failure_of_a_chunk(tmp_path, monkeypatch):
    async with farm(tmp_path) as here:
        uid = await here.submit(f"{HOLD}; {WRITE}", output=PNG)
        await here.reached(uid, lambda job: job.status.active == 1)
        real, refusals = here.executor.observe, 3

        async def observe(job):
            nonlocal refusals
            if refusals:
                refusals -= 1
                raise ExecutorError("503 Service Unavailable")
            return await real(job)

        monkeypatch.setattr(here.executor, "observe", observe)
        here.go()
        job = await here.end(uid)
        assert refusals == 0
        assert sorted(map(int, here.lines())) == list(range(1, 11))
    assert job.status.state is State.COMPLETED
    assert job.status.attempts.succeeded == 1
    assert job.status.next_attempt == 2, "its process ran on"


async def test_defect_08_the_result_is_told_and_logs_stay_out_of_the_status(tmp_path):
    says = "echo $i; echo 'a line that says very much and means nothing'"
    noise = f"i=0; while [ $i -lt 2000 ]; do {says}; i=$((i+1)); done"
    merge = {"template": {"spec": {"containers": [{"name": "m", "command": ["true"]}]}}, "output": "all.mov"}
    async with farm(tmp_path) as here:
        job = await here.run(
            f"{noise}; {WRITE}; [ $RENDER_ATTEMPT -gt 3 ]",
            chunks={"size": 1},
            frames="1-4",
            output={"path": "out"},
            merge=merge,
        )
        assert sum(log.stat().st_size for log in here.logs(job.metadata.uid)) > 500_000
    assert job.status.state is State.COMPLETED
    assert job.status.result.output == "out"
    assert job.status.result.merged == "out/all.mov"
    assert len(job.status.model_dump_json()) < 20_000


async def test_defect_09_chunks_are_many_and_a_slow_one_holds_up_nobody(tmp_path):
    """Two at a time: the first chunk waits for all the others, which only one that is free can render."""
    slow = "[ $RENDER_CHUNK != 0 ] || until [ $(wc -l < others) -ge 19 ]; do sleep 0.02; done"
    async with farm(tmp_path) as here:
        (here.home / "others").touch()
        job = await here.run(
            f"{slow}; echo $RENDER_CHUNK >> others", frames="1-100", chunks={"size": 5}, parallelism=2
        )
        assert here.lines("others")[-1] == "0"
    assert job.status.state is State.COMPLETED
    assert job.status.total_chunks == 20


@pytest.mark.slow
async def test_defect_10_a_failed_merge_loses_no_chunk_and_a_quote_breaks_no_path(tmp_path):
    quoted = 'it\'s "here"'
    script = (
        f"echo $RENDER_FRAMES >> frames; '{find_ffmpeg()}' -v error -y -f lavfi "
        "-i testsrc=size=64x36:rate=24 -frames:v $RENDER_FRAME_COUNT "
        '-c:v ffv1 "$RENDER_OUTPUT/it\'s $RENDER_START.mkv"'
    )
    async with farm(tmp_path) as here:
        job = await here.run(
            script,
            frames="1-6",
            chunks={"size": 3},
            output={"path": quoted, "chunkFile": "it's $(RENDER_START).mkv"},
            merge={"template": {"spec": {"containers": [{"name": "m", "command": ["false"]}]}}, "retries": 0},
        )
        assert job.status.state is State.FAILED
        assert job.status.frames.completed == "1-6"
        repaired = MergeSpec.model_validate({"ffmpeg": {"file": "a'll.mkv", "codec": "copy"}})
        await here.manager.edit(
            job.metadata.uid,
            lambda spec: spec.model_copy(update={"merge": repaired, "retry": spec.retry + 1}),
        )
        job = await here.end(job.metadata.uid)
        assert job.status.state is State.COMPLETED, job.status.error
        assert here.lines() == ["1-3", "4-6"]
        assert count_frames(here.home / quoted / "a'll.mkv") == 6


async def test_defect_11_siblings_of_a_chunk_that_loses_the_job_are_stopped(tmp_path):
    # Where the manifest asks for it: by itself the rest is rendered first (retries.onFailure).
    async with farm(tmp_path) as here:
        all_up = "until [ $(wc -l < up) = 3 ]; do sleep 0.02; done"
        script = f"echo up >> up; [ $RENDER_CHUNK = 1 ] || exec sleep 600; {all_up}; exit 1"
        uid = await here.submit(script, frames="1-9", chunks={"size": 1}, parallelism=3, retries=STOP)
        job = await here.end(uid)
        await until(lambda: not processes_of(uid))
        assert len(here.lines("up")) == 3, "nothing more was started"
    assert job.status.state is State.FAILED
    assert job.status.attempts.stopped == 2


async def test_defect_12_a_failure_has_its_exit_code_its_reason_and_its_last_words(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run("echo the scene is broken; exit 42", retries=STOP)
    (failure,) = job.status.failures
    assert (failure.exit_code, failure.failure_class, failure.message) == (42, "Error", "the scene is broken")
    assert "the scene is broken" in job.status.error
    failed = next(c for c in job.status.conditions if c.type == "Failed")
    assert (failed.status, failed.reason) == ("True", "FramesFailed")


async def test_defect_12_resources_and_deadlines_are_kept(tmp_path):
    limits = {"resources": {"limits": {"memory": "256Mi"}}}
    async with farm(tmp_path) as here:
        uid = await here.submit(HOLD, container=limits, timeouts={"job": "500ms"})
        await until(lambda: here.executor.attempts(uid))
        assert [a.memory for a in here.executor.attempts(uid)] == [256 << 20]
        job = await here.end(uid)
    assert job.status.state is State.FAILED
    assert job.status.fatal_reason == "DeadlineExceeded"


async def test_defect_12_a_manager_does_not_poll_for_the_end_of_a_process(tmp_path, monkeypatch):
    """With the executor's tick out of the way, only the end of a process itself can wake the manager."""
    from renderjob.executors.local import executor

    monkeypatch.setattr(executor, "TICK", 3600)
    async with farm(tmp_path) as here:
        job = await here.run(["true"], frames="1-20", chunks={"size": 1}, parallelism=2)
    assert job.status.state is State.COMPLETED
