"""The frame ledger: what a dying attempt had finished is kept, and the next one gets exactly the rest."""

from __future__ import annotations

import os

import pytest

from renderjob.api import FailureClass, State
from renderjob.core import Attempt, Kind
from renderjob.executors.local.attempt import LocalAttempt
from renderjob.frames import FrameSet
from support.local import PNG, WRITE, each_frame, farm, until

TOLD = 'echo "$RENDER_ATTEMPT $RENDER_START $RENDER_END $RENDER_STEP $RENDER_FRAMES" >> told; '
SAVED = "echo \"Saved: '$RENDER_OUTPUT/$n.png'\""
FRAME = "echo frame > $RENDER_OUTPUT/$n.png; " + SAVED


async def test_the_log_of_an_attempt_that_died_counts_no_frame(tmp_path):
    dies = each_frame(f"{FRAME}; [ $RENDER_ATTEMPT = 2 ] || [ $f -lt 3 ] || exit 9")
    async with farm(tmp_path) as here:
        job = await here.run(TOLD + dies, output={"path": "out"})
        assert here.lines("told") == ["1 1 10 1 1-10", "2 1 10 1 1-10"]
    assert job.status.state is State.COMPLETED
    (failure,) = job.status.failures
    assert failure.frames == "1-10"


async def test_a_renderer_that_crashes_between_two_files_of_its_last_frame_has_failed(tmp_path):
    """A File Output node's file is saved first, and has the same number."""
    depth = "mkdir -p $RENDER_OUTPUT/depth; echo x > $RENDER_OUTPUT/depth/$n.png; "
    told = "echo \"Saved: '$RENDER_OUTPUT/depth/$n.png'\"; "
    crash = "[ $RENDER_ATTEMPT$f != 13 ] || kill -SEGV $$$$; "
    async with farm(tmp_path) as here:
        job = await here.run(each_frame(depth + told + crash + FRAME), frames="1-3", output={"path": "out"})
        assert "0003.png" in here.pictures()
    assert (job.status.state, job.status.attempts.failed) == (State.COMPLETED, 1)
    (failure,) = job.status.failures
    assert (failure.frames, failure.exit_code) == ("1-3", 139)


async def test_where_files_tell_it_costs_the_last_frame_alone(tmp_path):
    """Each frame's depth is called like the frame: it says nothing of whether that is whole."""
    depth = "mkdir -p $RENDER_OUTPUT/depth; echo x > $RENDER_OUTPUT/depth/$n.png; "
    told = "echo \"Saved: '$RENDER_OUTPUT/depth/$n.png'\"; "
    crash = "[ $RENDER_ATTEMPT$f != 13 ] || { echo fra > $RENDER_OUTPUT/$n.png; kill -SEGV $$$$; }; "
    async with farm(tmp_path) as here:
        job = await here.run(TOLD + each_frame(depth + told + crash + FRAME), frames="1-3", output=PNG)
        assert here.lines("told") == ["1 1 3 1 1-3", "2 3 3 1 3"]
    assert (job.status.state, job.status.attempts.failed) == (State.COMPLETED, 1)


@pytest.mark.parametrize("code", [1, 0])
@pytest.mark.parametrize("output", [PNG, {"path": "out"}])
async def test_a_frame_that_could_not_be_saved_is_tried_again(tmp_path, output, code):
    full = "echo \"Error: Render error (No space left on device) cannot save: '$RENDER_OUTPUT/$n.png'\""
    async with farm(tmp_path) as here:
        dies = each_frame(f"[ $RENDER_ATTEMPT$f != 13 ] || {{ {full}; exit {code}; }}; {FRAME}")
        job = await here.run(dies, frames="1-4", output=output)
    assert (job.status.state, job.status.attempts.failed) == (State.COMPLETED, 1)
    (failure,) = job.status.failures
    assert failure.failure_class is (FailureClass.ERROR if code else FailureClass.NO_OUTPUT)
    assert code == 0 or failure.message.startswith("Render error (No space left on device) cannot save")


async def test_a_stepped_chunk_goes_on_in_its_steps(tmp_path):
    dies = each_frame(f"{FRAME}; [ $RENDER_ATTEMPT = 2 ] || [ $f -lt 5 ] || exit 9")
    async with farm(tmp_path) as here:
        job = await here.run(TOLD + dies, frames="1-19x2", output=PNG)
        assert here.lines("told") == ["1 1 19 2 1-19x2", "2 7 19 2 7-19x2"]
    assert job.status.state is State.COMPLETED


async def test_a_file_saved_elsewhere_finishes_no_frame(tmp_path):
    async with farm(tmp_path) as here:
        await here.run(
            TOLD + each_frame("echo \"Saved: '/elsewhere/$n.png'\"; [ $RENDER_ATTEMPT = 2 ] || exit 9"),
            frames="1-3",
            output={"path": "out"},
        )
        assert here.lines("told") == ["1 1 3 1 1-3", "2 1 3 1 1-3"]


# Each file gets a time of its own, however coarse the clock: the loop goes on when the next would be newer.
APART = (
    "echo frame > $RENDER_OUTPUT/$n.png; "
    "until touch probe && [ probe -nt $RENDER_OUTPUT/$n.png ]; do :; done; "
)


async def test_of_the_files_of_a_killed_attempt_the_newest_may_be_half_written(tmp_path):
    dies = each_frame(APART + "[ $RENDER_ATTEMPT = 2 ] || [ $f -lt 4 ] || exit 9")
    async with farm(tmp_path) as here:
        job = await here.run(TOLD + dies, output=PNG)
        assert here.lines("told") == ["1 1 10 1 1-10", "2 4 10 1 4-10"]
    assert job.status.state is State.COMPLETED


async def test_of_files_within_one_tick_of_the_clock_only_the_last_is_not_trusted(tmp_path):
    same = "[ -e first ] || echo frame > first; cp -p first $RENDER_OUTPUT/$n.png; "
    dies = each_frame(same + "[ $RENDER_ATTEMPT = 2 ] || [ $f -lt 4 ] || exit 9")
    async with farm(tmp_path) as here:
        job = await here.run(TOLD + dies, output=PNG)
        assert here.lines("told") == ["1 1 10 1 1-10", "2 4 10 1 4-10"]
    assert job.status.state is State.COMPLETED


async def test_the_newest_file_counts_when_the_log_says_that_it_is_finished(tmp_path):
    dies = each_frame(APART + f"{SAVED}; [ $RENDER_ATTEMPT = 2 ] || [ $f -lt 4 ] || exit 9")
    async with farm(tmp_path) as here:
        await here.run(TOLD + dies, output=PNG)
        assert here.lines("told") == ["1 1 10 1 1-10", "2 5 10 1 5-10"]


async def test_gaps_are_filled_and_nothing_else(tmp_path):
    # Frames 1-9, but 3 and 7, are written by the attempt that dies; 9 is the newest, and not trusted.
    dies = each_frame(
        f"case $RENDER_ATTEMPT$f in 13|17) continue;; esac; {APART} [ $RENDER_ATTEMPT$f != 19 ] || exit 9"
    )
    async with farm(tmp_path) as here:
        job = await here.run(TOLD + dies, output=PNG)
        told = here.lines("told")
        rendered = sorted(f for line in told[1:] for f in FrameSet.parse(line.split()[-1]))
    assert rendered == [3, 7, 9, 10]
    assert job.status.state is State.COMPLETED


async def test_files_older_than_a_failed_attempt_are_not_its_work(tmp_path):
    async with farm(tmp_path) as here:
        here.out.mkdir()
        for frame in range(1, 11):
            file = here.out / f"{frame:04}.png"
            file.write_text("of last week")
            os.utime(file, (1e9 + frame, 1e9 + frame))
        await here.run(TOLD + f"[ $RENDER_ATTEMPT = 2 ] || exit 9; {WRITE}", output=PNG)
        assert here.lines("told") == ["1 1 10 1 1-10", "2 1 10 1 1-10"]


async def test_an_attempt_that_dies_after_its_last_frame_needs_no_retry(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run(each_frame(FRAME) + "; exit 1", output=PNG)
    assert job.status.state is State.COMPLETED
    assert job.status.next_attempt == 2
    (failure,) = job.status.failures
    assert failure.message.endswith("; none of its frames is missing")


async def test_progress_of_a_running_chunk_is_seen(tmp_path):
    script = each_frame(f"{SAVED}; [ $f != 3 ] || while [ ! -e go ]; do sleep 0.02; done")
    async with farm(tmp_path) as here:
        uid = await here.submit(script, output={"path": "out"})
        await here.reached(uid, lambda job: job.status.progress == 30)
        here.go()
        job = await here.end(uid)
    assert job.status.progress == 100


class Closed:
    frames_done = frozenset()

    def feed(self, data):
        raise AssertionError("what is written after the end is nobody's")

    def close(self):
        return False


def test_what_is_printed_after_an_attempts_end_is_not_read(tmp_path):
    log = tmp_path / "log"
    attempt = Attempt(1, Kind.RENDER, FrameSet((1,)), 0, 1, 1)
    from datetime import UTC, datetime

    local = LocalAttempt(attempt=attempt, log=log, reader=Closed(), started=datetime.now(UTC))
    local.close()
    log.write_text("by a child that was not dead yet")
    assert not local.follow()


async def test_a_noisy_child_that_outlives_its_renderer_by_a_moment_does_no_harm(tmp_path, caplog):
    script = f"(while :; do echo noise; done) & {WRITE}; exit 0"
    async with farm(tmp_path) as here:
        job = await here.run(script, frames="1-12", chunks={"size": 1}, parallelism=4, output=PNG)
        await until(lambda: job.status.state is State.COMPLETED)
    assert not [r for r in caplog.records if r.levelname == "ERROR"]
