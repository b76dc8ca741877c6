"""Suspend, resume, cancel, scale, edit and delete a RenderJob with kubectl, while real containers run."""

from __future__ import annotations

from typing import Any

from e2e.cluster import Place, documents
from e2e.jobs import files, python, render_job
from e2e.volume import digests
from harness.waiting import until

Object = dict[str, Any]

OUTPUT = {"path": "/renders/shot", "file": "####.txt"}


def slow(**spec: Any) -> Object:
    """Frames of which each takes a second; what SIGTERM does to Python is to end it."""
    lines = ["for frame in frames:", "    time.sleep(1)", "    " + "; ".join(files("/renders/shot")[:1])]
    write = "    open('/renders/shot/%04d.txt' % frame, 'w').write('frame %d' % frame)"
    defaults: Object = {"frames": "1-20", "chunks": {"size": 4}, "output": OUTPUT}
    return render_job("shot", python(*lines, write), **{**defaults, **spec})


def test_suspend_resume_cancel_and_go_on(place: Place):
    place.apply(slow())
    place.until_frames("shot", 4)

    place.edit("shot", suspend=True)
    place.wait("shot", "Suspended")
    assert place.running("shot") == []
    suspended = place.status("shot")
    assert suspended["state"] == "Suspended"
    assert suspended["active"] == 0
    assert suspended["inFlight"] == []

    place.edit("shot", suspend=False)
    place.until_frames("shot", suspended["completedFrames"] + 4)
    assert place.condition("shot", "Suspended")["status"] == "False"

    place.edit("shot", cancel=True)
    place.until_state("shot", ["Cancelled"])
    assert place.running("shot") == []
    cancelled = place.status("shot")
    assert 8 <= cancelled["completedFrames"] < 20
    assert len(digests(place, "/renders/shot", ".txt")) >= cancelled["completedFrames"]
    assert "are rendered and kept" in place.condition("shot", "Ready")["message"]

    place.edit("shot", cancel=False)
    place.wait("shot", "Complete")
    attempts = place.status("shot")["attempts"]
    assert attempts["failed"] == 0
    assert attempts["stopped"] > 0
    assert len(digests(place, "/renders/shot", ".txt")) == 20


def test_a_deleted_job_leaves_no_children_and_all_its_frames(place: Place):
    place.apply(slow(frames="1-40"))
    place.until_frames("shot", 4)
    place.kubectl("delete", "renderjob", "shot")
    place.gone("shot")
    kept = digests(place, "/renders/shot", ".txt")
    assert len(kept) >= 4
    # The same name again begins anew, and takes over what is there if it is told to.
    place.apply(slow(output={**OUTPUT, "adopt": True}))
    place.wait("shot", "Complete")
    assert {name: kept[name] for name in kept if name <= "0020.txt"}.items() <= digests(
        place, "/renders/shot", ".txt"
    ).items()
    assert place.status("shot")["attempts"]["succeeded"] < 5


def test_scale_and_more_frames_while_it_runs(place: Place):
    place.apply(slow(parallelism=1))
    until(lambda: place.running("shot"), "for the first pod", 120)
    place.kubectl("scale", "renderjob/shot", "--replicas=3")
    until(lambda: place.status("shot").get("active") == 3, "for three chunks at a time", 120)
    place.edit("shot", frames="1-24")
    place.wait("shot", "Complete")
    status = place.status("shot")
    assert status["totalFrames"] == status["completedFrames"] == 24
    assert status["attempts"]["failed"] == 0


def test_diff_is_clean_whatever_the_status_says_and_however_it_was_applied(place: Place):
    job = slow(frames="1-4")
    place.apply(job)
    place.wait("shot", "Complete")
    assert place.diff(job) == ""
    place.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=documents(job))
    assert place.diff(job, "--server-side") == ""
    edited = {**job, "spec": {**job["spec"], "frames": "1-6"}}
    place.kubectl("apply", "--server-side", "-f", "-", text=documents(edited))
    until(lambda: place.status("shot").get("completedFrames") == 6, "for the new frames", 120)
    assert place.diff(edited, "--server-side") == ""
    assert place.status("shot")["attempts"]["stopped"] == 0
