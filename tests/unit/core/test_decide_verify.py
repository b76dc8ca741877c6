"""Frames that an executor can't look for itself count when a verification has found their files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from renderjob.api import FailureClass, State
from renderjob.api.status import IN_FLIGHT
from renderjob.core import Kind, Phase
from renderjob.core.inflight import parse
from renderjob.frames import FrameSet
from support.jobs import spec
from support.world import World

OUTPUT = {"path": "/out", "file": "####.png"}


def world(frames="1-40", size=10, parallelism=2, **fields):
    fields.setdefault("retries", {"perChunk": 1, "backoff": {"initial": "0s"}})
    return World(spec(frames=frames, chunks={"size": size}, parallelism=parallelism, output=OUTPUT, **fields))


def test_a_chunk_counts_when_its_files_are_found():
    w = world(frames="1-20")
    w.step()
    w.end_all()
    w.step()
    assert w.status.frames.completed == ""
    assert w.status.frames.unverified == "1-20"
    assert w.status.completed_frames == 0
    assert [r.attempt.frames for r in w.verifying] == [FrameSet.parse("1-20")]
    assert (w.status.state, w.status.conditions[0].reason) == (State.RUNNING, "Verifying")
    w.end_all()
    w.step()
    assert w.status.state is State.COMPLETED
    assert w.status.frames.completed == "1-20"


def test_what_is_not_found_is_rendered_again_and_spends_a_retry():
    w = world(frames="1-20")
    w.step()
    w.end_all()
    w.step()
    w.end(w.verifying[0], missing=FrameSet.parse("7-8"))
    w.step()
    assert w.status.frames.completed == "1-6,9-20"
    assert [r.attempt.frames for r in w.running] == [FrameSet.parse("7-8")]
    assert w.running[0].attempt.number == 2
    [failure] = w.status.failures
    assert failure.failure_class is FailureClass.NO_OUTPUT
    assert "/out/####.png is missing or too small for: 7-8" in failure.message
    assert w.run().state is State.COMPLETED


def test_a_renderer_that_writes_nothing_fails_the_job_when_its_retries_are_spent():
    w = world(frames="1-10")
    for _ in range(12):
        w.step()
        for running in w.running:
            w.end(running)
        for running in w.verifying:
            w.end(running, missing=running.attempt.frames)
    assert w.status.state is State.FAILED
    assert w.status.frames.failed == "1-10"
    assert sum(1 for frames in w.rendered if frames) == 2, "one attempt and one retry"


def test_many_chunks_need_few_verifications():
    w = world(frames="1-2000", size=1, parallelism=50)
    status = w.run()
    assert status.state is State.COMPLETED
    verifications = status.next_attempt - 1 - 2000
    assert verifications <= 20


def test_the_first_frames_of_a_large_job_are_looked_for_at_once():
    w = world(frames="1-100", size=1, parallelism=2)
    w.step()
    w.end_all()
    w.step()
    assert [r.attempt.frames for r in w.verifying] == [FrameSet.parse("1-2")]


def test_a_verification_that_fails_is_tried_again_and_costs_no_frame():
    w = world(frames="1-20")
    w.step()
    w.end_all()
    w.step()
    w.end(w.verifying[0], Phase.FAILED, log="mount failed")
    w.step()
    assert w.status.frames.unverified == "1-20"
    assert w.status.verify.attempts == 1
    assert w.run().state is State.COMPLETED
    assert sum(len(frames) for frames in w.rendered) == 20


def test_a_volume_that_cant_be_read_fails_the_job_and_retry_looks_again():
    w = world(frames="1-20")
    for _ in range(12):
        w.step()
        for running in w.running:
            w.end(running)
        for running in w.verifying:
            w.end(running, Phase.FAILED, log="no such volume")
    assert w.status.state is State.FAILED
    assert "no such volume" in w.status.error
    assert w.status.frames.unverified == "1-20"
    w.edit(retry=1)
    assert w.run().state is State.COMPLETED
    assert sum(len(frames) for frames in w.rendered) == 20, "nothing is rendered twice"


def test_a_verification_may_look_for_a_part_only():
    w = world(frames="1-20")
    w.step()
    w.end_all()
    w.step()
    w.end(w.verifying[0], missing=FrameSet(), frames_done=FrameSet.parse("1-12"))
    w.step()
    assert w.status.frames.completed == "1-12"
    assert w.status.frames.unverified == "13-20"
    assert [r.attempt.frames for r in w.verifying] == [FrameSet.parse("13-20")]


@pytest.mark.parametrize("verb", ["suspend", "cancel"])
def test_a_job_that_stops_keeps_what_is_unverified(verb):
    w = world(frames="1-20")
    w.step()
    w.end_all()
    w.step()
    w.edit(**{verb: True})
    w.step()
    w.end_stopping()
    w.step()
    assert w.status.frames.unverified == "1-20"
    assert w.status.state in (State.SUSPENDED, State.CANCELLED)
    w.edit(**{verb: False})
    assert w.run().state is State.COMPLETED
    assert sum(len(frames) for frames in w.rendered) == 20


def test_an_edit_of_the_command_forgets_what_is_unverified():
    w = world(frames="1-20")
    w.step()
    w.end_all()
    w.step()
    w.edit(template={"spec": {"containers": [{"name": "render", "command": ["other"]}]}})
    w.step()
    assert w.status.frames.unverified == ""
    assert w.run().state is State.COMPLETED
    assert sum(len(frames) for frames in w.rendered) == 40


def test_an_executor_that_looks_itself_needs_no_verification():
    w = world(frames="1-20")
    w.step()
    w.end_all(missing=FrameSet())
    w.step()
    assert w.status.state is State.COMPLETED
    assert not any(r.attempt.kind is Kind.VERIFY for r in w.attempts.values())


def test_a_look_at_fenced_frames_knows_which_attempts_ran_when_it_began():
    """And still does when it is asked for again: what has ended since is not what it looks for."""
    w = world(frames="1-100")
    w.edit(output={**OUTPUT, "fenced": True})
    w.step()
    first, second = w.running
    w.end(first)
    w.step()
    [look] = w.verifying
    running = FrameSet(r.attempt.id for r in w.running)
    assert look.attempt.beside == running
    assert second.attempt.id in running
    assert look.attempt.frames == first.attempt.frames
    w.end(second)
    w.step()
    [written] = [a for a in map(parse, w.status.in_flight) if a.kind is Kind.VERIFY]
    assert written.attempt(1).beside == running
    assert all(IN_FLIGHT.match(text) for text in w.status.in_flight)


def test_where_nothing_is_fenced_a_look_needs_to_know_nothing():
    w = world(frames="1-100")
    w.step()
    w.end(w.running[0])
    w.step()
    assert not w.verifying[0].attempt.beside
    assert not any("beside" in text for text in w.status.in_flight)


# -- what was not found is a failure like any other --------------------------------------------------------------


def look_and_miss(w, missing):
    """Everything that runs succeeds on its node; a verification misses the frames that `missing` says."""
    for running in w.running:
        w.end(running, node=running.seen.node)
    for running in w.verifying:
        w.end(running, missing=FrameSet(frame for frame in running.attempt.frames if missing(frame)))


def test_a_manifest_that_renders_to_the_wrong_place_costs_two_waves_and_not_all_chunks():
    w = world(
        frames="1-10000", size=1, parallelism=50, tolerate={"failedFrames": "10%"}, retries={"perChunk": 3}
    )
    for _ in range(100):
        w.step()
        w.pass_time(60)
        look_and_miss(w, lambda _: True)
        if w.status.state.terminal:
            break
    assert w.status.state is State.FAILED
    assert (
        "all failed alike, so nothing more is started (retries.canary): the renderer succeeded, but"
        in w.status.error
    )
    assert len(w.started_ids) < 300


def test_the_canary_lives_when_some_of_the_first_files_are_there():
    w = world(frames="1-200", size=1, parallelism=50)
    seen = set()

    def missing(frame):
        first = frame % 2 and frame not in seen
        seen.add(frame)
        return first

    for _ in range(200):
        w.step()
        w.pass_time(60)
        look_and_miss(w, missing)
    assert w.status.state is State.COMPLETED


def test_each_chunk_without_its_files_is_counted_once_and_in_its_class():
    w = world(frames="1-40", parallelism=4)
    w.step()
    w.end_all()
    w.step()
    w.end(w.verifying[0], missing=FrameSet.parse("7,9,15"))
    told = w.step().events
    assert [(e.failure_class, e.count) for e in told if e.failure_class] == [(FailureClass.NO_OUTPUT, 2)]
    counts = w.status.attempts
    assert (counts.succeeded, counts.failed, counts.no_output) == (2, 2, 2)
    assert w.status.failures[0].exit_code == 0


def test_a_node_whose_files_are_never_found_is_avoided_and_no_chunk_goes_back_to_it():
    w = world(
        frames="1-40",
        size=1,
        parallelism=4,
        nodes={"avoidAfter": 2},
        retries={"perChunk": 3, "backoff": {"initial": "0s"}},
    )
    bad, placed = set(), 0
    for _ in range(60):
        w.step()
        for running in w.running:
            if not running.seen.node:
                choice = [n for n in ("n1", "n2", "n3", "n4") if n not in running.attempt.avoid]
                running.seen = replace(running.seen, node=choice[placed % len(choice)])
                placed += 1
                if running.seen.node == "n2":
                    bad |= set(running.attempt.frames)
                else:
                    bad -= set(running.attempt.frames)
        w.pass_time(1)
        look_and_miss(w, bad.__contains__)
        if w.status.state.terminal:
            break
    assert w.status.state is State.COMPLETED
    assert "NodeAvoided" in w.events
    assert {failure.node for failure in w.status.failures} == {"n2"}
    record = next(record for record in w.status.nodes if record.name == "n2")
    assert record.succeeded == 0
    assert max(failure.attempt for failure in w.status.failures) == 1, "no chunk failed twice"


@pytest.mark.parametrize("on_edit", ["Keep", "Rerender"])
def test_a_listed_chunk_that_an_edit_removes_while_it_ends_is_not_missed(on_edit: str):
    def listed(count: int) -> dict[str, object]:
        starts = range(1, 5 * count, 5)
        return {"explicit": [{"frames": f"{n}-{n + 4}", "output": f"part-{n}.mkv"} for n in starts]}

    w = World(spec(frames="1-15", chunks=listed(3), parallelism=3, output={"path": "/out"}, onEdit=on_edit))
    w.step()
    w.edit(frames="1-10", chunks=listed(2))
    w.end_all()
    assert w.run().state is State.COMPLETED
    assert w.status.completed_frames == 10
