"""The views of a running job, without running one: rates, pictures, words."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from renderjob.api import (
    ChunkTime,
    Failure,
    FailureClass,
    FrameSeconds,
    FrameTime,
    Ledger,
    RenderJobStatus,
    Result,
    Retrying,
    State,
)
from renderjob.cli.backends.backend import pick
from renderjob.cli.errors import CliError
from renderjob.cli.jobs.describe import describe
from renderjob.cli.live.events import job_events
from renderjob.cli.live.plain import PlainReporter
from renderjob.cli.live.snapshot import ChunkView, RateMeter, Snapshot
from renderjob.cli.live.summary import Summary
from renderjob.cli.live.terminal import TerminalReporter, panel, picture
from renderjob.cli.places import LocalPlace
from renderjob.cli.run.applying import edits
from renderjob.cli.text import clock, count, short_time
from renderjob.cli.where import Where
from renderjob.core import Decision, Event
from support.jobs import job

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HERE = LocalPlace(Where())


def snapshot(chunks=4, percent=41, seconds=0.0, state=State.RUNNING):
    status = RenderJobStatus(
        state=state, progress=percent, total_frames=240, completed_frames=98, total_chunks=24,
        completed_chunks=9, frames=Ledger(completed="1-98"),
    )  # fmt: skip
    views = tuple(
        ChunkView(f"{n}-{n + 9}", False, 1 + n % 2, 0.1 * n, n, "Sample 12/128 · " * 5, 63.0)
        for n in range(chunks)
    )
    shot = job("shot-010-with-a-long-name", frames="1-240").model_copy(update={"status": status})
    return Snapshot(shot, views, 98, percent, 1.3, 360.0, seconds)


def drawn(what, width=80, height=24):
    console = Console(width=width, height=height, force_terminal=False, record=True, file=io.StringIO())
    console.print(what)
    return console.export_text().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_live_view_fits_its_terminal(width):
    lines = drawn(picture(snapshot(30), width, 24), width)
    assert len(lines) < 24
    assert all(len(line) <= width for line in lines)
    assert any("more" in line for line in lines)
    assert any("98/240 frames" in line for line in lines)


def test_the_live_view_tells_the_attempt_of_a_retried_chunk():
    lines = drawn(picture(snapshot(2), 80, 24))
    assert "try" not in lines[0]
    assert "1-10 try 2" in lines[1]


def test_bars_stay_where_they_are_while_frame_numbers_grow():
    first, last = (
        drawn(
            picture(replace(snapshot(), chunks=(ChunkView(frames, False, 1, 0.5, None, "", 1.0),)), 80, 24)
        )[0]
        for frames in ("1-10", "231-240")
    )
    assert first.index("━") == last.index("━")


def test_the_job_s_line_ends_where_the_chunks_lines_end():
    lines = drawn(picture(snapshot(2), 80, 24))
    assert lines[0].rstrip().endswith("1:03") and len(lines[0].rstrip()) == len(lines[2].rstrip()) == 80


def test_a_renderer_that_ended_with_its_manager_is_no_failure_and_says_nothing():
    failure = Failure(
        frames="5-6", attempt=1, failure_class=FailureClass.DISRUPTED, message="received signal 15", time=NOW
    )
    status = RenderJobStatus(failures=[failure], frames=Ledger(active="5-6"))
    shot = job().model_copy(update={"status": status})
    event = Event("ChunkDisrupted", "frames 5-6 …", warning=False)
    [told] = job_events([], shot, Decision((), status, None, (event,)))
    assert (told.text, told.follows) == ("frames 5-6 were interrupted", "again now")

    output = io.StringIO()
    TerminalReporter(Console(file=output, width=80)).event(told)
    assert output.getvalue().split(" ", 1)[1] == "↻ frames 5-6 were interrupted · again now\n"


def test_the_rate_is_of_the_last_seconds():
    meter = RateMeter(window=10)
    for second in range(60):
        meter.add(second, second if second < 40 else 40 + 3 * (second - 40))
    assert meter.rate() == pytest.approx(3)


def test_a_slow_render_has_a_rate_between_two_frames():
    meter = RateMeter(window=10)
    for second in range(100):
        meter.add(second, second // 30)
    assert meter.rate() == pytest.approx(1 / 30, rel=0.6)


def test_nothing_is_foretold_before_anything_is_known():
    meter = RateMeter()
    assert meter.remaining(10) is None
    meter.add(0, 0)
    assert meter.remaining(10) is None


def test_work_that_a_failure_takes_back_is_no_negative_rate():
    meter = RateMeter()
    for second, frames in enumerate((0, 5, 2, 3)):
        meter.add(second, frames)
    assert meter.rate() == pytest.approx(1)


def test_plain_progress_comes_every_ten_percent_or_five_seconds():
    lines = []
    reporter = PlainReporter(lines.append)
    for tick in range(200):
        reporter.refresh(snapshot(percent=tick // 2, seconds=tick * 0.01))
    assert len(lines) == 9
    lines.clear()
    for tick in range(100):
        reporter.refresh(snapshot(percent=99 if tick % 2 else 98, seconds=2 + tick * 0.25))
    assert 3 <= len(lines) <= 5


def test_a_failure_is_told_with_what_follows():
    failure = Failure(
        frames="5-6", attempt=1, failure_class=FailureClass.ERROR, message="boo\x1b[2J", time=NOW
    )
    later = datetime.now(UTC) + timedelta(seconds=10.4)
    retrying = Retrying(frames="5-6", attempts=1, not_before=later, failure_class=FailureClass.ERROR)
    status = RenderJobStatus(failures=[failure], retrying=[retrying])
    events = (Event("ChunkFailed", "frames 5-6 …", warning=True), Event("Retried", "runs again"))
    decision = Decision((), status, None, events)
    first, second = job_events([], job().model_copy(update={"status": status}), decision)
    assert first.text == "frames 5-6 failed: boo [2J"
    assert first.follows == "retry in 10s"
    assert second.text == "runs again"


def test_after_an_out_of_memory_kill_the_next_memory_is_told_and_nothing_twice():
    why = FailureClass.OUT_OF_MEMORY
    failure = Failure(
        frames="5-6", attempt=1, failure_class=why, message="ran out of memory with 1Gi", time=NOW
    )
    retrying = Retrying(frames="5-6", attempts=0, not_before=NOW, failure_class=why, memory="2Gi")
    status = RenderJobStatus(failures=[failure], retrying=[retrying])
    event = Event("ChunkFailed", "frames 5-6 …", warning=True)
    [told] = job_events([], job().model_copy(update={"status": status}), Decision((), status, None, (event,)))
    assert (told.text, told.follows) == ("frames 5-6 ran out of memory with 1Gi", "retry now with 2Gi")


@pytest.mark.parametrize("failure_class", FailureClass)
def test_every_class_of_failure_has_words(failure_class):
    failure = Failure(frames="5", attempt=1, failure_class=failure_class, time=NOW)
    status = RenderJobStatus(failures=[failure])
    event = Event("ChunkFailed", "frame 5 …", warning=True)
    [told] = job_events([], job().model_copy(update={"status": status}), Decision((), status, None, (event,)))
    assert told.text.startswith("frame 5 ") and len(told.text) > len("frame 5 ")


def test_the_summary_names_what_failed_in_a_frame_of_80_columns():
    status = RenderJobStatus(
        state=State.FAILED, total_frames=10, completed_frames=8,
        frames=Ledger(completed="1-8", failed="9-10"),
        error="2 frames failed: 9-10; last: " + "a long word " * 12,
    )  # fmt: skip
    shot = job().model_copy(update={"status": status})
    lines = drawn(panel(Summary(shot, 12.0, 8, {"Error": 3}, HERE, "renderjob run shot.yaml")))
    text = " ".join(lines)
    assert all(len(line) <= 80 for line in lines)
    assert "default/shot · Failed" in text
    assert "3 attempts: 3 Error" in text
    assert "renderjob logs shot --frame 9" in text


def test_what_is_missing_from_a_complete_job_is_told_with_the_way_to_render_it():
    status = RenderJobStatus(
        state=State.COMPLETED, total_frames=10, completed_frames=8,
        frames=Ledger(completed="1-8", failed="9-10"), result=Result(missing_frames="9-10"),
    )  # fmt: skip
    rows = dict(Summary(job().model_copy(update={"status": status}), 12.0, 8, {}, HERE).rows())
    assert rows["Missing"] == "frames 9-10 (tolerated)"
    assert rows["Retry"] == "renderjob retry shot --run  (runs again what failed)"
    assert "Failed" not in rows


def test_a_job_in_detail_has_both_estimates_and_the_slowest_chunk():
    times = FrameSeconds(
        p50=10, p90=14, slowest=FrameTime(frame=77, seconds=31), recent=[ChunkTime(frames=5, seconds=50)]
    )
    soon, late = datetime.now(UTC) + timedelta(minutes=5.4), datetime.now(UTC) + timedelta(minutes=20.4)
    status = RenderJobStatus(
        state=State.RUNNING, started_at=NOW, frame_seconds=times,
        estimated_completion=soon, estimated_completion_p90=late,
    )  # fmt: skip
    text = describe(job().model_copy(update={"status": status}), HERE, attended=True)
    assert "median 10s, nine of ten within 14s, slowest 31s (in the chunk from frame 77)" in text
    assert "about 5m24s left, 20m if frames are slow" in text


def test_an_edit_is_told_field_by_field_and_verbs_are_not():
    before = job(frames="1-10", suspend=False)
    after = job(
        frames="1-10", suspend=True, retries={"perChunk": 1, "onFailure": "Stop"}, command=["render", "x"]
    )
    assert edits(before, after) == [
        'spec.template.spec.containers[0].command: ["render"] → ["render", "x"]',
        "spec.retries.perChunk: 3 → 1",
        "spec.retries.onFailure: Continue → Stop",
    ]


def test_a_name_in_two_namespaces_wants_the_namespace():
    jobs = [
        each.model_copy(update={"metadata": each.metadata.model_copy(update={"namespace": space})})
        for each in [job("shot")]
        for space in ("a", "b")
    ]
    with pytest.raises(CliError, match="a/shot, b/shot"):
        pick(jobs, "shot", None, HERE)
    assert pick(jobs, "b/shot", None, HERE).metadata.namespace == "b"
    assert pick(jobs, "shot", "a", HERE).metadata.namespace == "a"


def test_times_are_short():
    assert [short_time(s) for s in (0, 59, 119, 150, 3000, 20000, 400000)] == [
        "0s", "59s", "119s", "2m30s", "50m", "5h33m", "4d15h",
    ]  # fmt: skip
    assert [clock(s) for s in (7, 760, 3723)] == ["0:07", "12:40", "1:02:03"]


def test_nouns_have_their_plural():
    assert [count(n, noun) for n, noun in ((1, "frame"), (2, "frame"), (2, "retry"), (2, "pass"))] == [
        "1 frame", "2 frames", "2 retries", "2 passes",
    ]  # fmt: skip
