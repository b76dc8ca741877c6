"""Commands that only read: plan, validate, get, list, logs; and the errors a user can make."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys

import pytest
import yaml

from renderjob.core import render_digest
from renderjob.manifest import load_file
from renderjob.media.errors import PassingError
from renderjob.workload import pack


def tree(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def test_a_plan_leaves_no_trace(farm):
    file = farm.write(output={"path": "/renders/x", "file": "####.png"})
    before = tree(farm.home)
    assert farm("plan", file, "--mount", "/renders=new").code == 0
    assert farm("plan", file, "--all", "-o", "json").code == 0
    assert tree(farm.home) == before


def test_a_plan_tells_chunks_commands_files_and_digest(farm):
    file = farm.write(
        frames="1-100", command=["blender", "-s", "$(RENDER_START)", "-o", "$(RENDER_OUTPUT)/a b"]
    )
    plan = json.loads(farm("plan", file, "-o", "json").out)
    assert plan["frames"] == {"count": 100, "range": "1-100"}
    assert plan["chunks"]["count"] == 20
    first = plan["chunks"]["items"][0]
    assert first["command"] == ["blender", "-s", "1", "-o", f"{farm.home}/out/a b"]
    assert first["shell"].endswith("'")
    assert plan["output"]["files"][0] == "0001.png"
    assert plan["digest"] == render_digest(load_file(farm.home / file)[0].spec)
    assert any("'blender' is not on this machine" in warning for warning in plan["warnings"])


def test_a_plan_does_not_miss_an_ffmpeg_that_comes_with_us(farm, monkeypatch):
    file = farm.write(command=["ffmpeg", "-i", "x"])
    monkeypatch.setenv("PATH", str(farm.home))
    missing = "the program 'ffmpeg' is not on this machine"
    assert not any(
        missing in warning for warning in json.loads(farm("plan", file, "-o", "json").out)["warnings"]
    )
    monkeypatch.setenv("RENDERJOB_FFMPEG", "nowhere")
    assert any(missing in warning for warning in json.loads(farm("plan", file, "-o", "json").out)["warnings"])


def test_a_plan_lists_chunks_in_the_order_of_their_start(farm):
    file = farm.write(frames="1-50", chunks={"size": 10, "order": "EndsFirst"})
    plan = json.loads(farm("plan", file, "--all", "-o", "json").out)
    assert [chunk["frames"] for chunk in plan["chunks"]["items"]][:3] == ["1-10", "41-50", "11-20"]


def test_a_plan_warns_of_a_reference_that_a_shell_hides(farm):
    file = farm.write(command=["sh", "-c", "seq $(expr $(RENDER_START) + 1)"])
    assert "the command keeps $(RENDER_START) as it is" in farm("plan", file).out


@pytest.mark.parametrize(
    ("word", "fenced", "warned"),
    [
        ("/renders/x/####", None, True),
        ("/renders/x/####", False, False),
        ("$(RENDER_OUTPUT)/####", None, False),
        ("/renders/x-other/####", None, False),
    ],
)
def test_a_plan_warns_of_what_would_be_written_past_the_fence(farm, word, fenced, warned):
    output = {"path": "/renders/x", "file": "####.png", "fenced": fenced}
    file = farm.write(output=output, command=["true", "-o", word])
    said = farm("plan", file, "--mount", "/renders=new").out
    assert ("the command names /renders/x itself: write $(RENDER_OUTPUT)" in said) is warned


def test_a_plan_for_a_cluster_warns_of_what_can_not_be_fenced(farm):
    file = farm.write(output={"path": "/renders/x", "file": "####.png", "fenced": True})
    assert "no volumeMount of the container render covers /renders/x" in farm("plan", file, "--cluster").out


def test_a_long_plan_is_cut_in_the_middle(farm):
    out = farm("plan", farm.write(frames="1-1000")).out
    assert "… 193 more (--all shows them)" in out
    assert "frames 996-1000 (5)" in out


def test_validate_says_what_each_job_is(farm):
    done = farm("validate", farm.write(frames="1-240", chunks={"size": 10}))
    assert (done.code, done.out) == (0, "shot.yaml: RenderJob default/shot: 240 frames in 24 chunks\n")


def test_validate_tells_the_problems_of_all_files_at_once(farm):
    good = farm.write("good")
    for name in ("one", "two"):
        farm.write(name, frames="nonsense")
    done = farm("validate", "one.yaml", good, "two.yaml")
    assert done.code == 4
    assert "good.yaml: RenderJob" in done.out
    assert "one.yaml" in done.err
    assert "two.yaml" in done.err


def test_validate_reads_stdin(farm):
    text = (farm.home / farm.write()).read_text()
    done = farm("validate", "-", text=text)
    assert done.code == 0, done.err
    assert "10 frames in 2 chunks" in done.out


def test_the_table_has_the_columns_of_kubectl(farm):
    farm("run", farm.write())
    head, row = farm("get").out.splitlines()
    assert " ".join(head.split()) == "NAME STATE PROGRESS FRAMES CHUNKS ACTIVE RETRIES ETA AGE"
    assert row.split()[:7] == ["shot", "Completed", "100", "10/10", "2/2", "0", "0"]


def test_list_chooses_by_state_and_shows_namespaces_where_there_are_several(farm):
    farm("run", farm.write("a"))
    farm("run", farm.write("b", suspend=True), "-n", "film")
    both = farm("list").out
    assert "NAMESPACE" in both
    assert "film" in both
    only = farm("list", "--state", "suspended").out
    assert "b" in only.split()
    assert "a" not in only.split()
    assert farm("list", "--state", "sleeping").code == 2


def test_a_job_is_found_by_name_key_or_the_beginning_of_its_id(farm):
    farm("run", farm.write())
    uid = farm.job()["metadata"]["uid"]
    for reference in ("shot", "default/shot", uid, uid[:6]):
        assert farm("get", reference, "-o", "name").out == "renderjob.renderjob.dev/shot\n"
    assert farm("get", uid[:5]).code == 1


def test_an_unknown_name_is_told_with_close_ones(farm):
    farm("run", farm.write("shot-010"))
    done = farm("get", "shot-01")
    assert done.code == 1
    assert "do you mean shot-010" in done.err
    assert "Traceback" not in done.err


def test_yaml_output_can_be_read_back(farm):
    farm("run", farm.write())
    job = yaml.safe_load(farm("get", "shot", "-o", "yaml").out)
    assert job["kind"] == "RenderJob"
    assert job["status"]["completedFrames"] == 10


def test_an_empty_store_is_no_error_and_is_not_made(farm):
    done = farm("get")
    assert done.code == 0
    assert done.out == ""
    assert "no jobs here" in done.err
    assert not (farm.home / "store").exists()


def test_logs_show_the_failed_attempt_of_a_failed_job_and_say_which_it_is(farm):
    before = "echo rendering $i; [ $i = 2 ] && echo no such texture && exit 3"
    retries = {"perChunk": 1, "backoff": {"initial": "0s"}, "onFailure": "Stop"}
    farm("run", farm.write(command=farm.renderer(before), retries=retries, parallelism=1))
    done = farm("logs", "shot")
    assert done.out.splitlines()[-1] == "no such texture"
    assert done.err == "default/shot: chunk 0 (frames 1-5), attempt 2\n"
    assert farm("logs", "shot", "--tail", "1").out == "no such texture\n"
    assert farm("logs", "shot", "--frame", "1", "--attempt", "1").err.endswith("attempt 1\n")
    none = farm("logs", "shot", "--chunk", "77")
    assert none.code == 1
    assert "there are logs of chunks 0" in none.err


def test_retry_runs_again_what_failed(farm):
    before = "[ -e bad ] && [ $i = 7 ] && exit 3"
    (farm.home / "bad").touch()
    farm("run", farm.write(command=farm.renderer(before), retries={"perChunk": 0, "onFailure": "Stop"}))
    (farm.home / "bad").unlink()
    assert "go on with: renderjob run shot" in farm("retry", "shot").out
    assert "Pending" in farm("get", "shot").out, "nobody runs it, and it has not failed again"
    assert farm("retry", "shot", "--run").code == 0
    assert farm("retry", "shot").out == "default/shot is Completed: nothing failed\n"


def test_delete_without_a_runner_forgets_the_job_and_keeps_what_is_rendered(farm):
    farm("run", farm.write())
    assert farm("delete", "shot", "-y").out == "default/shot is deleted; what is rendered is kept\n"
    assert len(farm.frames()) == 10
    assert farm("get", "shot").code == 1


def test_verify_names_the_missing_frames(farm):
    farm("run", farm.write())
    (farm.home / "out" / "0004.png").unlink()
    request = {"directory": "out", "pattern": "####.png", "frames": "1-10"}
    done = farm("verify", pack(request), "--report", "answer")
    assert done.code == 0
    found = {"present": "1-3,5-10", "missing": "4", "why": "wanted 0004.png in out"}
    assert json.loads(done.out) == found
    assert (farm.home / "answer").read_text() == done.out.strip()


def test_verify_moves_fenced_frames_up_and_says_the_same_when_asked_again(farm):
    for id_, text, numbers in (("3", "old", (1, 2)), ("4", "new", (2, 3)), ("7", "live", (1, 4))):
        own = farm.home / "out" / ".renderjob" / "job-now" / id_
        own.mkdir(parents=True)
        for number in numbers:
            (own / f"{number:04}.png").write_text(text)
    fence = {"root": ".renderjob", "job": "job", "digest": "now", "anyDigest": False}
    fence |= {"before": 9, "beside": "7", "adopt": ""}
    request = {"directory": "out", "pattern": "####.png", "frames": "1-4", "fence": fence}
    answers = [json.loads(farm("verify", pack(request)).out) for _ in range(2)]
    assert answers == [{"present": "1-3", "missing": "4", "why": "wanted 0004.png in out"}] * 2
    assert [p.read_text() for p in sorted((farm.home / "out").glob("*.png"))] == ["old", "new", "new"]
    assert len(list((farm.home / "out" / ".renderjob" / "job-now" / "7").iterdir())) == 2


def test_verify_tells_what_attempts_that_run_have_written(farm):
    (farm.home / "out").mkdir(exist_ok=True)
    (farm.home / "out" / "0002.png").write_text("frame")
    running = [{"id": 7, "frames": "1-5", "since": 0}, {"id": 8, "frames": "6-9", "since": 0}]
    request = {"directory": str(farm.home / "out"), "pattern": "####.png", "running": running}
    done = farm("verify", pack(request), "--report", "answer")
    [[id_, at, frames]] = json.loads((farm.home / "answer").read_text())["written"]
    assert (id_, frames) == (7, 1)
    assert at > 0
    assert "written" in done.out


def denied(*_):
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/renders/shot/.renderjob")


def test_where_a_pod_of_ours_may_not_write_its_answer_says_what_to_set(farm, monkeypatch):
    monkeypatch.setattr("renderjob.cli.jobs.requests.open_store", denied)
    request = {
        "directory": "/renders/shot",
        "pattern": "####.png",
        "frames": "1-4",
        "fence": {"root": ".renderjob"},
    }
    done = farm("verify", pack(request), "--report", "answer")
    assert done.code == 0
    said = json.loads((farm.home / "answer").read_text())["disk"]
    assert said.startswith("permission denied: /renders/shot/.renderjob (on ")
    assert f"; this pod is user {os.geteuid()}, groups " in said
    assert "set runAsUser or fsGroup in template.spec.securityContext, or the directory's owner" in said
    assert said.endswith("; or do without output.fenced")


@pytest.mark.parametrize("in_pod", [True, False])
def test_a_merge_that_may_not_write_says_what_to_set_where_there_is_a_template_of_a_pod(
    farm, monkeypatch, in_pod
):
    def merge(_):
        try:
            denied()
        except OSError as error:
            raise PassingError(f"all.mp4 could not be written: {error}") from error

    monkeypatch.setattr("renderjob.media.merge", merge)
    monkeypatch.setattr("renderjob.cli.commands.merge.is_of_pod", lambda _: in_pod)
    request = {"directory": "/renders/shot", "file": "all.mp4", "pattern": "####.png", "frames": "1-4"}
    done = farm("merge", pack(request), "--report", "answer")
    assert done.code == 1
    answer = json.loads((farm.home / "answer").read_text())
    assert answer["message"].startswith("all.mp4 could not be written: ")
    assert not answer["refused"]
    assert ("securityContext" in answer["message"]) is in_pod
    assert answer["message"] in done.err


def test_verify_of_what_is_no_request_is_one_sentence(farm):
    done = farm("verify", "gz:nonsense")
    assert done.code == 1
    assert "is no verify request of renderjob" in done.err


def test_a_damaged_store_is_one_sentence(farm):
    (farm.home / "store").mkdir()
    (farm.home / "store" / "jobs.sqlite").write_text("this is no database, " * 100)
    done = farm("get")
    assert done.code == 1
    assert done.err.startswith("error: the store ")
    assert len(done.err.splitlines()) == 1


def test_a_defect_is_one_line_without_a_traceback(farm, monkeypatch):
    monkeypatch.setattr("renderjob.planning.layout_of", lambda _: 1 / 0)
    done = farm("validate", farm.write())
    assert done.code == 1
    assert done.err.startswith("error: a defect of renderjob")
    assert "ZeroDivisionError" in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["get", "--help"]])
def test_help_needs_no_heavy_package(arguments):
    code = (
        "import sys; from renderjob.cli.main import app\n"
        f"try: app({arguments!r})\n"
        "except SystemExit: pass\n"
        "print([m for m in ('av', 'bpy', 'psutil', 'renderjob.api', 'rich', 'asyncio') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "[]"


def test_get_needs_no_codecs(farm):
    farm("run", farm.write())
    code = (
        "import sys; from renderjob.cli.main import app\n"
        "try: app(['get'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('av', 'bpy', 'psutil', 'rich', 'aiohttp', 'kubernetes') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "[]"


def test_help_documents_the_exit_codes(farm):
    out = farm("--help").out
    assert "3    the job was cancelled; what is rendered is kept" in out
    assert "130  killed by a second Ctrl-C" in out
    assert "merge" not in [line.split()[0] for line in out.splitlines() if line.strip()]


def test_a_converted_job_tells_where_its_relative_paths_start_when_that_is_elsewhere(farm):
    chunk = {"startFrame": 0, "frameCount": 5, "command": "r ../out/a.mov", "outputFile": "../out/a.mov"}
    (farm.home / "jobs").mkdir()
    (farm.home / "jobs" / "job.json").write_text(json.dumps({"chunks": [chunk]}))
    done = farm("convert", "jobs/job.json", "-o", "job.yaml")
    assert done.code == 0, done.err
    assert "start in jobs, beside the job file: renderjob run job.yaml --directory jobs" in done.err


def some(farm, **commands):
    """A job for each name, which renders one frame by its command."""
    for name, command in commands.items():
        output = {"path": name, "file": "####.png"}
        farm(
            "run",
            farm.write(
                name, command=command, output=output, frames="1", retries={"perChunk": 0, "onFailure": "Stop"}
            ),
        )


def test_several_jobs_are_deleted_at_once_by_name_or_by_state(farm):
    good, bad = farm.renderer(), ["false"]
    some(farm, a=good, b=bad, c=good, d=good)

    asked = farm("delete", "a", "b")
    assert asked.code == 2
    assert "deleting 2 jobs (default/a, default/b) needs --yes where nobody can be asked" in asked.err

    assert farm("delete", "a", "b", "a", "-y").out.count("is deleted") == 2
    assert farm("delete", "--state", "failed", "-y").err == "no job here is Failed\n"
    assert farm("delete", "--state", "completed", "-y").out.count("is deleted") == 2
    assert (farm.home / "c" / "0001.png").exists()


def test_deleting_nothing_in_particular_is_refused(farm):
    assert farm("delete", "-y").code == 2
    assert farm("delete", "--state", "gone", "-y").code == 2


def test_a_directory_in_place_of_a_file_is_told_with_a_file_of_it(farm):
    (farm.home / "my scenes").mkdir()
    assert "my scenes is a directory; name a manifest's file" in farm("run", "my scenes").err
    (farm.home / "my scenes" / "a.yaml").touch()
    done = farm("run", "my scenes")
    assert done.code == 4
    assert "such as 'my scenes/a.yaml'" in done.err
