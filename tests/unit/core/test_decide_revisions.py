"""A job writes down which of its frames are rendered again, for those that are made from them."""

from __future__ import annotations

from renderjob.api import State
from renderjob.api.status import MAX_REVISIONS
from renderjob.frames import FrameSet
from support.jobs import spec
from support.world import World


def ask(world: World, frames: str, request: int) -> None:
    world.edit(rerender={"frames": frames, "request": request})


def finished() -> World:
    world = World(spec(frames="1-20", chunks={"size": 5}, parallelism=10))
    assert world.run().state is State.COMPLETED
    return world


def revisions(world: World) -> list[tuple[int, str]]:
    return [(each.number, each.frames) for each in world.status.revisions]


def test_a_rerender_is_a_revision_of_its_frames():
    world = finished()
    assert revisions(world) == []
    ask(world, "7", 1)
    world.step()
    assert revisions(world) == [(1, "7")]
    world.run()
    ask(world, "9-10", 2)
    world.step()
    assert revisions(world) == [(1, "7"), (2, "9-10")]


def test_files_that_are_lost_and_an_edit_of_what_decides_the_pixels_are_revisions():
    world = finished()
    world.extra = {"lost": FrameSet.parse("3")}
    world.step()
    world.extra = {}
    assert revisions(world) == [(1, "3")]
    world.run()
    world.edit(template={"spec": {"containers": [{"name": "render", "command": ["another"]}]}})
    world.step()
    assert revisions(world)[-1] == (2, "1-20")


def test_fewer_frames_are_no_revision():
    world = finished()
    world.edit(frames="1-10")
    world.step()
    assert revisions(world) == []


def test_many_revisions_are_remembered_together_and_none_is_forgotten():
    world = finished()
    for request in range(1, MAX_REVISIONS + 4):
        ask(world, str(request), request)
        world.run()
    found = revisions(world)
    assert len(found) == MAX_REVISIONS
    assert found[-1] == (MAX_REVISIONS + 3, str(MAX_REVISIONS + 3))
    union = FrameSet.union_of(FrameSet.parse(frames) for _, frames in found)
    assert union == FrameSet.parse(f"1-{MAX_REVISIONS + 3}")
