"""`renderjob run` into a file or pipe: states, exit codes, and what is rendered again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml


def failing(farm):
    """Frame 7 fails while there is a file `bad`."""
    before = "[ -e bad ] && [ $i = 7 ] && echo 'no such texture' && exit 3"
    return farm.write(command=farm.renderer(before), retries={"perChunk": 0})


def test_a_run_renders_every_frame_and_exits_with_0(farm):
    done = farm("run", farm.write())
    assert done.code == 0, done.err
    assert farm.frames() == [f"{n:04d}.png" for n in range(1, 11)]
    assert "default/shot · Completed" in done.out
    assert "10 of 10 rendered" in done.out
    assert str(farm.home / "out") in done.out


def test_a_complete_job_says_so_and_renders_nothing_again(farm):
    file = farm.write()
    farm("run", file)
    done = farm("run", file)
    assert done.code == 0
    assert "10 of 10 were rendered already: nothing was left to do" in done.out
    assert len(farm.begun()) == 10


def test_a_frame_that_was_deleted_from_the_disk_is_rendered_again(farm):
    file = farm.write()
    farm("run", file)
    (farm.home / "out" / "0003.png").unlink()
    done = farm("run", file)
    assert done.code == 0
    assert farm.begun()[10:] == [3]
    assert "frame 3 is not there any more" in done.out
    assert "10 of 10 rendered, 1 of them now" in done.out


def test_a_failed_job_exits_with_1_and_tells_why_and_where_the_log_is(farm):
    (farm.home / "bad").touch()
    done = farm("run", failing(farm))
    assert done.code == 1
    assert "failed: no such texture; given up" in done.out
    # The chunk is tried in parts, so that only the bad frame is lost.
    assert "renderjob logs shot --frame 7" in done.out
    assert "no such texture" in farm("logs", "shot", "--frame", "6").out


def test_running_a_failed_job_again_retries_only_what_failed(farm):
    (farm.home / "bad").touch()
    file = failing(farm)
    farm("run", file)
    (farm.home / "bad").unlink()
    before = len(farm.begun())
    done = farm("run", file)
    assert done.code == 0
    assert "it had failed: runs again what failed (spec.retry 0 → 1)" in done.out
    assert farm.begun()[before:] == [7]
    farm("run", file)
    assert farm.job()["spec"]["retry"] == 1


def test_an_edited_manifest_renders_only_the_new_frames_and_says_what_was_edited(farm):
    farm("run", farm.write())
    done = farm("run", farm.write(frames="1-12", parallelism=2))
    assert done.code == 0
    assert "edited: spec.frames: 1-10 → 1-12" in done.out
    assert "edited: spec.parallelism: 1 → 2" in done.out
    assert farm.begun()[10:] == [11, 12]


def test_fresh_renders_everything_again(farm):
    file = farm.write()
    farm("run", file)
    assert farm("run", file, "--fresh").code == 0
    assert sorted(farm.begun()) == sorted([*range(1, 11)] * 2)
    assert len(json.loads(farm("list", "-o", "json").out)["items"]) == 1


def test_a_job_runs_again_by_its_name_without_its_file(farm):
    Path(farm.write()).rename("elsewhere.yaml")
    farm("run", "elsewhere.yaml")
    (farm.home / "out" / "0001.png").unlink()
    assert farm("run", "shot").code == 0
    assert farm.begun()[10:] == [1]


def test_mounts_are_remembered_for_the_next_run(farm):
    file = farm.write(output={"path": "/renders/a", "file": "####.png"})
    assert farm("run", file, "--mount", "/renders=pictures").code == 0
    assert len(list((farm.home / "pictures" / "a").glob("*.png"))) == 10
    again = farm("run", file)
    assert again.code == 0
    assert "nothing was left to do" in again.out


@pytest.mark.parametrize("mount", ["renders=out", "/renders", "/renders=", "=out", "/=out"])
def test_a_mount_of_the_wrong_form_is_a_usage_error_with_an_example(farm, mount):
    done = farm("run", farm.write(), "--mount", mount)
    assert done.code == 2
    assert "--mount /renders=out" in " ".join(done.err.split())


def test_what_has_no_effect_here_is_said(farm):
    file = farm.write(nodes={"avoidAfter": 3})
    text = (
        Path(file)
        .read_text()
        .replace(
            "name: render",
            "name: render\n        image: example/blender:4.5\n        resources: {limits: {memory: 2Gi}}",
        )
    )
    Path(file).write_text(text)
    done = farm("run", file)
    assert "note: image example/blender:4.5 is not used: programs of this machine run instead" in done.out
    assert "note: resources.limits.memory is held by measuring" in done.out
    assert "note: spec.nodes has no effect here" in done.out


def test_output_that_is_no_terminal_has_no_control_characters(farm):
    done = farm("run", farm.write())
    assert all(c.isprintable() or c == "\n" for c in done.out)
    assert done.err == ""


def test_json_lines_end_with_the_result_and_hold_nothing_else(farm):
    done = farm("run", farm.write(), "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert all({"time", "type"} <= line.keys() for line in lines)
    assert {"job", "event", "result"} <= {line["type"] for line in lines}
    result = lines[-1]
    assert result["type"] == "result"
    assert (result["state"], result["exitCode"]) == ("Completed", 0)
    assert result["status"]["frames"]["completed"] == "1-10"
    assert result["output"] == str(farm.home / "out")


def test_a_suspended_manifest_renders_nothing_and_exits_with_5(farm):
    done = farm("run", farm.write(suspend=True))
    assert done.code == 5
    assert farm.begun() == []
    assert farm("run", farm.write()).code == 0


def test_a_manifest_that_does_not_name_the_approval_does_not_take_it_back(farm):
    preview = {"frames": "1", "approval": "Required"}
    file = farm.write(preview=preview, chunks={"size": 1})
    assert farm("run", file).code == 5
    assert farm("approve", "shot").code == 0
    assert farm("run", file).code == 0
    assert farm("run", farm.write(preview={**preview, "approved": False}, frames="1-11")).code == 5


def test_a_preview_that_waits_for_approval_exits_with_5_and_says_how_to_go_on(farm):
    done = farm("run", farm.write(preview={"frames": "1", "approval": "Required"}, chunks={"size": 1}))
    assert done.code == 5
    assert farm.begun() == [1]
    assert "spec.preview.approved" in done.out


def test_an_invalid_manifest_exits_with_4_before_anything_is_made(farm):
    (farm.home / "bad.yaml").write_text("kind: RenderJob\n")
    done = farm("run", "bad.yaml")
    assert done.code == 4
    assert "bad.yaml" in done.err
    assert not (farm.home / "store").exists()


def test_a_file_that_is_not_there_is_told_by_name(farm):
    done = farm("run", "nothere.yaml")
    assert done.code == 4
    assert "there is no file nothere.yaml" in done.err


FFMPEG = [
    "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=24",
    "-frames:v", "$(RENDER_FRAME_COUNT)", "-start_number", "$(RENDER_START)", "$(RENDER_OUTPUT)/%04d.png",
]  # fmt: skip
FILM = {"ffmpeg": {"file": "shot.mp4", "fps": 24}}


def test_frames_are_merged_into_a_film_and_the_summary_names_it(farm):
    done = farm("run", farm.write(command=FFMPEG, merge=FILM))
    assert done.code == 0, done.out
    film = farm.home / "out" / "shot.mp4"
    assert film.stat().st_size > 0
    assert f"Merged    {film}" in done.out
    assert "openjd_progress: 100" in farm("logs", "shot", "--merge").out


def test_a_module_of_the_user_beside_the_manifest_does_not_break_the_merge(farm):
    (farm.home / "queue.py").write_text("raise RuntimeError('not for import')\n")
    assert farm("run", farm.write(command=FFMPEG, merge=FILM)).code == 0


def test_a_failed_merge_keeps_the_frames_and_shows_one_sentence(farm):
    # The frames are there, but they are no pictures.
    done = farm("run", farm.write(merge={**FILM, "retries": 0}))
    assert done.code == 1
    assert "renderjob logs shot --merge" in done.out
    assert len(farm.frames()) == 10
    log = farm("logs", "shot")
    assert "default/shot: the merge, attempt 1" in log.err
    assert "Traceback" not in log.out


def test_convert_makes_a_manifest_that_validates(farm):
    chunks = [
        {"id": n, "startFrame": 5 * n, "frameCount": 5, "outputFile": f"{n}.mov", "command": ["true"]}
        for n in range(2)
    ]
    spec = {
        "metadata": {"totalFrames": 10, "fps": 24, "width": 64, "height": 64, "duration": 0.4},
        "chunks": chunks,
    }
    Path("job.json").write_text(json.dumps(spec))
    done = farm("convert", "job.json", "--name", "old-job", "-o", "old.yaml")
    assert done.code == 0, done.err
    assert "10 frames in 2 chunks" in farm("validate", "old.yaml").out


def test_convert_refuses_what_is_no_jobspec(farm):
    Path("job.json").write_text("{}")
    assert farm("convert", "job.json").code == 4
    Path("job.json").write_text("nonsense")
    done = farm("convert", "job.json")
    assert done.code == 4
    assert "job.json is no JSON" in done.err


JOBSPEC = {
    "metadata": {"totalFrames": 2, "fps": 24, "width": 8, "height": 8, "duration": 0.1},
    "chunks": [{"id": 0, "startFrame": 0, "frameCount": 2, "outputFile": "a.mov", "command": "render a.mov"}],
    "mergeCommand": "join a.mov",
}


def test_a_jobspec_without_an_id_is_called_like_its_file(farm):
    (farm.home / "shot-010.json").write_text(json.dumps(JOBSPEC))
    done = farm("convert", "shot-010.json")
    assert done.code == 0, done.err
    assert yaml.safe_load(done.out)["metadata"]["name"] == "shot-010"
    assert "not carried over" not in done.err


def test_convert_tells_what_it_leaves_out(farm):
    chunk = JOBSPEC["chunks"][0] | {"env": {"A": "1"}}
    (farm.home / "a.json").write_text(json.dumps(JOBSPEC | {"chunks": [chunk], "priority": 3}))
    done = farm("convert", "a.json")
    assert done.code == 0, done.err
    assert "not carried over, since a manifest has no such field: priority, chunks[0].env" in done.err


def test_convert_reads_a_byte_order_mark(farm):
    (farm.home / "a.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(JOBSPEC).encode())
    assert farm("convert", "a.json").code == 0


@pytest.mark.parametrize("text", [b"[" * 100_000, b"\xff\xfe{}", b'{"id": ' + b"9" * 5000 + b"}"])
def test_convert_refuses_nonsense_in_a_sentence(farm, text):
    (farm.home / "a.json").write_bytes(text)
    done = farm("convert", "a.json")
    assert done.code == 4
    assert done.err.startswith("error: a.json is")


@pytest.mark.parametrize("command", ["run", "validate"])
def test_two_documents_of_one_job_are_refused_by_their_lines_before_anything_starts(farm, command):
    text = (farm.home / farm.write("shot")).read_text()
    (farm.home / "all.yaml").write_text("---\n".join([text, text]))
    lines = [n for n, line in enumerate(f"{text}---\n{text}".splitlines(), 1) if line == "  name: shot"]
    done = farm(command, "all.yaml")
    assert done.code == 4
    said = f"all.yaml, line {lines[1]}: metadata.name: shot stands twice, first in all.yaml, line {lines[0]};"
    assert said in done.err
    assert not farm.begun()


def test_documents_that_only_a_namespace_keeps_apart_are_two_jobs_until_both_go_into_one(farm):
    data = yaml.safe_load((farm.home / farm.write("shot")).read_text())
    texts = [yaml.safe_dump(data | {"metadata": {"name": "shot", "namespace": each}}) for each in ("a", "b")]
    (farm.home / "all.yaml").write_text("---\n".join(texts))
    assert farm("run", "all.yaml", "--namespace", "c").code == 4
    assert not farm.begun()
    assert farm("validate", "all.yaml").code == 0


def several(farm, *names: str) -> str:
    """A file with several jobs, and something else among them."""
    texts = [Path(farm.write(name, output={"path": name, "file": "####.png"})).read_text() for name in names]
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: scripts}\n"
    (farm.home / "all.yaml").write_text("---\n".join([config, *texts]))
    return "all.yaml"


def test_the_jobs_of_a_file_run_one_after_the_other_and_what_is_no_job_is_skipped(farm):
    done = farm("run", several(farm, "render", "comp"))
    assert done.code == 0, done.err
    assert "note: all.yaml: skipped, since it is no RenderJob: ConfigMap scripts (line 1)" in done.err
    assert [farm.status(name)["state"] for name in ("render", "comp")] == ["Completed", "Completed"]
    assert done.out.index("default/render · Completed") < done.out.index("default/comp · Completed")


def test_what_follows_a_job_that_fails_is_not_run_and_the_hint_names_the_one_that_failed(farm):
    texts = [
        yaml.safe_load(text) for text in Path(several(farm, "render", "comp")).read_text().split("---\n")
    ]
    texts[1]["spec"]["template"]["spec"]["containers"][0]["command"] = ["false"]
    texts[1]["spec"]["retries"] = {"perChunk": 0, "onFailure": "Stop"}
    Path("all.yaml").write_text(yaml.safe_dump_all(texts))

    done = farm("run", "all.yaml")

    assert done.code == 1
    assert "not run, since render did not complete: comp" in done.err
    assert farm.status("comp") == {}
    assert "renderjob run all.yaml --name render " in done.out


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["--name", "other"], "renderjob run shot.yaml --name other "),
        (["--namespace", "film"], "renderjob run shot.yaml --namespace film "),
        ([], "renderjob run shot.yaml "),
    ],
)
def test_the_command_to_go_on_with_does_it_as_it_stands(farm, options, hint):
    file = farm.write(command=["false"], frames="1-2", retries={"perChunk": 0, "onFailure": "Stop"})
    done = farm("run", file, *options)
    assert hint in done.out
    again = next(line for line in done.out.splitlines() if line.startswith("  Retry"))
    words = again.removeprefix("  Retry").partition("(")[0].split()
    assert "it had failed: runs again what failed" in farm(*words[1:]).out


def test_the_command_to_go_on_with_what_came_from_stdin_names_the_job(farm):
    text = Path(
        farm.write(command=["false"], frames="1-2", retries={"perChunk": 0, "onFailure": "Stop"})
    ).read_text()
    assert "renderjob run shot " in farm("run", "-", text=text).out
    assert "renderjob run film/shot " in farm("run", "-", "-n", "film", text=text).out
    assert "renderjob logs film/shot --frame 1" in farm("run", "-", "-n", "film", text=text).out


def test_relative_paths_start_where_a_directory_is_named(farm):
    (farm.home / "there").mkdir()
    done = farm("run", farm.write(), "--directory", "there")
    assert done.code == 0, done.err
    assert (farm.home / "there" / "out" / "0001.png").exists()
    (farm.home / "there" / "out" / "0001.png").unlink()
    assert farm("run", "shot").code == 0
    assert (farm.home / "there" / "out" / "0001.png").exists()


@pytest.mark.parametrize("option", ["--name", "--namespace"])
def test_what_is_no_name_is_refused_in_our_own_words(farm, option):
    done = farm("run", farm.write(), option, "Bad_Name")
    assert done.code == 2
    assert f"error: {option} Bad_Name: must be at most 63 lower-case letters, digits" in done.err
    assert "type=" not in done.err
