"""What an edit would cost, told before it is applied."""

from __future__ import annotations

import pytest

from renderjob.api import RenderJobSpec
from renderjob.core import edit_cost
from support.jobs import spec
from support.world import World


@pytest.fixture
def half_done():
    world = World(spec(frames="1-100", chunks={"size": 10}, parallelism=5))
    world.step()
    world.pass_time(20)
    world.end_all()
    world.step()
    assert world.status.frames.completed == "1-50"
    return world


def cost(world, **changes):
    after = RenderJobSpec.model_validate(world.spec.to_wire() | changes)
    return edit_cost(world.spec, after, world.status, "uid-1", world.now)


def test_more_frames_cost_the_new_ones(half_done):
    told = cost(half_done, frames="1-120")
    assert str(told.kept) == "1-50"
    assert not told.again
    assert str(told.missing) == "51-120"
    assert told.seconds == pytest.approx(70 * 2 / 5)


def test_fewer_frames_cost_nothing_and_say_what_stops(half_done):
    told = cost(half_done, frames="1-40")
    assert str(told.kept) == "1-40"
    assert str(told.dropped) == "41-50"
    assert str(told.stopped) == "51-100"
    assert not told.missing


def test_another_command_costs_everything(half_done):
    other = {"spec": {"containers": [{"name": "render", "command": ["other"]}]}}
    told = cost(half_done, template=other)
    assert not told.kept
    assert str(told.again) == "1-50"
    assert str(told.stopped) == "51-100"


def test_another_command_that_keeps_what_is_rendered(half_done):
    other = {"spec": {"containers": [{"name": "render", "command": ["other"]}]}}
    told = cost(half_done, template=other, onEdit="Keep")
    assert str(told.kept) == "1-50"


@pytest.mark.parametrize(
    "change", [{"parallelism": 50}, {"retries": {"perChunk": 9}}, {"chunks": {"size": 7}}]
)
def test_what_changes_no_pixel_costs_nothing(half_done, change):
    told = cost(half_done, **change)
    assert str(told.kept) == "1-50"
    assert not told.again
    assert not told.stopped


def test_asking_changes_nothing(half_done):
    before = half_done.status
    cost(half_done, frames="1-5")
    assert half_done.status is before
