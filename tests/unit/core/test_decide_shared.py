"""A job of which another writes the files has a condition that says so, while both write."""

from __future__ import annotations

from renderjob.api import State
from support.jobs import spec
from support.world import World

WORDS = "film/other writes the same files (####.png)"


def conditions(world):
    return {c.type.value: c.message for c in world.status.conditions if c.status == "True"}


def test_it_is_told_once_is_no_error_and_goes_with_its_cause(monkeypatch):
    world = World(spec(frames="1-4", chunks={"size": 2}))
    monkeypatch.setattr(world, "_check_transition", lambda *_: None)
    world.extra = {"shared": WORDS}
    world.step()
    world.end_all()
    world.step()
    assert conditions(world)["OutputShared"] == WORDS
    assert world.events.count("OutputShared") == 1
    assert world.status.error == ""
    world.extra = {}
    world.step()
    assert "OutputShared" not in conditions(world)
    assert world.run().state is State.COMPLETED


def test_a_job_at_its_end_is_not_written_again_for_it():
    world = World(spec(frames="1-4"))
    world.run()
    before = world.status
    world.extra = {"shared": WORDS}
    world.step()
    assert world.status is before
