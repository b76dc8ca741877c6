"""Where files tell, an attempt that dies costs only the frames that it had not finished."""

from __future__ import annotations

import pytest

from renderjob.api import State
from renderjob.core import Phase
from renderjob.frames import FrameSet
from support.jobs import spec
from support.world import World

OUTPUT = {"path": "/out", "file": "####.png"}


def world(**fields):
    retries = {"perChunk": 1, "backoff": {"initial": "0s"}} | fields.pop("retries", {})
    w = World(spec(frames="1-50", chunks={"size": 50}, output=OUTPUT, retries=retries, **fields))
    w.step()
    return w


def found(w, present):
    """The verification under way finds these."""
    w.step()
    [look] = w.verifying
    present = FrameSet.parse(present) & look.attempt.frames
    w.end(look, missing=look.attempt.frames - present)
    w.step()


@pytest.mark.parametrize("phase", [Phase.FAILED, Phase.LOST])
def test_a_chunk_that_dies_after_40_of_50_frames_is_rendered_again_for_10(phase):
    w = world()
    w.end(w.running[0], phase, log="Saved: '/out/0040.png'", frames_done=FrameSet.parse("39-40"))
    found(w, "1-40")
    assert w.status.frames.completed == "1-40"
    assert [str(r.attempt.frames) for r in w.running] == ["41-50"]
    assert w.run().state is State.COMPLETED


def test_nothing_is_rendered_before_the_look():
    w = world()
    w.end(w.running[0], Phase.LOST)
    w.step()
    assert not w.running
    assert [str(r.attempt.frames) for r in w.verifying] == ["1-50"]
    assert w.status.retrying[0].check_since is not None


def test_the_last_attempt_that_dies_leaves_what_it_finished():
    w = world(retries={"perChunk": 0}, tolerate={"failedFrames": 10})
    w.end(w.running[0], Phase.FAILED, exit_code=1)
    found(w, "1-40")
    while w.running:
        w.end(w.running[0], Phase.FAILED, exit_code=1, missing=w.running[0].attempt.frames)
        w.step()
    assert w.status.state is State.COMPLETED
    assert w.status.frames.failed == "41-50"
    assert w.status.result.missing_frames == "41-50"


def test_an_attempt_that_died_after_its_last_frame_needs_no_other():
    w = world(retries={"perChunk": 0})
    w.end(w.running[0], Phase.FAILED, exit_code=139)
    found(w, "1-50")
    assert w.status.state is State.COMPLETED
    assert len(w.rendered) == 0
    assert w.status.next_attempt == 3, "one attempt, and one look"


@pytest.mark.parametrize("verb", ["suspend", "cancel"])
def test_what_was_finished_before_a_stop_is_not_rendered_again(verb):
    w = world()
    w.step()
    w.edit(**{verb: True})
    w.step()
    # In a cluster a Job that was told to stop is gone, without a word.
    w.attempts.clear()
    w.step()
    assert w.status.state in (State.SUSPENDED, State.CANCELLED)
    w.edit(**{verb: False})
    found(w, "1-20")
    assert [str(r.attempt.frames) for r in w.running] == ["21-50"]


def test_after_an_edit_of_the_command_old_files_count_for_nothing():
    w = world()
    w.step()
    w.edit(template={"spec": {"containers": [{"name": "render", "command": ["other"]}]}})
    w.step()
    w.attempts.clear()
    w.step()
    assert not w.verifying
    assert [str(r.attempt.frames) for r in w.running] == ["1-50"]


def test_retry_of_a_failed_job_looks_before_it_renders():
    w = world(retries={"perChunk": 0, "rules": [{"exitCodes": [2], "action": "FailJob"}]})
    w.end(w.running[0], Phase.FAILED, exit_code=2)
    w.step()
    assert w.status.state is State.FAILED
    w.edit(retry=1)
    found(w, "1-45")
    assert [str(r.attempt.frames) for r in w.running] == ["46-50"]


def test_what_a_log_says_was_finished_is_looked_for_like_the_rest():
    w = world()
    w.end(w.running[0], Phase.FAILED, exit_code=139, frames_done=FrameSet.parse("1-50"))
    w.step()
    assert w.status.attempts.failed == 1, "all its lines are no success"
    found(w, "1-49")
    assert [str(r.attempt.frames) for r in w.running] == ["50"]


def test_chunks_that_all_die_after_their_last_file_stop_nothing():
    retries = {"perChunk": 2, "backoff": {"initial": "0s"}}
    w = World(spec(frames="1-20", chunks={"size": 1}, parallelism=6, output=OUTPUT, retries=retries))
    for _ in range(40):
        w.step()
        for running in w.running:
            w.end(running, Phase.FAILED, exit_code=139, log="Segmentation fault")
        for look in w.verifying:
            w.end(look)
    assert w.status.state is State.COMPLETED


def test_an_executor_that_looks_itself_is_believed():
    w = world()
    w.extra = {"looks": True}
    w.end(w.running[0], Phase.FAILED, missing=FrameSet.parse("41-50"))
    w.step()
    assert w.status.frames.completed == "1-40"
    assert not w.verifying
    assert [str(r.attempt.frames) for r in w.running] == ["41-50"]


def test_frames_that_are_there_already_are_taken_over_when_asked():
    w = World(spec(frames="1-50", chunks={"size": 10}, parallelism=5, output=OUTPUT | {"adopt": True}))
    w.step()
    assert not w.running, "nothing is rendered before the look"
    found(w, "1-37")
    assert w.status.frames.completed == "1-37"
    assert [str(r.attempt.frames) for r in w.running] == ["38-40", "41-50"]
    assert w.status.attempts.failed == 0
    assert "FramesAdopted" in w.events
    assert w.run().state is State.COMPLETED


def dies_on(w, node, **seen):
    """The one chunk that runs dies there, always in the same words."""
    [running] = w.running
    w.end(running, Phase.FAILED, node=node, exit_code=139, log="Segmentation fault", **seen)
    w.step()


def test_two_nodes_that_each_got_on_have_not_failed_on_the_same_frames():
    w = world(retries={"perChunk": 3, "onFailure": "Stop"})
    w.extra = {"looks": True}
    dies_on(w, "n1", missing=FrameSet.parse("21-50"))
    dies_on(w, "n2", missing=FrameSet.parse("41-50"))
    assert [str(r.attempt.frames) for r in w.running] == ["41-50"]
    dies_on(w, "n3", missing=FrameSet.parse("41-50"))
    assert w.status.state is State.FAILED, "frame 41 fails everywhere"
    assert w.status.frames.completed == "1-40"


def test_whether_the_second_node_got_on_the_files_tell():
    w = world(retries={"perChunk": 3, "onFailure": "Stop"})
    dies_on(w, "n1")
    found(w, "1-20")
    dies_on(w, "n2")
    assert w.status.retrying[0].final
    found(w, "21-30")
    assert [str(r.attempt.frames) for r in w.running] == ["31-50"]
    dies_on(w, "n3")
    found(w, "")
    w.step()
    assert w.status.state is State.FAILED
    assert w.status.frames.failed == "31-50"
    assert w.status.attempts.failed == 3


def test_a_look_at_a_part_gives_up_nothing_that_it_has_not_seen():
    w = world(retries={"perChunk": 3})
    dies_on(w, "n1")
    found(w, "")
    dies_on(w, "n2")
    w.step()
    [look] = w.verifying
    w.end(look, frames_done=FrameSet.parse("1-20"), missing=FrameSet.parse("21-30"))
    w.step()
    assert not w.status.frames.failed
    assert [str(r.attempt.frames) for r in w.running] == ["21-30"]
    assert [(e.frames, e.final) for e in w.status.retrying] == [("31-50", False)]


def test_what_the_log_said_was_finished_is_told_to_the_look():
    w = world()
    w.end(w.running[0], Phase.FAILED, frames_done=FrameSet.parse("39-40"))
    w.step()
    assert [(e.frames, e.finished) for e in w.status.retrying] == [("1-50", "39-40")]
    found(w, "1-40")
    w.end_all(Phase.LOST)
    w.step()
    assert [(e.frames, e.finished) for e in w.status.retrying] == [("41-50", "")], "of that attempt alone"
