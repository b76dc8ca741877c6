"""What a process of a local attempt is given: environment, arguments, directory, input and a log."""

from __future__ import annotations

import pytest

from renderjob.api import State
from renderjob.core import Attempt, Kind
from renderjob.executors.local.launch import launch_of
from renderjob.frames import FrameSet
from support.local import farm, local_job


def environment_in(lines: list[str]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in lines if "=" in line)


async def test_a_worker_gets_what_the_manifest_names_and_nothing_of_the_managers(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    container = {"env": [{"name": "SCENE", "value": "a b"}, {"name": "EMPTY"}]}
    async with farm(tmp_path) as here:
        job = await here.run(["env"], frames="3-9x2", container=container)
        assert job.status.state is State.COMPLETED
        (log,) = here.logs(job.metadata.uid)
        told = environment_in(log.read_text().splitlines())
    assert {n for n in told if not n.startswith("RENDER_")} == {
        "PATH",
        "HOME",
        "TMPDIR",
        "LANG",
        "SCENE",
        "EMPTY",
    }
    assert told["SCENE"] == "a b"
    assert told["LANG"] == "C.UTF-8"
    assert {n: v for n, v in told.items() if n.startswith("RENDER_")} == {
        "RENDER_START": "3",
        "RENDER_END": "9",
        "RENDER_STEP": "2",
        "RENDER_FRAMES": "3-9x2",
        "RENDER_FRAME_COUNT": "4",
        "RENDER_CHUNK": "0",
        "RENDER_CHUNKS": "1",
        "RENDER_ATTEMPT": "1",
        "RENDER_OUTPUT": "",
        "RENDER_JOB": "shot",
        "RENDER_JOB_UID": job.metadata.uid,
        "RENDER_NAMESPACE": "default",
    }


async def test_references_are_replaced_in_command_args_and_values(tmp_path):
    container = {
        "env": [
            {"name": "SHOT", "value": "s010"},
            {"name": "FILE", "value": "$(SHOT)-$(RENDER_START)"},
            {"name": "LATER", "value": "$(AFTER)"},
            {"name": "AFTER", "value": "x"},
        ],
        "args": ["$(FILE)", "$$(SHOT)", "$(NOBODY)", "$(LATER)"],
    }
    async with farm(tmp_path) as here:
        job = await here.run(["printf", "%s\\n"], frames="7", container=container)
        (log,) = here.logs(job.metadata.uid)
        assert log.read_text().splitlines() == ["s010-7", "$(SHOT)", "$(NOBODY)", "$(AFTER)"]


async def test_a_process_starts_in_its_working_directory_and_reads_nothing(tmp_path):
    (tmp_path / "home" / "sub").mkdir(parents=True)
    async with farm(tmp_path) as here:
        job = await here.run("pwd; wc -c", container={"workingDir": "sub"})
        (log,) = here.logs(job.metadata.uid)
        where, read = log.read_text().split()
    assert where == str(tmp_path / "home" / "sub")
    assert read == "0"


async def test_every_attempt_has_a_log_of_its_own(tmp_path):
    script = "echo attempt $RENDER_ATTEMPT of $RENDER_START; echo oops >&2; [ $RENDER_ATTEMPT = 2 ]"
    async with farm(tmp_path) as here:
        job = await here.run(script, frames="1-2", chunks={"size": 1})
        logs = [log.read_text() for log in here.logs(job.metadata.uid)]
    assert job.status.state is State.COMPLETED
    assert sorted(logs) == sorted(f"attempt {a} of {f}\noops\n" for a in (1, 2) for f in (1, 2))


def launched(job, frames="1-4"):
    attempt = Attempt(1, Kind.RENDER, FrameSet.parse(frames), 0, 1, 1)
    return launch_of(job, attempt, {"PATH": "/usr/bin:/bin"}, job_scratch(job))


def job_scratch(_):
    return None


def test_a_mounted_output_is_translated_once(tmp_path):
    """A directory here may begin like a path of the container: /data mounted from /data/renders."""
    inside = str(tmp_path)
    job = local_job(
        tmp_path,
        ["sh", f"{inside}/scene", "$(RENDER_OUTPUT)/x", f"-o$(RENDER_OUTPUT){inside}"],
        mounts={inside: f"{inside}/renders"},
        output={"path": f"{inside}/shot"},
    )
    launch = launched(job)
    assert launch.environment["RENDER_OUTPUT"] == f"{inside}/renders/shot"
    assert launch.argv == (
        "sh",
        f"{inside}/renders/scene",
        f"{inside}/renders/shot/x",
        f"-o{inside}/renders/shot{inside}",
    )


@pytest.mark.parametrize("path", ["out", "/renders/shot"])
def test_the_output_directory_is_made_and_told(tmp_path, path):
    job = local_job(
        tmp_path,
        ["sh", "-c", "$(RENDER_OUTPUT)"],
        mounts={"/renders": str(tmp_path / "r")},
        output={"path": path, "file": "beauty/####.png"},
    )
    launch = launched(job)
    here = tmp_path / ("out" if path == "out" else "r/shot")
    assert launch.argv == ("sh", "-c", str(here))
    assert launch.environment["RENDER_OUTPUT"] == str(here)
    assert (here / "beauty").is_dir()
