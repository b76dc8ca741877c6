"""`renderjob run` of jobs that depend on each other: together, frame by frame, and ended together."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from harness.waiting import patient
from renderjob.api import RenderJob
from renderjob.cli.run.dependencies import in_groups
from support.jobs import manifest


def write(farm, *jobs, file="all.yaml"):
    """A file with several jobs: (name, names of what it depends on, fields of its spec)."""
    texts = []
    for name, names, spec in jobs:
        fields = {
            "output": {"path": name, "file": "####.png"},
            "frames": "1-4",
            "chunks": {"size": 1},
            "dependsOn": [{"name": other} for other in names],
            "retries": {"perChunk": 0},
            **spec,
        }
        texts.append(Path(farm.home, farm.write(name, **fields)).read_text())
    Path(farm.home, file).write_text("---\n".join(texts))
    return file


def lines_of(out):
    return [json.loads(line) for line in out.splitlines()]


def reading(farm, name):
    """A renderer of frames from those of another job, which must be there."""
    return farm.renderer(f'cat {farm.home}/{name}/"$(printf %04d $i)".png || exit 3')


def test_a_frame_is_rendered_as_soon_as_the_frame_is_there_that_it_needs(farm):
    render = ("render", [], {"command": farm.held(3), "parallelism": 1})
    comp = ("comp", ["render"], {"command": reading(farm, "render"), "parallelism": 2})
    process = farm.start("run", write(farm, comp, render))
    farm.until(lambda: farm.status("comp").get("completedFrames") == 2, "two frames of the comp")
    assert farm.status("render")["completedFrames"] == 2
    assert "waits for frames 3-4 of render" in str(farm.status("comp")["conditions"])
    farm.go()
    out, err = process.communicate(timeout=patient())
    assert process.returncode == 0, err
    for name in ("render", "comp"):
        assert farm.status(name)["state"] == "Completed"
        assert f"default/{name} · Completed" in out
    assert "render, comp run together" in out
    # Whose a line is, it says.
    assert all(line.startswith(("render | ", "comp   | ")) for line in out.splitlines())


def test_jobs_that_run_together_share_the_slots_of_the_largest_of_them(farm):
    count = f"ls {farm.home}/now | wc -l >> {farm.home}/most"
    at_once = [
        "sh",
        "-c",
        f"mkdir -p {farm.home}/now; touch {farm.home}/now/$$; {count}; sleep 0.2; rm {farm.home}/now/$$; "
        "echo frame > $RENDER_OUTPUT/$(printf %04d $RENDER_START).png",
    ]
    jobs = [
        ("render", [], {"command": at_once, "parallelism": 2, "frames": "1-8"}),
        ("comp", ["render"], {"command": at_once, "parallelism": 2, "frames": "1-8"}),
    ]
    done = farm("run", write(farm, *jobs))
    assert done.code == 0, done.err
    assert max(map(int, Path(farm.home, "most").read_text().split())) <= 2


def test_json_lines_say_whose_they_are_and_end_with_a_result_for_each(farm):
    done = farm("run", write(farm, ("render", [], {}), ("comp", ["render"], {"parallelism": 2})), "--json")
    assert done.code == 0, done.err
    lines = lines_of(done.out)
    assert {line["job"] for line in lines} == {"default/render", "default/comp"}
    results = {line["job"]: line["state"] for line in lines if line["type"] == "result"}
    assert results == {"default/render": "Completed", "default/comp": "Completed"}


def test_when_one_fails_what_can_be_made_is_made_and_the_exit_code_is_1(farm):
    bad = farm.renderer("[ $i = 3 ] && exit 3")
    jobs = [
        ("render", [], {"command": bad}),
        ("comp", ["render"], {"command": reading(farm, "render")}),
        ("film", ["comp"], {"command": reading(farm, "comp")}),
    ]
    file = write(farm, *jobs)
    done = farm("run", file)
    assert done.code == 1, done.err
    assert "default/render · Failed" in done.out
    for name, other in (("comp", "render"), ("film", "comp")):
        assert farm.status(name)["frames"]["completed"] == "1-2,4"
        assert f"default/{name} · not finished" in done.out
        assert f"waits for frame 3 of {other}" in done.out
    assert f"renderjob run {file}" in done.out

    write(farm, ("render", [], {}), *jobs[1:])
    again = farm("run", file)
    assert again.code == 0, again.err
    assert farm.status("film")["state"] == "Completed"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_of_them_and_keeps_what_is_rendered(farm, number):
    render = ("render", [], {"command": farm.held(3), "parallelism": 1})
    file = write(farm, render, ("comp", ["render"], {"parallelism": 2}))
    process = farm.start("run", file)
    farm.until(lambda: farm.status("comp").get("completedFrames") == 2, "two frames of the comp")
    process.send_signal(number)
    out, err = process.communicate(timeout=patient())
    assert process.returncode == 3, err
    for name in ("render", "comp"):
        assert farm.status(name)["state"] == "Cancelled"
        assert f"default/{name} · Cancelled" in out
    farm.go()
    again = farm("run", file)
    assert again.code == 0, again.err
    assert sorted(path.name for path in Path(farm.home, "comp").iterdir()) == [
        f"000{n}.png" for n in range(1, 5)
    ]


def test_a_job_that_another_terminal_has_run_again_carries_the_others_on(farm):
    bad = farm.renderer(f"[ $i = 2 ] && ! [ -e {farm.home}/mended ] && exit 3")
    jobs = [
        ("render", [], {"command": bad}),
        ("slow", ["render"], {"command": farm.held(1), "frames": "1", "parallelism": 3}),
        ("comp", ["render"], {"command": reading(farm, "render")}),
    ]
    process = farm.start("run", write(farm, *jobs))
    farm.until(lambda: farm.status("render").get("state") == "Failed", "the render to fail")
    Path(farm.home, "mended").touch()
    assert farm("retry", "render").code == 0
    farm.until(lambda: farm.status("comp").get("state") == "Completed", "the comp to be complete")
    farm.go()
    process.communicate(timeout=patient())
    assert process.returncode == 0
    assert farm.status("slow")["state"] == "Completed"


def test_jobs_that_another_process_runs_are_shown_and_take_up_edits(farm):
    render = ("render", [], {"command": farm.held(3), "parallelism": 1})
    file = write(farm, render, ("comp", ["render"], {"parallelism": 2}))
    first = farm.start("run", file)
    farm.until(lambda: farm.status("comp").get("completedFrames") == 2, "two frames of the comp")
    second = farm.start("run", file, "--parallelism", "2")
    farm.until(lambda: farm.job("render")["spec"]["parallelism"] == 2, "the edit")
    farm.go()
    out, err = second.communicate(timeout=patient())
    assert (second.returncode, first.wait(patient())) == (0, 0), err
    assert f"process {first.pid} runs it, and takes this up" in out
    assert "default/comp · Completed" in out


def test_jobs_that_wait_for_each_other_are_refused(farm):
    done = farm("run", write(farm, ("a", ["b"], {}), ("b", ["a"], {})))
    assert done.code == 4
    assert "spec.dependsOn: these jobs wait for each other: " in done.err
    assert not farm.job("a")
    assert "all.yaml: spec.dependsOn: these jobs wait for each other: " in farm("validate", "all.yaml").err


def test_a_dependency_that_is_nowhere_is_refused_before_anything_starts(farm):
    done = farm("run", write(farm, ("render", [], {}), ("comp", ["rendr"], {})))
    assert done.code == 4
    assert "comp: spec.dependsOn[0].name: there is no job rendr, " in done.err
    assert "did you mean render?" in done.err
    assert not farm.job("render")
    assert not Path(farm.home, "render").exists()


def test_one_that_waits_for_a_job_that_has_failed_ends_and_says_what_for(farm):
    assert farm("run", write(farm, ("render", [], {"command": ["false"]}), file="one.yaml")).code == 1
    done = farm("run", write(farm, ("comp", ["render"], {"parallelism": 2}), file="two.yaml"))
    assert done.code == 1
    assert (
        "which is Failed and which no process runs; run it in another terminal with: renderjob retry"
        in done.out
    )
    assert "default/comp · not finished" in done.out
    assert "waits for frames 1-4 of render: render is Failed" in done.out


def test_jobs_without_a_dependency_run_one_after_the_other_in_the_order_of_the_file(farm):
    done = farm("run", write(farm, ("b", [], {}), ("a", [], {})))
    assert done.code == 0, done.err
    assert done.out.index("default/b · Completed") < done.out.index("default/a · Completed")
    assert "run together" not in done.out


def test_what_follows_one_that_does_not_complete_is_not_begun(farm):
    done = farm("run", write(farm, ("b", [], {"command": ["false"]}), ("a", [], {})))
    assert done.code == 1
    assert "not run, since b did not complete: a" in done.err
    assert not farm.job("a")


def test_groups_keep_the_order_of_the_file_and_put_what_is_needed_first():
    wanted = {"film": ["comp"], "other": [], "comp": ["render"], "render": [], "last": ["elsewhere"]}
    jobs = []
    for name, names in wanted.items():
        data = manifest(name, ["true"], dependsOn=[{"name": other} for other in names])
        jobs.append(RenderJob.model_validate(data))
    groups = [[job.metadata.name for job in group] for group in in_groups(jobs)]
    assert groups == [["render", "comp", "film"], ["other"], ["last"]]


def test_a_job_takes_up_the_frames_of_another_process_as_they_come(farm):
    render = farm.write("render", command=farm.held(3), output={"path": "r", "file": "####.png"},
                        frames="1-4", chunks={"size": 1}, parallelism=1)  # fmt: skip
    comp = farm.write("comp", output={"path": "c", "file": "####.png"}, frames="1-4", chunks={"size": 1},
                      dependsOn=[{"name": "render"}])  # fmt: skip
    first = farm.start("run", render)
    farm.until(lambda: farm.status("render"), "the render to begin")
    second = farm.start("run", comp)
    farm.until(lambda: farm.status("comp").get("completedFrames") == 2, "two frames of the comp")
    assert "waits for frames 3-4 of render" in str(farm.status("comp")["conditions"])
    farm.go()
    assert (first.wait(patient()), second.wait(patient())) == (0, 0)
    assert farm.status("comp")["state"] == "Completed"
