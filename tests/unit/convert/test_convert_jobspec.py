"""A Helios JobSpec becomes a manifest as a person would write it, or a list that is true to the letter."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from renderjob.api import RenderJob
from renderjob.convert import PLACEHOLDER_IMAGE, ConvertError, convert_jobspec, job_name
from renderjob.manifest import load_manifests

Json = dict[str, Any]


def jobspec(total: int, size: int, command: str, output: str | None = None, **more: Any) -> Json:
    """A JobSpec; {s} {e} {x} {n} {i} are a chunk's start, end, exclusive end, count and number."""
    chunks = []
    for number, start in enumerate(range(0, total, size)):
        count = min(size, total - start)
        words = {"s": start, "e": start + count - 1, "x": start + count, "n": count, "i": number}
        line = command.format(**words)
        chunk: Json = {"id": number, "startFrame": start, "frameCount": count, "command": line}
        chunks.append(chunk | ({"outputFile": output.format(**words)} if output else {}))
    return {"id": "job", "metadata": {"totalFrames": total}, "chunks": chunks, **more}


def spec_of(source: Json) -> Json:
    spec: Json = convert_jobspec(source)["spec"]
    return spec


def command_of(spec: Json) -> list[str]:
    command: list[str] = spec["template"]["spec"]["containers"][0]["command"]
    return command


def complaint(source: object, **options: Any) -> str:
    with pytest.raises(ConvertError) as caught:
        convert_jobspec(source, **options)
    return str(caught.value)


def test_commands_that_differ_by_frame_numbers_become_one_template() -> None:
    spec = spec_of(jobspec(25, 10, "render -s {s} -e {e} -n {n} -o /out/{i}.mov a.blend", "/out/{i}.mov"))

    assert spec["frames"] == "0-24"
    assert spec["chunks"] == {"size": 10}
    assert command_of(spec) == [
        *("render", "-s", "$(RENDER_START)", "-e", "$(RENDER_END)", "-n", "$(RENDER_FRAME_COUNT)"),
        *("-o", "/out/$(RENDER_CHUNK).mov", "a.blend"),
    ]
    assert spec["output"] == {"path": "/out", "chunkFile": "$(RENDER_CHUNK).mov"}


def test_the_count_of_equal_chunks_is_found_where_the_end_is_not_told() -> None:
    spec = spec_of(jobspec(20, 10, "render --from {s} --frames {n} --threads 4"))

    assert command_of(spec)[-3:] == ["$(RENDER_FRAME_COUNT)", "--threads", "4"]


def test_a_number_that_only_may_be_the_count_stays_as_it_is() -> None:
    spec = spec_of(jobspec(20, 10, "render --from {s} --to {e} --threads 10"))

    assert command_of(spec)[-1] == "10"


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("render {s} {x}", None),  # an exclusive end
        ("render {s:04d} {e:04d}", None),  # padded with zeros
        ("render {s} {e}", "/out/{i:03d}.mov"),
        ("render scene-{i}", None),  # nothing says which frames: a part could not be rendered alone
        ("render {s}", None),
    ],
)
def test_what_no_variable_can_say_is_listed_as_it_is(command: str, output: str | None) -> None:
    source = jobspec(20, 10, command, output)
    listed = spec_of(source)["chunks"]["explicit"]

    assert [" ".join(chunk["command"]) for chunk in listed] == [c["command"] for c in source["chunks"]]
    assert [chunk["frames"] for chunk in listed] == ["0-9", "10-19"]


def test_commands_of_different_shape_are_listed() -> None:
    source = jobspec(20, 10, "render {s} {e}")
    source["chunks"][1]["command"] += " --last"

    assert len(spec_of(source)["chunks"]["explicit"]) == 2


def test_chunks_of_uneven_size_are_listed() -> None:
    source = jobspec(20, 10, "render {s} {e}")
    source["chunks"][0]["frameCount"] = 5
    source["chunks"][1] |= {"startFrame": 5, "frameCount": 15}

    assert [chunk["frames"] for chunk in spec_of(source)["chunks"]["explicit"]] == ["0-4", "5-19"]


def test_a_single_chunk_is_listed_since_nothing_tells_its_numbers_apart() -> None:
    assert spec_of(jobspec(10, 10, "render 0 9"))["chunks"]["explicit"] == [
        {"frames": "0-9", "command": ["render", "0", "9"]}
    ]


def test_the_order_of_the_file_is_kept_in_a_list() -> None:
    source = jobspec(30, 10, "render {s} {x}")
    source["chunks"].reverse()

    assert [chunk["frames"] for chunk in spec_of(source)["chunks"]["explicit"]] == ["20-29", "10-19", "0-9"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("render 'a b' \"c\" d\\ e", ["render", "a b", "c", "d e"]),
        ("  render \t a\u00a0b\nc  ", ["render", "a", "b", "c"]),
        ("render a | tee b", ["render", "a", "|", "tee", "b"]),
        ("cd /scenes", ["cd", "/scenes"]),
        ("A=1 render", ["A=1", "render"]),
        ("render *.blend ~/a", ["render", "*.blend", "~/a"]),
        ("render https://h/c.html?a=1&b=2;c#d!(e)", ["render", "https://h/c.html?a=1&b=2;c#d!(e)"]),
        ("echo $HOME $5 `id`", ["echo", "$HOME", "$5", "`id`"]),
        ("echo $(date) $$", ["echo", "$$(date)", "$$$$"]),
        ("echo $$(date) a$", ["echo", "$$$$(date)", "a$"]),
        ("echo '' \"\" a'b c'd", ["echo", "", "", "ab cd"]),
        ("echo 'a\\'b' \"c\\\"d\" e\\\\f", ["echo", "a'b", 'c"d', "e\\f"]),
        ("echo \"it's\" '\"'", ["echo", "it's", '"']),
        ("echo a\\", ["echo", "a"]),
        ("echo a\\ ", ["echo", "a"]),
        ("echo \\", ["echo"]),
        (["echo", "$(RENDER_START)", "$"], ["echo", "$$(RENDER_START)", "$"]),
    ],
)
def test_commands_are_the_words_that_helios_starts_and_no_shell_reads_them(
    command: Any, words: list[str]
) -> None:
    source = jobspec(10, 10, "x")
    source["chunks"][0]["command"] = command

    assert spec_of(source)["chunks"]["explicit"][0]["command"] == words


def test_a_dollar_before_a_frame_number_is_not_taken_for_an_escape() -> None:
    spec = spec_of(jobspec(20, 10, "echo ${s} {e}"))

    assert command_of(spec) == ["echo", "$$$(RENDER_START)", "$(RENDER_END)"]


def test_the_merge_command_is_a_stage_of_its_own() -> None:
    merge = spec_of(jobspec(20, 10, "r {s} {e}", mergeCommand="ffmpeg -i l.txt > $(x)"))["merge"]

    (container,) = merge["template"]["spec"]["containers"]
    assert container["command"] == ["ffmpeg", "-i", "l.txt", ">", "$$(x)"]
    assert "output" not in merge


@pytest.mark.parametrize(
    ("output", "command", "file"),
    [
        ("../out/part_{i}.mov", "helios merge ../out/final.mp4 ../out/part_0.mov", "final.mp4"),
        ("/out/part_{i}.mov", "helios merge /out/a/final.mp4 /out/part_0.mov", "a/final.mp4"),
        ("part_{i}.mov", "helios merge final.mp4 part_0.mov", "final.mp4"),
        ("../out/part_{i}.mov", "helios merge final.mp4 ../out/part_0.mov", None),
        ("/out/part_{i}.mov", "helios merge --quality 3", None),
        (None, "helios merge final.mp4 part_0.mov", None),
    ],
)
def test_the_file_that_helios_merges_into_is_told(output: str | None, command: str, file: str | None) -> None:
    assert spec_of(jobspec(20, 10, "r {s} {e}", output, mergeCommand=command))["merge"].get("output") == file


@pytest.mark.parametrize("nothing", [None, "", []])
def test_without_a_merge_command_there_is_no_merge(nothing: object) -> None:
    assert "merge" not in spec_of(jobspec(20, 10, "r {s} {e}", mergeCommand=nothing))


def test_files_lie_below_their_common_directory() -> None:
    assert spec_of(jobspec(20, 10, "r {s} {e}", "/out/{s}/a.mov"))["output"] == {
        "path": "/out",
        "chunkFile": "$(RENDER_START)/a.mov",
    }
    assert spec_of(jobspec(20, 10, "r {s} {x}", "/out/x/../{s}.mov"))["output"] == {"path": "/out"}
    assert spec_of(jobspec(20, 10, "r {s} {e}", "parts/{s}.mov"))["output"] == {
        "path": ".",
        "chunkFile": "parts/$(RENDER_START).mov",
    }


def test_facts_about_the_video_become_annotations() -> None:
    source = jobspec(20, 10, "r {s} {e}")
    source["metadata"] |= {"fps": 29.97, "width": 1920, "height": 1080, "duration": 10.0}

    assert convert_jobspec(source)["metadata"]["annotations"] == {
        "renderjob.dev/converted-from": "Helios JobSpec job",
        "renderjob.dev/fps": "29.97",
        "renderjob.dev/size": "1920x1080",
        "renderjob.dev/duration": "10",
    }


def test_images_are_placeholders_that_no_registry_can_serve() -> None:
    spec = spec_of(jobspec(20, 10, "r {s} {e}", mergeCommand="m"))

    for template in (spec["template"], spec["merge"]["template"]):
        assert template["spec"]["containers"][0]["image"] == PLACEHOLDER_IMAGE
    assert PLACEHOLDER_IMAGE.lower() != PLACEHOLDER_IMAGE  # an image's name is in lower case


def test_the_manifest_is_plain_data_that_reads_back_from_yaml() -> None:
    manifest = convert_jobspec(jobspec(25, 10, "r {s} {e}", "/o/{i}.mov", id=0))

    (job,) = load_manifests(yaml.safe_dump(manifest), "")
    assert job == RenderJob.model_validate(manifest)
    assert job.metadata.name == "0"


def test_optional_parts_may_be_missing() -> None:
    source = {"chunks": [{"startFrame": -5, "frameCount": 10, "command": ["r"]}]}

    assert convert_jobspec(source, name="shot")["spec"]["frames"] == "-5-4"


def test_a_given_name_wins_over_the_id() -> None:
    assert convert_jobspec(jobspec(20, 10, "r {s} {e}"), name="shot")["metadata"]["name"] == "shot"


@pytest.mark.parametrize("name", ["0", "shot-010", "a" * 63])
def test_a_valid_name_stays(name: str) -> None:
    assert job_name(name) == name


def test_other_names_become_valid_and_stay_apart() -> None:
    names = [
        "Shot_1",
        "shot_1",
        "shot.1",
        "shot-1",
        "-shot-1",
        "SHOT-1",
        "_",
        "ü",
        "a" * 64,
        "a" * 65,
        "shot 1\n",
    ]
    made = [job_name(name) for name in names]

    assert len(set(made)) == len(names)
    for label in made:
        assert 0 < len(label) <= 63
        assert label.strip("-") == label
        assert label.isascii() and label.replace("-", "a").isalnum() and label == label.lower()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"chunks": None}, "chunks: found nothing; accepted: a list of chunks, at least one"),
        ({"chunks": {}}, "chunks: found {}; accepted: a list"),
        ({"chunks": []}, "chunks: found []; accepted: a list"),
        ({"chunks": [3]}, "chunks[0]: found 3; accepted: an object with startFrame, frameCount and command"),
        ({"metadata": 3}, "metadata: found 3; accepted: an object"),
        (
            {"metadata": {"totalFrames": 0}},
            "metadata.totalFrames: found 0; accepted: a whole number of 1 or more",
        ),
        ({"metadata": {"fps": "24"}}, 'metadata.fps: found "24"; accepted: a number above 0'),
        ({"metadata": {"width": True}}, "metadata.width: found true; accepted: a whole number of 1 or more"),
        ({"id": [1]}, "id: found [1]; accepted: a string or a whole number"),
        ({"id": None}, "id: missing; accepted: a name for the job"),
        ({"id": " "}, 'id: found " "; accepted: a name for the job'),
        ({"mergeCommand": 3}, "mergeCommand: found 3; accepted: a command line, or a list of strings"),
        (
            {"metadata": {"totalFrames": 21}},
            "metadata.totalFrames is 21, and the chunks have 20 frames: 0-19",
        ),
    ],
)
def test_nonsense_is_told(change: Json, sentence: str) -> None:
    assert complaint(jobspec(20, 10, "r {s} {e}") | change).startswith(sentence)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"startFrame": "x"}, 'chunks[1].startFrame: found "x"; accepted: a whole number'),
        ({"startFrame": None}, "chunks[1].startFrame: found nothing; accepted: a whole number"),
        (
            {"startFrame": 2**31 - 5},
            "chunks[1]: ends with frame 2147483652; accepted: frames up to 2147483647",
        ),
        ({"frameCount": -1}, "chunks[1].frameCount: found -1; accepted: a whole number of 1 or more"),
        ({"frameCount": 2.5}, "chunks[1].frameCount: found 2.5; accepted: a whole number of 1 or more"),
        (
            {"command": None},
            "chunks[1].command: found nothing; accepted: a command line, or a list of strings",
        ),
        ({"command": ["a", 1]}, 'chunks[1].command: found ["a", 1]; accepted: a command line, or a list'),
        (
            {"command": "a 'b"},
            """chunks[1].command: found "a 'b": the quotation that begins with ' is not closed; for a '""",
        ),
        ({"command": "'' b"}, "chunks[1].command: found \"'' b\": the program's name is empty"),
        ({"command": "  "}, "chunks[1].command: empty; accepted: a command"),
        ({"command": "a\0"}, "chunks[1].command: holds a NUL character"),
        ({"outputFile": "a/"}, 'chunks[1].outputFile: found "a/"; accepted: the name of a file'),
        ({"id": 0}, "chunks[1].id: 0 is the id of chunks[0] already"),
        ({"startFrame": 5}, "chunks[1] has frames 5-14 and chunks[0] has 0-9: 5-9 is in both"),
        ({"startFrame": 12}, "metadata.totalFrames is 20, and frames 10-11 are in no chunk"),
    ],
)
def test_a_nonsensical_chunk_is_told_by_its_number(change: Json, sentence: str) -> None:
    source = jobspec(20, 10, "r {s} {e}")
    source["chunks"][1] |= change

    assert complaint(source).startswith(sentence)


def test_two_chunks_that_write_one_file_are_refused() -> None:
    text = complaint(jobspec(20, 10, "r {s} {e}", "/out/a.mov"))

    assert text == "chunks[1].outputFile: '/out/a.mov' is written by chunks[0] already"


def test_files_outside_of_any_common_place_are_refused() -> None:
    mixed = jobspec(20, 10, "r {s} {e}", "/out/{i}")
    mixed["chunks"][0]["outputFile"] = "a.mov"

    assert "outputFile is absolute in 1 chunks and relative in 1" in complaint(mixed)
    beside = jobspec(20, 10, "r {s} {e}", "../out/{i}")
    beside["chunks"][0]["outputFile"] = "a.mov"
    assert "'../out/1' leads out of the directory of 'a.mov'" in complaint(beside)


@pytest.mark.parametrize(
    ("output", "path", "file"),
    [
        ("../out/temp_17_part_{i}.mov", "../out", "temp_17_part_$(RENDER_CHUNK).mov"),
        ("../../a/b/../{s}.mov", "../../a", "$(RENDER_START).mov"),
        ("../{i}", "..", "$(RENDER_CHUNK)"),
        ("x/../../o/{s}/p.mov", "../o", "$(RENDER_START)/p.mov"),
    ],
)
def test_files_may_lie_beside_the_job_files_directory(output: str, path: str, file: str) -> None:
    assert spec_of(jobspec(20, 10, "r {s} {e}", output))["output"] == {"path": path, "chunkFile": file}


def test_more_frames_than_a_job_may_have_are_refused_in_the_manifests_words() -> None:
    text = complaint({"id": 1, "chunks": [{"startFrame": 0, "frameCount": 10**7, "command": "r"}]})

    assert "spec.frames" in text
    assert "at most 1000000 are accepted" in text


@pytest.mark.parametrize("data", [None, [], "x", 3])
def test_what_is_no_jobspec_is_told(data: object) -> None:
    assert "accepted: a JobSpec, an object with id, metadata and chunks" in complaint(data)


def test_all_problems_are_told_at_once() -> None:
    source = jobspec(20, 10, "r {s} {e}") | {"metadata": {"fps": 0}, "id": True}
    source["chunks"][1]["frameCount"] = 0

    with pytest.raises(ConvertError) as caught:
        convert_jobspec(source)

    assert len(caught.value.problems) == 3
