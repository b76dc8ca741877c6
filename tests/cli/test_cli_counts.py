"""Sentences and numbers of plans and runs are true: chunks, what failed and is tolerated, what is left to do."""

from __future__ import annotations

import json

from renderjob.media import find_ffmpeg


def test_a_plan_and_a_run_count_the_same_chunks(farm):
    file = farm.write(frames="1-24", chunks={"size": 6}, preview={"frames": "Ends"})
    plan = json.loads(farm("plan", file, "-o", "json").out)
    assert (plan["chunks"]["count"], plan["chunks"]["starts"]) == (4, 7)
    assert "4, of 6 frames at most; 7 starts, since the preview's frames come first" in farm("plan", file).out
    assert "renders 24 frames in 4 chunks" in farm("run", file).out


def test_a_plan_of_more_chunks_than_it_lists_says_so(farm):
    file = farm.write(frames="1-100000", chunks={"size": 1})
    plan = json.loads(farm("plan", file, "-o", "json").out)
    assert (plan["chunks"]["count"], plan["chunks"]["starts"]) == (100000, 100000)
    text = farm("plan", file).out
    assert "of them are shown" in text
    assert "preview" not in text


def test_a_plan_names_what_it_depends_on(farm):
    file = farm.write(dependsOn=[{"name": "render"}, {"name": "sim", "frames": "All"}])
    assert (
        "Depends on:  render (a chunk starts when its frames are there); sim (all of it first)"
        in farm("plan", file).out
    )


def test_a_plan_of_a_simulation_lists_all_chunks_and_says_that_they_wait_for_each_other(farm):
    file = farm.write(frames="1-16", chunks={"size": 4, "order": "Sequential"}, parallelism=4)
    text = farm("plan", file).out
    assert "Sequential (each chunk when the one before is whole)" in text
    assert "1 chunk at a time" in text
    assert "frames 13-16" in text


def test_what_failed_and_is_tolerated_is_not_called_done(farm):
    broken = "[ $i = 3 ] && [ -e broken ] && exit 1"
    file = farm.write(
        frames="1-4",
        chunks={"size": 1},
        command=farm.renderer(broken),
        retries={"perChunk": 0},
        tolerate={"failedFrames": 1},
        merge={
            "template": {"spec": {"containers": [{"name": "m", "command": ["touch", "$(RENDER_OUTPUT)/v"]}]}}
        },
    )
    (farm.home / "broken").touch()
    first = farm("run", file)
    assert first.code == 0
    assert "3 of 4 frames are there, one failed and is tolerated: the merge starts" not in first.err
    assert "every frame is there" not in first.out + first.err
    again = farm("run", file)
    assert "nothing was left to do" not in again.out
    assert "3 of 4 were rendered already" in again.out
    assert "frame 3 (tolerated)" in again.out
    assert "runs again what failed" in again.out


def test_a_frame_that_is_rendered_twice_in_one_run_is_one_frame(farm):
    picture = f"'{find_ffmpeg()}' -v error -y -f lavfi -i testsrc=size=64x36 -frames:v 1 $f; "
    cut = "if [ $i = 2 ] && [ ! -e cut ]; then touch cut; echo nopng > $f; fi"
    file = farm.write(
        frames="1-3",
        command=farm.renderer(after=f"{picture}{cut}"),
        merge={"ffmpeg": {"file": "all.mp4"}},
        retries={"backoff": {"initial": "0s"}},
    )
    done = farm("run", file)
    assert (done.code, farm.begun()) == (0, [1, 2, 3, 2])
    assert "3 of 3 rendered\n" in done.out


def test_each_attempt_at_a_merge_counts_once(farm):
    merge = {"retries": 1, "template": {"spec": {"containers": [{"name": "m", "command": ["false"]}]}}}
    done = farm("run", farm.write(merge=merge, retries={"backoff": {"initial": "0s"}}))
    assert done.code == 1
    assert "the merge failed 2 times" in done.out
    assert "2 attempts: 2 Merge" in done.out


def test_a_run_of_one_bad_frame_renders_the_rest_and_says_so(farm):
    file = farm.write(command=farm.renderer("[ $i = 2 ] && exit 3"), retries={"perChunk": 0}, parallelism=1)
    done = farm("run", file)
    assert done.code == 1
    assert "9 of 10 rendered" in done.out
    assert "Failed    frame 2" in done.out
    assert "tried in parts" in done.out


def test_a_run_and_a_plan_tell_who_else_writes_the_same_files(farm):
    assert farm("run", farm.write("short")).code == 0
    other = farm.write("other")
    words = "default/short writes the same files (####.png): one overwrites what the other has rendered"
    assert words in farm("plan", other).out
    assert f"note: {words}" in farm("run", other).out
    assert words not in farm("plan", farm.write("short")).out, "it may write over itself"
