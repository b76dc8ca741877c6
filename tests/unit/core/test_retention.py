"""What is kept of attempts that have ended: failed ones, the newest, until a while after the job's end."""

from __future__ import annotations

from datetime import timedelta

from renderjob.api import State
from renderjob.core import Forget, Phase
from support.jobs import spec
from support.world import World


def failed(frames: str = "1-5", **cleanup: int) -> World:
    """A job at its end of which each frame's attempt has failed, one after the other."""
    world = World(
        spec(
            frames=frames,
            chunks={"size": 1},
            parallelism=1,
            retries={"perChunk": 0, "onFailure": "Continue", "canary": False},
            cleanup=cleanup,
        )
    )
    world.step()
    while world.running:
        world.end_all(Phase.FAILED)
        world.step()
    assert world.status.state is State.FAILED
    return world


def test_of_failed_attempts_the_newest_are_kept():
    world = failed(keepFailedChunks=2)
    assert sorted(world.kept) == [4, 5]
    assert not world.attempts


def test_what_succeeded_is_not_kept():
    world = World(spec(frames="1-4", chunks={"size": 1}))
    assert world.run().state is State.COMPLETED
    assert not world.kept
    assert world.wake is None


def test_an_edit_that_keeps_fewer_has_the_oldest_forgotten():
    world = failed(keepFailedChunks=3)
    world.edit(cleanup={"keepFailedChunks": 1})
    assert world.step().actions == (Forget(3, failed=True), Forget(4, failed=True))
    assert sorted(world.kept) == [5]


def test_what_is_kept_is_forgotten_when_its_time_is_over_and_a_decision_is_due_then():
    world = failed(ttlSecondsAfterFinished=60)
    assert world.status.completed_at is not None
    assert world.wake == world.status.completed_at + timedelta(seconds=60)
    world.pass_time(59)
    decision = world.step()
    assert decision.actions == ()
    assert decision.status is world.status
    assert decision.wake == world.wake
    world.pass_time(1)
    assert {action.id for action in world.step().actions} == {1, 2, 3, 4, 5}
    assert not world.kept
    assert world.step().wake is None


def test_a_time_of_zero_is_over_as_soon_as_the_end_is_written():
    world = failed(ttlSecondsAfterFinished=0)
    assert world.wake == world.now
    world.step()
    assert not world.kept


def test_logs_on_a_machine_are_kept_by_number_and_not_by_time():
    world = failed(ttlSecondsAfterFinished=0, keepFailedChunks=2)
    world.extra["keeps_logs"] = True
    world.step()
    assert sorted(world.kept) == [4, 5]
    assert world.wake is None


def test_a_job_that_goes_on_keeps_what_it_had():
    world = failed(ttlSecondsAfterFinished=3600)
    world.edit(frames="1-6")
    world.step()
    assert not world.status.state.terminal
    world.end_all()
    world.step()
    assert sorted(world.kept) == [1, 2, 3, 4, 5]


def test_what_is_kept_is_no_sign_that_anything_has_begun():
    """Nothing is decided by attempts whose end is in the status."""
    world = failed(frames="1", keepFailedChunks=1)
    with_it = world.decide()
    world.kept.clear()
    without = world.decide()
    assert with_it.status is without.status is world.status
    assert with_it.actions == without.actions == ()
