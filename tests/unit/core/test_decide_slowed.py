"""A job whose looks cost too much is told: once, what there is much of, and when it is over."""

from __future__ import annotations

from renderjob.api import ConditionType, State
from support.jobs import spec
from support.world import World


def slowed(world: World) -> str:
    """The sentence of the condition; empty without it."""
    return next((c.message for c in world.status.conditions if c.type is ConditionType.SLOWED), "")


def test_a_job_that_is_slowed_says_why_and_what_to_do():
    world = World(spec(frames="1-5000", chunks={"size": 2}, parallelism=1))
    world.step()
    assert slowed(world) == ""
    world.extra["slowed"] = "a look takes 2s"
    world.step()
    assert slowed(world) == (
        "a look takes 2s; it has 5,000 frames, 2,500 chunks: fewer of them in one RenderJob cost less"
    )
    world.step()
    assert world.events.count("TooCostly") == 1
    del world.extra["slowed"]
    world.step()
    assert slowed(world) == ""


def test_slowed_or_not_a_job_completes():
    world = World(spec(frames="1-10", parallelism=2), extra={"slowed": "a look takes 2s"})
    assert world.run().state is State.COMPLETED
