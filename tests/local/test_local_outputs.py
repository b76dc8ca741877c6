"""What lies on the disk decides: an exit code of 0 proves no frame; a frame that is gone is made again."""

from __future__ import annotations

import shutil

import pytest

from renderjob.api import State
from support.local import HOLD, PNG, WRITE, each_frame, farm
from support.wrapped import Interfering

TOLD = 'echo "$RENDER_ATTEMPT $RENDER_FRAMES" >> told; '


async def test_frames_that_are_missing_after_a_success_are_rendered_again(tmp_path):
    script = TOLD + each_frame(
        "case $RENDER_ATTEMPT$f in 14|15) continue;; esac; echo frame > $RENDER_OUTPUT/$n.png"
    )
    async with farm(tmp_path) as here:
        job = await here.run(script, output=PNG)
        assert here.lines("told") == ["1 1-10", "2 4-5"]
    assert job.status.state is State.COMPLETED
    (failure,) = job.status.failures
    assert failure.failure_class == "NoOutput"
    assert failure.frames == "4-5"


async def test_frames_that_are_too_small_do_not_count(tmp_path):
    script = TOLD + each_frame("{ [ $RENDER_ATTEMPT$f = 13 ] || echo frame; } > $RENDER_OUTPUT/$n.png")
    async with farm(tmp_path) as here:
        await here.run(script, output={**PNG, "minBytes": 6})
        assert here.lines("told") == ["1 1-10", "2 3"]


async def test_a_renderer_that_never_writes_fails_with_its_frames_named(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run("echo all done", output=PNG, retries={"perChunk": 1, "onFailure": "Stop"})
    assert job.status.state is State.FAILED
    assert job.status.attempts.failed == 2
    assert "1-10" in job.status.error


async def test_a_chunks_file_decides_about_the_whole_chunk(tmp_path):
    script = (
        TOLD + "[ $RENDER_ATTEMPT$RENDER_START = 16 ] || echo video > $RENDER_OUTPUT/part-$RENDER_START.mkv"
    )
    async with farm(tmp_path) as here:
        chunk_file = {"path": "out", "chunkFile": "part-$(RENDER_START).mkv"}
        job = await here.run(script, output=chunk_file, chunks={"size": 5}, frames="1-12")
        assert sorted(here.lines("told")) == ["1 1-5", "1 11-12", "1 6-10", "2 6-10"]
        assert here.pictures() == ["part-1.mkv", "part-11.mkv", "part-6.mkv"]
    assert job.status.state is State.COMPLETED


async def test_a_failed_chunk_of_one_file_keeps_none_of_its_frames(tmp_path):
    script = (
        TOLD + each_frame("echo \"Saved: '$RENDER_OUTPUT/$n.png'\"") + "; [ $RENDER_ATTEMPT = 2 ] || exit 1"
    )
    script += "; echo video > $RENDER_OUTPUT/part-1.mkv"
    async with farm(tmp_path) as here:
        chunk_file = {"path": "out", "chunkFile": "part-$(RENDER_START).mkv"}
        await here.run(script, output=chunk_file)
        assert here.lines("told") == ["1 1-10", "2 1-10"]


def listed(frames: str, file: str, script: str) -> dict:
    return {"frames": frames, "command": ["sh", "-c", script], "output": file}


async def test_listed_chunks_run_their_own_commands_and_are_verified(tmp_path):
    first = "echo one >> told; [ $RENDER_ATTEMPT = 2 ] && echo video > $RENDER_OUTPUT/a.mov; exit 0"
    explicit = [
        listed("1-4", "a.mov", first),
        listed("5,7,9", "sub/b.mov", "echo $RENDER_FRAMES >> told; mkdir -p out/sub; echo v > out/sub/b.mov"),
    ]
    async with farm(tmp_path) as here:
        job = await here.run(frames="1-4,5,7,9", chunks={"explicit": explicit}, output={"path": "out"})
        assert sorted(here.lines("told")) == ["5-9x2", "one", "one"]
    assert job.status.state is State.COMPLETED
    assert job.status.total_chunks == 2


# -- between two runs ---------------------------------------------------------------------------------------


async def test_frames_that_were_deleted_between_runs_are_rendered_again(tmp_path):
    async with farm(tmp_path) as here:
        uid = (await here.run(output=PNG, chunks={"size": 5})).metadata.uid
        (here.out / "0004.png").unlink()
        (here.out / "0008.png").write_text("")
        (here.home / "frames").unlink()
    async with farm(tmp_path) as here:
        job = await here.end(uid)
        assert here.lines() == ["4", "8"]
    assert job.status.state is State.COMPLETED


async def test_a_chunks_file_that_was_deleted_is_rendered_again(tmp_path):
    output = {"path": "out", "chunkFile": "part-$(RENDER_CHUNK).mkv"}
    async with farm(tmp_path) as here:
        script = "echo $RENDER_FRAMES >> frames; echo video > $RENDER_OUTPUT/part-$RENDER_CHUNK.mkv"
        uid = (await here.run(script, output=output, chunks={"size": 4})).metadata.uid
        (here.out / "part-1.mkv").unlink()
    async with farm(tmp_path) as here:
        await here.end(uid)
        assert sorted(here.lines()) == ["1-4", "5-8", "5-8", "9-10"]


async def test_nothing_is_rendered_again_where_files_can_not_tell(tmp_path):
    async with farm(tmp_path) as here:
        uid = (await here.run(output={"path": "out"})).metadata.uid
        shutil.rmtree(here.out)
    async with farm(tmp_path) as here:
        job = await here.end(uid)
        assert len(here.lines()) == 10
    assert job.status.state is State.COMPLETED


@pytest.mark.parametrize("interfering", [False, True])
async def test_frames_that_are_there_are_adopted(tmp_path, interfering):
    wrap = Interfering if interfering else lambda inner: inner
    async with farm(tmp_path, wrap=wrap) as here:
        here.out.mkdir()
        for frame in (2, 3, 7):
            (here.out / f"{frame:04}.png").write_text("of before")
        (here.out / "0005.png").write_text("")
        job = await here.run(output={**PNG, "adopt": True})
        assert sorted(map(int, here.lines())) == [1, 4, 5, 6, 8, 9, 10]
        assert (here.out / "0003.png").read_text() == "of before"
    assert job.status.state is State.COMPLETED


async def test_without_adopt_frames_that_are_there_are_rendered(tmp_path):
    async with farm(tmp_path) as here:
        here.out.mkdir()
        (here.out / "0003.png").write_text("of before")
        await here.run(output=PNG)
        assert (here.out / "0003.png").read_text() == "frame\n"


async def test_a_job_that_was_left_in_the_middle_goes_on_with_what_is_missing(tmp_path):
    script = each_frame(f"[ $f -lt 4 ] || {HOLD}; echo frame > $RENDER_OUTPUT/$n.png; echo $f >> frames")
    async with farm(tmp_path) as here:
        uid = await here.submit(script, output=PNG, chunks={"size": 3})
        await here.reached(uid, lambda job: job.status.frames.completed == "1-3" and job.status.active == 1)
        (here.out / "0002.png").unlink()
    async with farm(tmp_path) as here:
        here.uids.append(uid)
        here.go()
        job = await here.end(uid)
        assert sorted(map(int, here.lines())) == [1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert job.status.state is State.COMPLETED
    assert job.status.attempts.failed == 0, "what its manager stopped is nobody's failure"


async def test_an_output_that_cannot_be_looked_at_is_not_taken_for_rendered(tmp_path, monkeypatch):
    from renderjob.executors.local import settle
    from renderjob.outputs import FileStore

    monkeypatch.setattr(settle, "PAUSES", ())
    async with farm(tmp_path) as here:
        real, errors = FileStore.verify_ended, [OSError(5, "I/O error")]

        def broken(*args):
            if errors:
                raise errors.pop()
            return real(*args)

        monkeypatch.setattr(FileStore, "verify_ended", broken)
        job = await here.run(TOLD + WRITE, output=PNG)
        assert here.lines("told") == ["1 1-10", "2 1-10"]
    assert job.status.state is State.COMPLETED
