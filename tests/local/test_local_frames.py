"""What makes a frame whole on this machine: all of its files, pictures that can be decoded; and disks that are full."""

from __future__ import annotations

import errno
import os

import pytest

from renderjob.api import State
from renderjob.executors.local import diagnosis, settle
from renderjob.frames import FrameSet
from renderjob.media import run_ffmpeg
from renderjob.outputs import FileStore, ended
from support.local import PNG, WRITE, each_frame, farm, until

ONCE = {"perChunk": 0, "onFailure": "Stop"}
STEREO = {"path": "out", "files": ["left/%d.exr", "right/%d.exr"]}
BOTH = 'echo x > $RENDER_OUTPUT/left/$f.exr; [ "$f" = "$BAD" ] || echo x > $RENDER_OUTPUT/right/$f.exr'
TOLD = 'echo "$RENDER_FRAMES" >> told; '


@pytest.mark.parametrize("fenced", [None, False])
async def test_a_frame_counts_when_all_of_its_files_are_there_and_the_missing_one_is_named(tmp_path, fenced):
    async with farm(tmp_path) as here:
        output = STEREO | ({} if fenced is None else {"fenced": fenced})
        script = f"BAD=2; {each_frame(BOTH)}; true"
        job = await here.run(script, output=output, frames="1-4", chunks={"size": 2}, retries=ONCE)
        assert job.status.state is State.FAILED
        assert "wanted right/2.exr in" in job.status.error
        assert FrameSet.parse(job.status.frames.failed) == FrameSet((2,))
        assert (here.out / "left/1.exr").exists()
        assert (here.out / "right/1.exr").exists()


async def test_all_files_of_a_frame_arrive_together(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run(each_frame(BOTH), output=STEREO, frames="1-3")
        assert job.status.state is State.COMPLETED
        assert sorted(p.relative_to(here.out).as_posix() for p in here.out.rglob("*.exr")) == [
            f"{side}/{frame}.exr" for side in ("left", "right") for frame in (1, 2, 3)
        ]


async def test_what_is_missing_is_told_with_what_was_found(tmp_path):
    async with farm(tmp_path) as here:
        script = each_frame("echo pixels > $RENDER_OUTPUT/shot.$n.png")
        job = await here.run(script, output=PNG, frames="1-3", retries=ONCE)
        assert f"wanted 0001.png … 0003.png in {here.out}; found shot.0001.png and 2 more" in job.status.error
        assert (here.out / "shot.0001.png").exists()


async def test_a_picture_that_is_cut_short_is_rendered_again(tmp_path):
    picture = tmp_path / "whole.png"
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc=s=64x36", "-frames:v", "1", str(picture)])
    copy = f"cp {picture} $RENDER_OUTPUT/$n.png; [ $f != 2 ] || [ -e once ] || truncate -s 99 $RENDER_OUTPUT/$n.png"
    script = TOLD + each_frame(copy) + "; touch once"
    async with farm(tmp_path) as here:
        job = await here.run(script, output=PNG | {"check": "Decode"}, frames="1-3")
        assert here.lines("told") == ["1-3", "2"]
        assert "0002.png cannot be read" in job.status.failures[0].message
    assert job.status.state is State.COMPLETED


async def test_what_is_rendered_and_can_not_be_moved_waits_and_is_not_rendered_again(tmp_path, monkeypatch):
    monkeypatch.setattr(settle, "PAUSES", (0.05,))
    failures = [OSError(errno.EROFS, os.strerror(errno.EROFS), "out")] * 3
    publish = FileStore.publish_ended

    def blocked(*arguments):
        if failures:
            raise failures.pop()
        return publish(*arguments)

    monkeypatch.setattr(FileStore, "publish_ended", blocked)
    async with farm(tmp_path) as here:
        job = await here.run(TOLD + WRITE, output=PNG, frames="1-3", retries=ONCE)
        assert here.lines("told") == ["1-3"]
        assert here.pictures() == ["0001.png", "0002.png", "0003.png"]
        told = [status.error for _, decision in here.decisions if (status := decision.status).error]
    assert job.status.state is State.COMPLETED
    assert told
    assert "read-only file system" in told[0]
    assert "can't be moved" in told[0]


async def test_who_waits_for_a_disk_can_be_cancelled(tmp_path, monkeypatch):
    monkeypatch.setattr(settle, "PAUSES", (0.05,))

    def blocked(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out")

    monkeypatch.setattr(FileStore, "publish_ended", blocked)
    async with farm(tmp_path) as here:
        uid = await here.submit(WRITE, output=PNG, frames="1-3")
        await until(lambda: any("no space left" in d.status.error for _, d in here.decisions))
        await here.manager.cancel(uid)
        job = await here.end(uid)
    assert job.status.state is State.CANCELLED


async def test_a_full_disk_is_waited_for_and_spends_no_retry(tmp_path, monkeypatch):
    answers = ["no space left on device: out (on /, 0.0 MiB free)"] * 3

    def asked(*_):
        return answers.pop() if answers else ""

    monkeypatch.setattr(ended, "why_not_writable", asked)
    monkeypatch.setattr(diagnosis, "why_not_writable", asked)
    fails = each_frame(
        "[ -e room ] || [ $f != 2 ] || { touch room; exit 1; }; echo x > $RENDER_OUTPUT/$n.png"
    )
    async with farm(tmp_path) as here:
        job = await here.run(TOLD + fails, output=PNG, frames="1-3", retries=ONCE)
        assert here.lines("told")[0] == "1-3"
        assert len(here.lines("told")) == 2, "nothing is started while there is no room"
    assert job.status.state is State.COMPLETED
    assert job.status.attempts.failed == 0
    assert job.status.attempts.backed_off == 3
    assert "no space left on device" in job.status.failures[0].message
