"""What a verification is asked for."""

from __future__ import annotations

from datetime import UTC, datetime

from renderjob.api import FailureClass, RenderJob, RenderJobStatus, Retrying
from renderjob.frames import FrameSet
from renderjob.workload import running_request, verify_request
from support.jobs import job

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def died(frames: str, **fields) -> Retrying:
    return Retrying(
        frames=frames,
        attempts=1,
        not_before=SINCE,
        failure_class=FailureClass.ERROR,
        check_since=SINCE,
        **fields,
    )


def asked(*entries: Retrying, frames: str = "1-40") -> list[dict]:
    made: RenderJob = job(frames="1-40", chunks={"size": 10}, output={"path": "/o", "file": "####.png"})
    made = made.model_copy(update={"status": RenderJobStatus(retrying=list(entries))})
    return verify_request(made, FrameSet.parse(frames), "/o")["doubtful"]


def test_frames_of_an_attempt_that_died_are_asked_for_with_what_is_known_of_it():
    since = SINCE.timestamp()
    assert asked(died("11-17,20", finished="18-19"), died("31-33")) == [
        {"frames": "11-17,20", "since": since, "finished": "18-19"},
        {"frames": "31-33", "since": since},
    ]


def test_attempts_that_share_an_entry_are_looked_at_each_for_itself():
    """Each of them may have left a file that is cut short."""
    assert [some["frames"] for some in asked(died("5-8,12-14,31-40"))] == ["5-8", "12-14", "31-40"]


def test_only_what_is_looked_for_is_asked_for():
    assert asked(died("11-20"), frames="1-5") == []


def test_a_look_at_what_runs_asks_for_each_attempts_files_since_it_began():
    made = job(frames="1-40", output={"path": "/o", "file": "####.png", "minBytes": 9})
    asked = running_request(made, [(7, FrameSet.parse("1-10"), 1000)], "/o", "d1g3s7")
    assert asked == {
        "directory": "/o",
        "pattern": "####.png",
        "minBytes": 9,
        "running": [{"id": 7, "frames": "1-10", "since": 1000}],
    }


def test_of_frames_with_several_files_it_asks_for_all_of_them():
    made = job(frames="1-40", output={"path": "/o", "files": ["l.####.png", "r.####.png"]})
    asked = running_request(made, [(7, FrameSet.parse("1-10"), 1000)], "/o", "d1g3s7")
    assert asked["patterns"] == ["l.####.png", "r.####.png"]


def test_of_fenced_attempts_it_looks_into_their_own_directories():
    made = job(frames="1-40", output={"path": "/o", "file": "####.png", "fenced": True})
    [entry] = running_request(made, [(7, FrameSet.parse("1-10"), 1000)], "/o", "d1g3s7aa")["running"]
    assert entry["own"].startswith(".renderjob/")
    assert entry["own"].endswith("-d1g3s7aa/7")
