"""Given a job whose frames are rendered, when some are asked for once more, then these alone are rendered."""

from __future__ import annotations

from renderjob.api import State
from renderjob.core import Phase
from renderjob.frames import FrameSet
from support.jobs import spec
from support.world import World


def complete(**fields) -> World:
    world = World(spec(frames="1-20", chunks={"size": 5}, parallelism=4, **fields))
    assert world.run().state is State.COMPLETED
    world.rendered.clear()
    return world


def again(world: World) -> FrameSet:
    assert world.run().state is State.COMPLETED
    return FrameSet.union_of(world.rendered)


def test_only_the_frames_that_are_named_are_rendered_once_more():
    world = complete()
    world.edit(rerender={"frames": "7,9,100", "request": 1})
    world.step()
    assert world.status.state is State.RUNNING
    assert world.status.observed_rerender == 1
    assert "Rerendered" in world.events
    assert again(world) == FrameSet.parse("7,9")


def test_the_same_request_is_taken_up_once():
    world = complete()
    world.edit(rerender={"frames": "7", "request": 1})
    again(world)
    world.rendered.clear()
    world.edit(rerender={"frames": "7-8", "request": 1})
    world.step()
    assert world.status.state is State.COMPLETED
    world.edit(rerender={"frames": "7-8", "request": 2})
    assert again(world) == FrameSet.parse("7-8")


def test_a_request_in_the_first_manifest_asks_for_nothing_more():
    world = World(spec(frames="1-4", rerender={"frames": "2", "request": 3}))
    assert world.run().state is State.COMPLETED
    assert world.status.observed_rerender == 3
    assert "Rerendered" not in world.events


def test_an_attempt_that_may_have_read_what_was_changed_since_does_not_count():
    world = World(spec(frames="1-10", chunks={"size": 5}, parallelism=2))
    world.step()
    world.edit(rerender={"frames": "3", "request": 1})
    world.step()
    assert [running.stopping for running in world.running] == [True, False]
    assert world.run().state is State.COMPLETED


def test_a_failed_job_goes_on_with_the_frames_that_are_named():
    world = World(spec(frames="1-4", chunks={"size": 1}, parallelism=4, retries={"perChunk": 0}))
    world.step()
    world.end(world.running[1], Phase.FAILED)
    world.end_all()
    world.step()
    world.step()
    assert world.status.state is State.FAILED
    world.rendered.clear()
    world.edit(rerender={"frames": "2", "request": 1})
    assert again(world) == FrameSet.parse("2")


def test_the_merge_is_made_anew_of_frames_that_were_rendered_once_more():
    world = complete(output={"path": "/o", "file": "####.png"}, merge={"ffmpeg": {"file": "a.mp4"}})
    before = world.events.count("Merged")
    assert before == 1
    world.edit(rerender={"frames": "7", "request": 1})
    again(world)
    assert world.events.count("Merged") == 2


def test_of_chunks_that_write_one_file_the_whole_chunk_is_rendered():
    world = complete(output={"path": "/o", "chunkFile": "$(RENDER_START).mkv"})
    world.edit(rerender={"frames": "7", "request": 1})
    assert again(world) == FrameSet.parse("6-10")


def test_frames_that_are_not_asked_for_are_told():
    world = complete()
    world.edit(rerender={"frames": "100", "request": 1})
    world.step()
    assert world.status.state is State.COMPLETED
    assert "NothingToRerender" in world.events
