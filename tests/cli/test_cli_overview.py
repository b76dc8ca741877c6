"""What `watch` and `top` tell, from statuses alone."""

from __future__ import annotations

import io
import logging
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from renderjob.api import (
    AttemptCounts,
    Condition,
    Failure,
    FailureClass,
    FrameSeconds,
    RenderJobStatus,
    State,
)
from renderjob.cli.live.attempts import Node
from renderjob.cli.live.events import News
from renderjob.cli.live.overview import Overseer, headline, picture, plain
from renderjob.cli.live.summary import failures_by_class
from renderjob.cli.warnings_log import show_warnings
from support.jobs import job

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def with_status(name="shot", uid="", namespace="default", **status):
    shot = job(name, frames="1-100")
    meta = shot.metadata.model_copy(update={"uid": uid or name, "namespace": namespace})
    return shot.model_copy(update={"metadata": meta, "status": RenderJobStatus(total_frames=100, **status)})


def ready(reason, message, *, stalled=False):
    def condition(kind, status):
        return Condition(type=kind, status=status, reason=reason, message=message, last_transition_time=NOW)

    return [condition("Ready", "False"), condition("Stalled", "True" if stalled else "False")]


def told(*jobs):
    news = News(jobs[0])
    return [(what.reason, what.text, what.warning) for later in jobs for what in news.of(later)]


# -- news -----------------------------------------------------------------------------------------------------


def test_old_failures_are_no_news_and_new_ones_are():
    old = Failure(frames="1-5", attempt=1, failure_class=FailureClass.ERROR, message="old", time=NOW)
    new = Failure(frames="6-9", attempt=2, failure_class=FailureClass.OUT_OF_MEMORY, message="", time=NOW)
    lost = Failure(
        frames="10", attempt=1, node="n", failure_class=FailureClass.DISRUPTED, message="gone", time=NOW
    )
    jobs = [
        with_status(failures=[old]),
        with_status(failures=[old, new, lost]),
        with_status(failures=[new, lost]),
    ]
    assert told(*jobs) == [
        ("ChunkFailed", "frames 6-9 (attempt 2) ran out of memory", True),
        ("ChunkDisrupted", "frame 10 was interrupted: gone", False),
    ]


def test_what_holds_a_job_up_is_told_when_it_is_found_and_only_once():
    stuck = ready("QuotaExceeded", "exceeded quota: few", stalled=True)
    going = ready("Rendering", "5 of 100 frames are rendered")
    jobs = [with_status(conditions=stuck), with_status(conditions=going), with_status(conditions=stuck)]
    assert told(*jobs) == [("QuotaExceeded", "exceeded quota: few", True)]


def test_a_wait_is_told_once_however_many_frames_are_rendered_meanwhile():
    jobs = [
        with_status(
            conditions=ready("WaitingForPods", f"{n} of 100 frames are rendered; {n} chunks wait: no room")
        )
        for n in (1, 2, 3)
    ]
    assert told(*jobs) == [("WaitingForPods", "1 chunks wait: no room", False)]


def test_a_start_a_resume_and_a_merge_are_told():
    jobs = [
        with_status(total_chunks=10),
        with_status(total_chunks=10, started_at=NOW, state=State.RUNNING),
        with_status(started_at=NOW, state=State.SUSPENDED),
        with_status(started_at=NOW, state=State.RUNNING),
        with_status(started_at=NOW, state=State.MERGING, merge={"attempts": 1}),
        with_status(started_at=NOW, state=State.COMPLETED, merge={"merged": "abc"}),
    ]
    assert [text for _, text, _ in told(*jobs)] == [
        "renders 100 frames in 10 chunks",
        "goes on with what is missing",
        "attempt 1 of the merge failed",
        "the merge succeeded",
    ]


def test_a_terminal_is_not_steered_by_what_a_cluster_says():
    assert told(with_status(conditions=ready("Odd", "a\x1b[2Jb")))[0][1] == "a [2Jb"


def test_a_connection_that_is_cut_for_a_moment_is_nobodys_business(capsys):
    show_warnings()
    log = logging.getLogger("renderjob.kube.informer")
    for second in (0, 1, 4, 6, 30, 1000):
        record = log.makeRecord(log.name, logging.WARNING, "f", 1, "%s: %s", ("/apis", f"cut {second}"), None)
        record.created = second
        log.handle(record)
    told = capsys.readouterr().err.splitlines()
    assert [line.rpartition("cut ")[2] for line in told] == ["6", "30"]
    assert told[0].startswith("warning: the cluster is out of reach")


# -- top ------------------------------------------------------------------------------------------------------


def overseer():
    return Overseer(lambda _: True)


def test_what_renders_comes_first_and_the_last_to_end_before_those_before_it():
    jobs = [
        with_status("first", state=State.COMPLETED, completed_at=NOW),
        with_status("last", state=State.COMPLETED, completed_at=NOW + timedelta(hours=1)),
        with_status("waits", state=State.PENDING),
        with_status("renders", state=State.RUNNING),
        with_status("broken", state=State.FAILED, completed_at=NOW),
    ]
    names = [line.name for line in overseer().observe(jobs, ()).lines]
    assert names == ["renders", "waits", "broken", "last", "first"]


def test_a_rate_follows_from_frame_times_until_one_is_measured():
    watcher = overseer()
    times = FrameSeconds(p50=2.0)

    def look(now, done):
        shot = with_status(state=State.RUNNING, active=4, completed_frames=done, frame_seconds=times)
        return watcher.observe([shot], (), now).lines[0].rate

    assert look(0, 10) == 2.0
    assert look(5, 15) == 2.0
    assert look(20, 30) == pytest.approx(1.0)
    assert look(30, 40) == pytest.approx(1.0)


def test_what_stands_still_has_no_rate():
    shot = with_status(state=State.SUSPENDED, frame_seconds=FrameSeconds(p50=2.0), completed_frames=50)
    assert overseer().observe([shot], ()).lines[0].rate == 0


def test_failures_are_counted_by_class_and_what_was_free_is_not():
    counts = AttemptCounts(failed=5, error=1, out_of_memory=4, disrupted=7, backed_off=2, stopped=3)
    assert failures_by_class(with_status(attempts=counts)) == {"OutOfMemory": 4, "Error": 1}


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_overview_fits_its_terminal(width):
    jobs = [
        with_status(
            f"shot-{n:03}-with-a-rather-long-name", namespace=f"namespace-{n % 3}", state=State.RUNNING, progress=n,
            active=n, attempts=AttemptCounts(failed=n, out_of_memory=n), frame_seconds=FrameSeconds(p50=0.5),
        )
        for n in range(60)
    ]  # fmt: skip
    nodes = [Node(f"node-{n}.example.com", n, 1) for n in range(40)]
    console = Console(width=width, height=24, record=True, file=io.StringIO())
    console.print(picture(overseer().observe(jobs, nodes), width, 24))
    lines = console.export_text().splitlines()
    assert len(lines) <= 24
    assert all(len(line) <= width for line in lines)
    assert any("more" in line for line in lines)
    assert any("NODE (6 of 40)" in line for line in lines)


def test_without_a_terminal_everything_is_printed_once():
    jobs = [
        with_status("a", state=State.RUNNING, active=2),
        with_status("b", state=State.COMPLETED, progress=100),
    ]
    overview = overseer().observe(jobs, [Node("node-1", 2, 1)])
    assert headline(overview) == "2 jobs: 1 Running, 1 Completed · 2 chunks on 1 node"
    lines = plain(overview)
    assert lines[2].split() == ["default", "a", "Running", "0%", "0/100", "2", "-", "-", "-"]
    assert lines[-1].split() == ["node-1", "2", "1"]


def test_no_jobs_are_told_in_words():
    assert headline(overseer().observe([], ())) == "no jobs"
