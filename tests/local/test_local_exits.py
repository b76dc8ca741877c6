"""How a local attempt ends: exit codes, signals, and what can't be started at all."""

from __future__ import annotations

import pytest

from renderjob.api import State
from renderjob.executors.local import process
from support.local import HOLD, farm

ONCE = {"perChunk": 0, "onFailure": "Stop"}


@pytest.mark.parametrize(
    ("script", "code", "message"),
    [
        ("exit 3", 3, "exit code 3"),
        ("echo no such scene; exit 255", 255, "no such scene"),
        ("kill -SEGV $$$$", 139, "killed by signal 11 (SIGSEGV)"),
        ("echo going; kill -TERM $$$$", 143, "killed by signal 15 (SIGTERM); last line: going"),
    ],
)
async def test_an_exit_code_or_a_signal_is_kept(tmp_path, script, code, message):
    async with farm(tmp_path) as here:
        job = await here.run(script, retries=ONCE)
    (failure,) = job.status.failures
    assert failure.exit_code == code
    assert failure.failure_class == "Error"
    assert failure.message == message
    assert job.status.state is State.FAILED
    assert job.status.attempts.failed == 1
    assert job.status.frames.failed == "1-10"


@pytest.mark.parametrize(
    ("command", "spec", "says"),
    [
        (["no-such-renderer", "-b"], {}, "no-such-renderer"),
        (["./no/such/file"], {}, "./no/such/file"),
        (["sh"], {"container": {"workingDir": "nowhere"}}, "nowhere"),
        (["sh"], {"output": {"path": "/proc/nobody/writes/here"}}, "--mount /proc/nobody/writes/here="),
        (["sh", "-c", "exit 0", "a\0b"], {}, "change command, args or env"),
        ([], {"container": {"command": []}}, "command"),
    ],
    ids=["program", "file", "directory", "output", "zero byte", "no command"],
)
async def test_what_can_never_start_fails_the_job_with_a_sentence_and_no_retries(
    tmp_path, caplog, command, spec, says
):
    async with farm(tmp_path) as here:
        job = await here.run(command, frames="1-40", parallelism=2, **spec)
        assert here.logs(job.metadata.uid)
    assert job.status.state is State.FAILED
    assert says in job.status.error
    assert "\n" not in job.status.error
    assert {f.failure_class for f in job.status.failures} == {"Config"}
    assert job.status.next_attempt <= 3, "no more was tried than what had started already"
    assert "Traceback" not in caplog.text


async def test_a_file_that_is_no_program_is_named(tmp_path):
    (tmp_path / "home").mkdir()
    file = tmp_path / "home" / "renderer"
    file.write_bytes(b"\x7fnot a program")
    file.chmod(0o755)
    async with farm(tmp_path) as here:
        job = await here.run(["./renderer"])
    assert job.status.state is State.FAILED
    assert "./renderer can't be started" in job.status.error


async def test_a_machine_that_is_short_of_something_is_no_failure_of_the_render(tmp_path, monkeypatch):
    real, refusals = process.subprocess.Popen, [11, 12, 28]

    def scarce(*args, **kwargs):
        if refusals:
            raise OSError(refusals.pop(), "not now")
        return real(*args, **kwargs)

    async with farm(tmp_path) as here:
        await here.run("exit 0", name="first")  # the watchdog is there
        monkeypatch.setattr(process.subprocess, "Popen", scarce)
        job = await here.run("exit 0", name="second")
    assert refusals == []
    assert job.status.state is State.COMPLETED
    assert job.status.attempts.failed == 0
    assert not job.status.failures


async def test_a_machine_without_pidfd_runs_more_processes_than_a_pool_has_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "_open_pidfd", lambda _: None)
    # The last that starts ends first.
    script = f"[ $RENDER_START = 40 ] || {{ {HOLD}; }}; exit $((RENDER_START % 2))"
    async with farm(tmp_path) as here:
        uid = await here.submit(
            script,
            frames="1-40",
            chunks={"size": 1},
            parallelism=40,
            retries=ONCE,
            tolerate={"failedFrames": 20},
            output={"path": "out"},
        )
        await here.reached(uid, lambda job: job.status.frames.completed == "40")
        here.go()
        job = await here.end(uid)
    assert job.status.state is State.COMPLETED
    assert job.status.frames.failed == "1-39x2"
