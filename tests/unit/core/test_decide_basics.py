"""The life of a job in the decision core: start, chunks, end."""

from __future__ import annotations

from datetime import timedelta

from renderjob.api import State
from renderjob.core import Phase
from renderjob.frames import FrameSet
from support.jobs import spec
from support.world import START, World


def test_a_healthy_job_completes_and_every_frame_is_rendered_once():
    world = World(spec(frames="1-100", chunks={"size": 10}, parallelism=3))
    status = world.run()
    assert status.state is State.COMPLETED
    assert status.frames.completed == "1-100"
    assert sum(len(frames) for frames in world.rendered) == 100
    assert status.attempts.succeeded == 10
    assert (status.total_chunks, status.completed_chunks) == (10, 10)
    assert status.progress == 100
    assert status.id == "uid-1"
    assert status.created_at == START
    assert status.error == ""


def test_no_more_than_parallelism_chunks_run_at_a_time():
    world = World(spec(frames="1-100", chunks={"size": 1}, parallelism=7))
    for _ in range(30):
        world.step()
        assert len(world.running) <= 7
        assert world.status.active == len(world.running)
        for running in world.running[:2]:
            world.end(running)


def test_an_attempt_is_written_down_before_it_starts():
    world = World(spec(frames="1-4", chunks={"size": 2}, parallelism=2))
    decision = world.step(acts=0)
    assert world.status.frames.active == "1-4"
    assert not world.attempts
    # The operator died before it could act: the same attempts are started, under the same ids.
    again = world.step()
    assert again.actions == decision.actions
    assert len(world.running) == 2


def test_a_stepped_range_keeps_its_step_in_every_chunk():
    world = World(spec(frames="1-39x2", chunks={"size": 5}, parallelism=10))
    world.step()
    assert [str(r.attempt.frames) for r in world.running] == ["1-9x2", "11-19x2", "21-29x2", "31-39x2"]
    assert all(len(r.attempt.frames.runs()) == 1 for r in world.running)


def test_nothing_changed_means_the_same_status_object_and_no_write():
    world = World(spec(parallelism=2))
    world.step()
    world.step()
    before = world.status
    assert world.step().status is before
    world.pass_time(5)
    assert world.step().status is before


def test_parallelism_zero_starts_nothing_and_says_so():
    world = World(spec(parallelism=0))
    world.step()
    assert world.status.state is State.PENDING
    assert not world.running
    ready = next(c for c in world.status.conditions if c.type == "Ready")
    assert "parallelism is 0" in ready.message


def test_progress_moves_while_a_chunk_runs_and_never_falls_when_it_dies():
    world = World(spec(frames="1-10", chunks={"size": 10}))
    world.step()
    running = world.running[0]
    running.seen = type(running.seen)(id=1, phase=Phase.RUNNING, fraction=0.55, started_at=world.now)
    world.step()
    assert world.status.progress == 55
    world.end(running, Phase.FAILED)
    world.step()
    assert world.status.progress == 55
    assert world.run().progress == 100


def test_a_lower_parallelism_lets_running_chunks_finish():
    world = World(spec(frames="1-20", chunks={"size": 1}, parallelism=10))
    world.step()
    world.edit(parallelism=2)
    world.step()
    assert len(world.running) == 10
    assert not any(r.stopping for r in world.running)
    world.end_all()
    world.step()
    assert len(world.running) == 2


def test_the_estimate_follows_from_frame_times():
    world = World(spec(frames="1-100", chunks={"size": 10}, parallelism=2))
    world.step()
    world.pass_time(20)
    world.end_all()
    world.step()
    assert world.status.frame_seconds.p50 == 2.0
    assert (world.status.frames_shown, world.status.chunks_shown) == ("20/100", "2/10")
    assert world.status.eta_shown == "1m"
    assert world.status.estimated_completion == world.now + timedelta(seconds=80 * 2 / 2)


def test_an_attempt_that_nobody_wrote_down_is_stopped_and_forgotten():
    world = World(spec(frames="1-4"))
    world.step()
    stranger = world.running[0]
    world.attempts[99] = type(stranger)(
        attempt=type(stranger.attempt)(99, stranger.attempt.kind, FrameSet((77,)), 0, 1, 1),
        seen=type(stranger.seen)(id=99, phase=Phase.RUNNING),
    )
    world.step()
    assert world.attempts[99].stopping
    world.end_stopping()
    world.step()
    assert 99 not in world.attempts


def test_ids_are_never_used_twice():
    world = World(
        spec(frames="1-6", chunks={"size": 2}, parallelism=3, retries={"backoff": {"initial": "0s"}})
    )
    world.step()
    world.end_all(Phase.FAILED)
    world.step()
    assert sorted(world.started_ids) == [1, 2, 3, 4, 5, 6]


def test_the_executors_image_is_told_and_an_ended_job_is_not_written_again_for_another_one():
    world = World(spec(frames="1-4"))
    world.extra = {"helper_image": "renderjob:1"}
    world.step()
    assert world.status.helper_image == "renderjob:1"
    world.extra = {"helper_image": "renderjob:2"}
    assert world.run().helper_image == "renderjob:2"
    world.extra = {"helper_image": "renderjob:3"}
    before = world.status
    assert world.step().status is before
