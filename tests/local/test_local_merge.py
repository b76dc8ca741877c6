"""The merge as a stage of a local job: a sequence, chunk videos, failures that lose no frame."""

from __future__ import annotations

import subprocess

import pytest

from renderjob.api import MergeSpec, State
from renderjob.media import count_frames, find_ffmpeg, probe_video
from support.local import PNG, WRITE, farm, until

pytestmark = pytest.mark.slow

SOURCE = "testsrc=size=64x36:rate=24"


def pictures() -> str:
    """Shell: a renderer that makes real pictures."""
    return (
        f"echo $RENDER_FRAMES >> frames; '{find_ffmpeg()}' -v error -y -f lavfi -i {SOURCE} "
        "-frames:v $RENDER_FRAME_COUNT -start_number $RENDER_START $RENDER_OUTPUT/%04d.png"
    )


def video() -> str:
    """Shell: a renderer that makes one video of each chunk."""
    return (
        f"echo $RENDER_FRAMES >> frames; '{find_ffmpeg()}' -v error -y -f lavfi -i {SOURCE} "
        '-frames:v $RENDER_FRAME_COUNT -c:v ffv1 "$RENDER_OUTPUT/it\'s $RENDER_START.mkv"'
    )


def with_merge(spec, **ffmpeg):
    return spec.model_copy(update={"merge": MergeSpec.model_validate({"ffmpeg": ffmpeg, "retries": 0})})


async def test_a_sequence_becomes_a_video(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run(
            pictures(),
            frames="1-12",
            chunks={"size": 6},
            output=PNG,
            merge={"ffmpeg": {"file": "all.mp4", "fps": 12}},
        )
        states = [j.status.state for j, _ in here.decisions]
        assert job.status.state is State.COMPLETED
        assert State.MERGING in states
        assert job.status.result.merged == "out/all.mp4"
        assert count_frames(here.out / "all.mp4") == 12
        assert (probe_video(here.out / "all.mp4").width, probe_video(here.out / "all.mp4").height) == (64, 36)


async def test_chunk_videos_are_joined_in_the_order_of_their_frames(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run(
            video(),
            frames="1-10",
            chunks={"size": 4, "order": "Reverse"},
            output={"path": "out", "chunkFile": "it's $(RENDER_START).mkv"},
            merge={"ffmpeg": {"file": "all.mkv", "codec": "copy"}},
        )
        assert job.status.state is State.COMPLETED
        assert job.status.error == ""
        assert here.lines() == ["9-10", "5-8", "1-4"]
        assert count_frames(here.out / "all.mkv") == 10
        assert here.pictures() == ["all.mkv", "it's 1.mkv", "it's 5.mkv", "it's 9.mkv"]


async def test_a_merge_that_fails_is_repaired_and_retried_alone(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run(
            pictures(),
            frames="1-4",
            output=PNG,
            merge={"ffmpeg": {"file": "all.mp4", "args": ["-preset", "nosuch"]}, "retries": 1},
        )
        uid = job.metadata.uid
        assert job.status.state is State.FAILED
        assert "merge failed once" in job.status.error, "what can't be is not tried again"
        assert "every frame is kept" in job.status.error
        assert job.status.frames.completed == "1-4"
        assert not (here.out / "all.mp4").exists()
        await here.manager.edit(uid, lambda spec: with_merge(spec, file="all.mp4"))
        await here.manager.retry(uid)
        job = await here.end(uid)
        assert job.status.state is State.COMPLETED
        assert here.lines() == ["1-4"]
        assert count_frames(here.out / "all.mp4") == 4


async def test_a_frame_that_is_rendered_anew_makes_the_video_anew(tmp_path):
    spec = {"frames": "1-4", "output": PNG, "merge": {"ffmpeg": {"file": "all.mp4"}}}
    async with farm(tmp_path) as here:
        uid = (await here.run(pictures(), **spec)).metadata.uid
        old = (here.out / "all.mp4").stat().st_mtime_ns
        (here.out / "0003.png").unlink()
    async with farm(tmp_path) as here:
        job = await here.end(uid)
        assert job.status.state is State.COMPLETED
        assert here.lines() == ["1-4", "3"]
        frame, video = ((here.out / name).stat().st_mtime_ns for name in ("0003.png", "all.mp4"))
        assert old < frame < video


async def test_a_picture_that_somebody_put_in_a_frames_place_makes_the_video_anew(tmp_path):
    spec = {"frames": "1-4", "output": PNG, "merge": {"ffmpeg": {"file": "all.mp4"}}}
    async with farm(tmp_path) as here:
        uid = (await here.run(pictures(), **spec)).metadata.uid
        old = (here.out / "all.mp4").stat().st_mtime_ns
        (here.out / "0003.png").write_bytes((here.out / "0001.png").read_bytes())
    async with farm(tmp_path) as here:
        job = await here.end(uid)
        assert job.status.state is State.COMPLETED
        assert here.lines() == ["1-4"], "nothing is rendered again"
        assert (here.out / "all.mp4").stat().st_mtime_ns > old


async def test_all_bad_pictures_are_named_once_rendered_again_and_merged(tmp_path):
    bad = "case $RENDER_FRAMES in 1-4) for f in 2 3; do echo nopng > $RENDER_OUTPUT/000$f.png; done;; esac"
    async with farm(tmp_path) as here:
        job = await here.run(
            f"{pictures()}; {bad}",
            frames="1-4",
            output=PNG,
            merge={"ffmpeg": {"file": "all.mp4"}},
            retries={"perChunk": 0, "onFailure": "Stop", "backoff": {"initial": "0s"}},
        )
        assert job.status.state is State.COMPLETED
        assert sorted(here.lines()) in (["1-4", "2", "3"], ["1-4", "2-3"])
        [failure] = job.status.failures
        assert failure.frames == "2-3"
        assert "2 of 4 frames can't be merged: 2-3 cannot be read" in failure.message


async def test_what_can_not_be_merged_is_found_before_the_rest_is_rendered(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run(
            f"{pictures()}; sleep 0.4",
            frames="1-60",
            chunks={"size": 1},
            parallelism=1,
            output=PNG,
            merge={"ffmpeg": {"file": "all.mp4", "args": ["-preset", "nosuch"]}},
        )
        assert job.status.state is State.FAILED
        assert job.status.fatal_reason == "MergeRefused"
        assert "nosuch" in job.status.error
        assert 0 < job.status.completed_frames < 60
        assert here.pictures() == [f"{frame:04d}.png" for frame in range(1, job.status.completed_frames + 1)]


async def test_a_merge_that_was_deleted_between_runs_is_made_again_and_no_frame_is(tmp_path):
    spec = {"frames": "1-4", "output": PNG, "merge": {"ffmpeg": {"file": "all.mp4"}}}
    async with farm(tmp_path) as here:
        uid = (await here.run(pictures(), **spec)).metadata.uid
        (here.out / "all.mp4").unlink()
    async with farm(tmp_path) as here:
        job = await here.end(uid)
        assert job.status.state is State.COMPLETED
        assert count_frames(here.out / "all.mp4") == 4
        assert here.lines() == ["1-4"]


async def test_the_renders_memory_limit_does_not_bind_the_built_in_merge(tmp_path):
    """A renderer may need little; ffmpeg needs what it needs: 12 MiB would not even hold our Python."""
    async with farm(tmp_path) as here:
        here.out.mkdir()
        made = ["-lavfi", SOURCE, "-frames:v", "4", f"{here.out}/%04d.png"]
        subprocess.run([find_ffmpeg(), "-v", "error", *made], check=True)
        job = await here.run(
            "true",
            frames="1-4",
            output={**PNG, "adopt": True},
            container={"resources": {"limits": {"memory": "12Mi"}}},
            merge={"ffmpeg": {"file": "all.mp4"}, "retries": 0},
        )
        assert job.status.state is State.COMPLETED, job.status.error


def own_merge(script: str, **container):
    named = {"name": "merge", "command": ["sh", "-c", script], **container}
    return {"template": {"spec": {"containers": [named]}}, "output": "all.txt"}


async def test_a_merge_of_ones_own_is_told_all_frames_and_retried_alone(tmp_path):
    script = 'echo "$RENDER_ATTEMPT $RENDER_FRAMES $RENDER_FRAME_COUNT" >> merges; [ $RENDER_ATTEMPT = 2 ]'
    async with farm(tmp_path) as here:
        job = await here.run(chunks={"size": 4}, output=PNG, merge=own_merge(script))
        assert job.status.state is State.COMPLETED
        assert here.lines("merges") == ["1 1-10 10", "2 1-10 10"]
        assert sorted(map(int, here.lines())) == list(range(1, 11))
        assert job.status.result.merged == "out/all.txt"
        assert job.status.attempts.failed == 0, "no chunk failed"


async def test_a_merge_of_ones_own_has_its_own_memory_limit(tmp_path):
    script = "while [ ! -e go ]; do sleep 0.02; done"
    limits = {"resources": {"limits": {"memory": "99Mi"}}}
    async with farm(tmp_path) as here:
        uid = await here.submit(
            WRITE,
            output=PNG,
            container={"resources": {"limits": {"memory": "1Gi"}}},
            merge=own_merge(script, **limits),
        )
        await here.reached(uid, lambda job: job.status.state is State.MERGING)
        await until(lambda: [a for a in here.executor.attempts(uid) if a.process])
        assert [a.memory for a in here.executor.attempts(uid)] == [99 << 20]
        here.go()
        await here.end(uid)


async def test_an_edit_while_it_merges_stops_the_merge_and_renders_what_is_new(tmp_path):
    script = "echo $RENDER_FRAMES >> merges; [ $RENDER_FRAME_COUNT = 12 ] || sleep 600"
    async with farm(tmp_path) as here:
        uid = await here.submit(output=PNG, merge=own_merge(script))
        await until(lambda: here.lines("merges"))
        await here.manager.edit(uid, lambda spec: spec.model_copy(update={"frames": "1-12"}))
        job = await here.end(uid)
        assert here.lines("merges") == ["1-10", "1-12"]
        assert sorted(map(int, here.lines())) == list(range(1, 13))
    assert job.status.state is State.COMPLETED
