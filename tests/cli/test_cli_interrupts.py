"""What ends a run from outside: Ctrl-C, kill -9, another process; and how a run goes on afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from harness.waiting import patient


def renderers(farm):
    """Processes of this farm's renderers that are alive."""
    home, found = os.fsencode(farm.home), []
    for entry in (e for e in os.scandir("/proc") if e.name.isdigit()):
        try:
            environment = Path(entry.path, "environ").read_bytes()
        except OSError:
            continue
        if b"RENDER_JOB_UID=" in environment and b"RENDER_OUTPUT=" + home in environment:
            found.append(int(entry.name))
    return found


def started_until(farm, frame, *arguments, **spec):
    """A run in a process of its own, which waits at a frame; its process and its file."""
    file = farm.write(command=farm.held(frame), **spec)
    process = farm.start("run", file, *arguments)
    farm.until(lambda: frame in farm.begun(), f"frame {frame} to begin")
    return process, file


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_cancels_keeps_the_frames_and_a_rerun_does_only_the_rest(farm, number):
    process, file = started_until(farm, 8)
    process.send_signal(number)
    out, err = process.communicate()
    assert process.returncode == 3, err
    assert farm.status()["state"] == "Cancelled"
    assert "Cancelled" in out
    assert f"renderjob run {file}" in out
    assert not renderers(farm)
    assert farm.status()["frames"]["completed"] == "1-7"

    farm.go()
    again = farm("run", file)
    assert again.code == 0
    assert "it was cancelled: goes on with what is missing" in again.out
    assert [frame for frame, times in Counter(farm.begun()).items() if times > 1] == [8]
    assert len(farm.frames()) == 10


def test_a_second_signal_kills_at_once_and_exits_with_130(farm):
    # This renderer does not mind SIGTERM, and its grace is long.
    command = ["sh", "-c", "trap '' TERM; echo 1 > count; while :; do sleep 0.05; done"]
    file = farm.write(command=command)
    text = (farm.home / file).read_text()
    (farm.home / file).write_text(text.replace("GracePeriodSeconds: 2", "GracePeriodSeconds: 600"))
    process = farm.start("run", file)
    farm.until(farm.begun, "the renderer to begin")
    process.send_signal(signal.SIGINT)
    farm.until(lambda: farm.job()["spec"]["cancel"], "the cancel to be written")
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    assert not renderers(farm)


def test_after_kill_9_no_renderer_lives_and_a_rerun_repeats_only_what_was_in_flight(farm):
    process, file = started_until(farm, 8)
    process.kill()
    process.communicate()
    farm.until(lambda: not renderers(farm), "the renderers to end")
    assert "Interrupted" in farm("get", "shot").out

    farm.go()
    again = farm("run", file)
    assert again.code == 0, again.err
    counts = Counter(farm.begun())
    assert max(counts.values()) <= 2
    assert [frame for frame, times in counts.items() if times > 1] == [8]
    assert len(farm.frames()) == 10


def test_a_rerun_at_once_after_kill_9_never_renders_a_frame_twice_at_the_same_time(farm):
    process, file = started_until(farm, 8)
    process.kill()
    farm.go()
    assert farm("run", file).code == 0
    process.communicate()
    assert max(Counter(farm.begun()).values()) <= 2
    assert len(farm.frames()) == 10


def test_a_second_run_of_a_job_is_refused_and_names_the_process(farm):
    process, file = started_until(farm, 3)
    for arguments in (["run", file], ["run", "shot"], ["run", file, "--fresh"]):
        refused = farm(*arguments)
        assert refused.code == 6
        assert f"already running in process {process.pid}" in refused.err
    farm.go()
    process.communicate()
    assert process.returncode == 0


def test_an_edit_from_another_terminal_is_taken_up_by_the_process_that_runs_the_job(farm):
    process, file = started_until(farm, 3)
    farm.write(command=farm.held(3), frames="1-12", parallelism=3)
    second = farm.start("run", file)
    farm.until(lambda: 11 in farm.begun(), "a frame of the edit to begin, with the new parallelism")
    farm.go()
    out, err = second.communicate()
    assert second.returncode == 0, err
    assert "edited: spec.frames: 1-10 → 1-12" in out
    assert f"process {process.pid} runs it, and takes this up" in out
    process.communicate()
    assert process.returncode == 0
    assert max(Counter(farm.begun()).values()) == 1
    assert len(farm.frames()) == 12


def test_a_running_job_is_not_moved_to_another_mount(farm):
    output = {"path": "/renders/a", "file": "####.png"}
    process, file = started_until(farm, 8, "--mount", "/renders=one", output=output)
    moved = farm("run", file, "--mount", "/renders=two")
    assert moved.code == 6
    assert f"already running in process {process.pid}, with --mount /renders={farm.home}/one" in moved.err
    more = farm("run", "shot", "--parallelism", "9", "--mount", "/renders=two")
    assert (more.code, more.err) == (6, moved.err)
    farm.go()
    process.communicate()
    assert process.returncode == 0
    assert len(list((farm.home / "one" / "a").glob("*.png"))) == 10


def test_an_edit_from_another_directory_does_not_move_the_output_of_a_running_job(farm):
    process, file = started_until(farm, 8)
    farm.write(command=farm.held(8), frames="1-12")
    (farm.home / "elsewhere").mkdir()
    second = farm.start("run", str(farm.home / file), directory=farm.home / "elsewhere")
    farm.until(lambda: farm.job()["spec"]["frames"] == "1-12", "the edit to be written")
    farm.go()
    second.communicate()
    process.communicate()
    assert (process.returncode, second.returncode) == (0, 0)
    assert len(farm.frames()) == 12
    assert list((farm.home / "elsewhere").iterdir()) == []


def test_more_slots_from_another_terminal(farm):
    process, _ = started_until(farm, 1, chunks={"size": 1}, parallelism=1)
    second = farm.start("run", "shot", "--parallelism", "4")
    farm.until(lambda: len(farm.begun()) == 4, "four chunks at a time")
    second.send_signal(signal.SIGINT)
    out, err = second.communicate()
    assert second.returncode == 130
    assert "edited: spec.parallelism: 1 → 4" in out
    assert err == "shot goes on without being watched\n"
    farm.go()
    process.communicate()
    assert process.returncode == 0


def test_a_cancel_from_another_terminal_ends_the_run(farm):
    process, _ = started_until(farm, 8)
    done = farm("cancel", "shot")
    assert done.code == 0
    assert "default/shot is Cancelled: 7 of 10 frames are rendered and kept" in done.out
    process.communicate()
    assert process.returncode == 3


def test_a_suspend_from_another_terminal_ends_the_run_and_resume_goes_on_here(farm):
    process, _ = started_until(farm, 8)
    assert farm("suspend", "shot").code == 0
    process.communicate()
    assert process.returncode == 5
    assert farm.status()["state"] == "Suspended"

    farm.go()
    hint = farm("resume", "shot")
    assert "no process runs it; go on with: renderjob run shot" in hint.out
    assert farm("resume", "shot", "--run").code == 0
    assert len(farm.frames()) == 10


def test_a_delete_from_another_terminal_ends_the_run_and_keeps_the_frames(farm):
    process, _ = started_until(farm, 8)
    assert farm("delete", "shot").code == 2, "nobody can be asked"
    done = farm("delete", "shot", "--yes")
    assert done.code == 0, done.err
    process.communicate()
    assert process.returncode == 3
    assert not renderers(farm)
    assert len(farm.frames()) == 7
    assert farm("get", "shot").code == 1
    assert list((farm.home / "store" / "jobs").iterdir()) == []


def test_a_job_that_was_killed_can_be_cancelled_where_no_process_runs_it(farm):
    process, _ = started_until(farm, 8)
    process.kill()
    process.communicate()
    done = farm("cancel", "shot")
    assert "is Cancelled" in done.out
    assert farm.status()["state"] == "Cancelled"
    assert not renderers(farm)
    assert farm("cancel", "shot").out == "default/shot is Cancelled already: nothing to cancel\n"


@pytest.mark.parametrize("forget", [["delete", "shot", "--yes"], ["run", "shot.yaml", "--fresh"]])
def test_a_job_that_was_killed_and_is_forgotten_leaves_its_finished_frames_and_no_litter(farm, forget):
    process, _ = started_until(farm, 8)
    process.kill()
    process.communicate()
    for frame in (1, 6):  # of the two chunks that were under way, or had just ended
        farm.until(lambda f=frame: list((farm.home / "out").rglob(f"{f:04}.png")), "its frames")
    farm.go()
    done = farm(*forget)
    assert done.code == 0, done.err
    assert "0006.png" in farm.frames(), "what is rendered stays"
    assert not (farm.home / "out" / ".renderjob").exists()


def test_a_killed_job_can_be_deleted_where_its_output_can_not_be_looked_at_any_more(farm):
    process, _ = started_until(farm, 8)
    process.kill()
    process.communicate()
    farm.until(lambda: not renderers(farm), "the renderers to end")
    (farm.home / "out").rename(farm.home / "elsewhere")
    (farm.home / "out").symlink_to("out")
    done = farm("delete", "shot", "--yes")
    assert done.code == 0, done.err
    assert farm("get", "shot").code == 1


def test_watching_a_job_ends_with_its_exit_code(farm):
    process, _ = started_until(farm, 3)
    watch = farm.start("get", "shot", "-w")
    farm.go()
    out, err = watch.communicate()
    process.communicate()
    assert watch.returncode == 0, err
    assert "Completed" in out.splitlines()[-1]


def test_a_log_is_followed_until_its_attempt_ends(farm):
    before = "echo begin $i; [ $i -ge 3 ] && while [ ! -e go ]; do sleep 0.02; done"
    process = farm.start("run", farm.write(command=farm.renderer(before), chunks={"size": 10}))
    farm.until(lambda: 3 in farm.begun(), "frame 3 to begin")
    follow = farm.start("logs", "shot", "-f")
    assert follow.stdout is not None
    assert follow.stdout.readline() == "begin 1\n"
    farm.go()
    out, err = follow.communicate()
    assert out.splitlines()[-1] == "begin 10"
    assert "chunk 0 (frames 1-10), attempt 1" in err
    process.communicate()


def read_once(farm, *arguments, **spec):
    """A run whose output is read up to its first line by somebody who then goes away; its exit code."""
    file = farm.write(**spec)
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "renderjob", "run", file, *arguments],
        cwd=farm.home,
        env=farm.environment,
        stdout=writing,
        stderr=writing,
    )
    farm.started.append(process)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        pipe.readline()
    farm.go()
    return process.wait(patient())


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_a_reader_that_goes_away_ends_the_view_and_not_the_job(farm, arguments):
    # What is printed, and to nobody, are the ends of chunks and the summary.
    command = farm.held(1)
    assert read_once(farm, *arguments, command=command, retries={"perChunk": 0, "onFailure": "Stop"}) == 0
    assert farm.status()["state"] == "Completed"


def test_a_job_that_fails_without_a_reader_ends_too_and_tells_by_its_exit_code(farm):
    command = ["sh", "-c", "while [ ! -e go ]; do sleep 0.02; done; exit 3"]
    retries = {"perChunk": 1, "onFailure": "Stop", "backoff": {"initial": "0s"}}
    assert read_once(farm, command=command, retries=retries, chunks={"size": 1}, parallelism=2) == 1
    assert farm.status()["state"] == "Failed"


def test_a_run_that_ignores_the_hangup_of_its_terminal_goes_on(farm):
    file = farm.write(command=farm.held(8))
    process = subprocess.Popen(
        ["sh", "-c", f"trap '' HUP; exec {sys.executable} -m renderjob run {file}"],
        cwd=farm.home,
        env=farm.environment,
        stdout=subprocess.DEVNULL,
    )
    farm.started.append(process)
    farm.until(lambda: 8 in farm.begun(), "frame 8 to begin")
    process.send_signal(signal.SIGHUP)
    farm.go()
    assert process.wait(patient()) == 0
