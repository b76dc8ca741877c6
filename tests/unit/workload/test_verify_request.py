"""What a verification is asked for."""

from __future__ import annotations

from datetime import UTC, datetime

from renderjob.api import FailureClass, RenderJob, RenderJobStatus, Retrying
from renderjob.frames import FrameSet
from renderjob.workload import verify_request
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
