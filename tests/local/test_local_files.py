"""Files that appear are progress, and a sign of life, also of a renderer that prints nothing."""

from __future__ import annotations

import os

import pytest

from renderjob.api import State
from renderjob.core import Attempt, Kind
from renderjob.executors.local.files import FILES, FileWatch, watch_of
from renderjob.frames import FilePattern, FrameSet
from support.local import PNG, each_frame, farm, local_job

ONCE = {"perChunk": 0}
HELD = "[ $f != 4 ] || while [ ! -e go ]; do sleep 0.02; done; echo frame > %s/$n.png"


@pytest.mark.parametrize("place", ["$RENDER_OUTPUT", "$PWD/out"])
async def test_files_of_a_silent_renderer_are_its_progress(tmp_path, place):
    async with farm(tmp_path) as here:
        uid = await here.submit(each_frame(HELD % place), output=PNG)
        await here.reached(uid, lambda job: job.status.progress == 30)
        here.go()
        job = await here.end(uid)
    assert (job.status.state, job.status.progress) == (State.COMPLETED, 100)


@pytest.mark.parametrize("place", ["$RENDER_OUTPUT", "$PWD/out"])
async def test_files_that_appear_are_a_sign_of_life(tmp_path, place):
    """All takes longer than the renderer may be silent, by the same clock; each frame far less."""
    async with farm(tmp_path) as here:
        script = each_frame(f"sleep 0.3; echo frame > {place}/$n.png")
        job = await here.run(script, output=PNG, timeouts={"stall": "2s"}, retries=ONCE)
    assert (job.status.state, job.status.attempts.failed) == (State.COMPLETED, 0)


async def test_a_chunks_file_that_grows_is_a_sign_of_life(tmp_path):
    async with farm(tmp_path) as here:
        script = each_frame("sleep 0.3; echo frame >> $RENDER_OUTPUT/film-$RENDER_START.mkv")
        chunk_file = {"path": "out", "chunkFile": "film-$(RENDER_START).mkv"}
        job = await here.run(script, output=chunk_file, timeouts={"stall": "2s"}, retries=ONCE)
    assert (job.status.state, job.status.attempts.failed) == (State.COMPLETED, 0)


async def test_a_renderer_that_writes_no_more_stalls_and_what_it_wrote_counts(tmp_path):
    script = each_frame("[ $f != 4 ] || exec sleep 600; echo frame > $RENDER_OUTPUT/$n.png; sleep 0.1")
    async with farm(tmp_path) as here:
        job = await here.run(
            script,
            frames="1-4",
            output=PNG,
            timeouts={"stall": "1s"},
            retries=ONCE,
            tolerate={"failedFrames": 1},
        )
    assert {failure.failure_class for failure in job.status.failures} == {"Stalled"}
    assert (job.status.frames.completed, job.status.frames.failed) == ("1-3", "4")


def watch(directory, frames="1-5", pattern="####.png", fence=None):
    frames = FrameSet.parse(frames)
    attempt = Attempt(1, Kind.RENDER, frames, 0, 1, 1)
    return FileWatch(attempt, directory, fence, FilePattern(pattern), None, 1)


def written(path, at):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"frame")
    os.utime(path, (at, at))


def test_each_file_and_each_growth_is_told_once(tmp_path):
    here = watch(tmp_path)
    assert not here.look(1000)
    written(tmp_path / "0002.png", 1001)
    assert here.look(1000)
    assert not here.look(1000)
    written(tmp_path / "0002.png", 1002)
    assert here.look(1000)
    assert here.there == FrameSet.parse("2")


def test_older_files_and_files_of_other_frames_are_nobodys_work(tmp_path):
    here = watch(tmp_path)
    written(tmp_path / "0001.png", 900)
    written(tmp_path / "0007.png", 1001)
    written(tmp_path / "0003.exr", 1001)
    assert not here.look(1000)
    assert not here.there


def test_an_empty_file_is_a_sign_of_life_and_no_frame(tmp_path):
    here = watch(tmp_path)
    (tmp_path / "0001.png").touch()
    assert here.look(1000)
    assert not here.there


def test_a_directory_of_ones_own_is_read_and_frames_may_lie_below_it(tmp_path):
    here = watch(tmp_path, pattern="left/####.png", fence=tmp_path / "own")
    assert not here.look(1000)
    (tmp_path / "own").mkdir()
    written(tmp_path / "own" / "left" / "0005.png", 1)
    assert here.look(1000)
    assert here.there == FrameSet.parse("5")


def test_any_file_of_a_frame_is_a_sign_of_life_and_all_of_them_are_the_frame(tmp_path):
    attempt = Attempt(1, Kind.RENDER, FrameSet.parse("1-5"), 0, 1, 1)
    output = {"path": "out", "files": ["####.left.png", "####.right.png"]}
    here = watch_of(local_job(tmp_path, "true", output=output), attempt, tmp_path, None)
    written(tmp_path / "0002.left.png", 1001)
    assert here.look(1000)
    assert not here.there
    written(tmp_path / "0002.right.png", 1001)
    assert here.look(1000)
    assert here.there == FrameSet.parse("2")


def test_of_very_many_frames_some_are_looked_for_at_a_time(tmp_path):
    here = watch(tmp_path, frames=f"1-{3 * FILES}")
    written(tmp_path / f"{2 * FILES + 5:04}.png", 1001)
    assert [here.look(1000) for _ in range(4)] == [False, False, True, False]


def test_without_names_of_files_there_is_nothing_to_look_at(tmp_path):
    attempt = Attempt(1, Kind.RENDER, FrameSet.parse("1-5"), 0, 1, 1)
    job = local_job(tmp_path, "true", output={"path": "out"})
    assert watch_of(job, attempt, tmp_path, None) is None
    assert watch_of(local_job(tmp_path, "true"), attempt, None, None) is None
