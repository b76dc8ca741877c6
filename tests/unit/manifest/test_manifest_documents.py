"""YAML as the API server reads it: documents, lists, traps, and files that are not manifests at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from renderjob.manifest import ManifestError, load_file, load_manifests, load_resources
from support.jobs import manifest

SHOT = """\
apiVersion: renderjob.dev/v1alpha1
kind: RenderJob
metadata:
  name: shot
spec:
  frames: 1-10
  template:
    spec:
      containers:
      - name: render
"""


def complaint(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        load_manifests(text, "shot.yaml")
    return str(caught.value)


def test_frames_need_no_quotes_where_yaml_reads_a_string() -> None:
    (job,) = load_manifests(SHOT, "shot.yaml")

    assert job.spec.frames == "1-10"


def test_a_stream_of_documents_gives_a_job_each_and_empty_ones_count_for_nothing() -> None:
    text = f"---\n{SHOT}---\n---\n{SHOT.replace('name: shot', 'name: other')}"

    assert [job.metadata.name for job in load_manifests(text, "")] == ["shot", "other"]


def test_json_is_yaml() -> None:
    assert load_manifests(json.dumps(manifest("shot")), "")[0].metadata.name == "shot"


def test_a_list_counts_as_its_items() -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [manifest("a"), manifest("b")]})

    assert [job.metadata.name for job in load_manifests(text, "")] == ["a", "b"]


def test_a_problem_in_a_list_is_told_with_its_item() -> None:
    text = json.dumps({"kind": "List", "items": [manifest("a"), manifest("b", parallelism=-1)]})

    assert complaint(text).startswith("shot.yaml:1: items[1].spec.parallelism: found -1")


def test_problems_come_with_the_line_of_their_field() -> None:
    text = SHOT + "  chunks:\n    sise: 3\n  parallelism: many\n"

    assert complaint(text).splitlines() == [
        "shot.yaml:12: spec.chunks.sise: unknown field; did you mean size?",
        'shot.yaml:13: spec.parallelism: found "many" (a string); accepted: a whole number from 0 to 1000',
    ]


def test_lines_count_from_the_start_of_the_file_not_of_the_document() -> None:
    assert complaint(f"{SHOT}---\n{SHOT}  retry: -1\n").startswith("shot.yaml:22: spec.retry: ")


def test_a_missing_field_is_told_at_the_line_of_what_it_is_missing_from() -> None:
    assert complaint(SHOT.replace("  frames: 1-10\n", "")).startswith("shot.yaml:5: spec.frames: missing")


def test_a_field_that_stands_twice_is_refused() -> None:
    text = complaint(SHOT + "  frames: 1-20\n")

    assert text == "shot.yaml:11: spec.frames: stands twice, first in line 6; remove one of them"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "shot.yaml: empty; accepted: a RenderJob of apiVersion renderjob.dev/v1alpha1"),
        ("---\n# nothing\n---\n", "shot.yaml: empty; accepted"),
        (
            "hello",
            'shot.yaml:1: found "hello" (a string); accepted: a mapping with apiVersion, kind: RenderJob',
        ),
        ("- a\n", "shot.yaml:1: found a list of 1; accepted: a mapping"),
        ("a: [b\n", "shot.yaml:2: column 1: not valid YAML: did not find expected ',' or ']'"),
        ("a: b\n  c: d\n", "shot.yaml:2: column 4: not valid YAML: mapping values are not allowed"),
        ("a: \0", "shot.yaml: not valid YAML: "),
        ("kind: Pod", 'shot.yaml:1: kind: found "Pod" (a string); accepted: RenderJob, or a List of them'),
        ("kind: [a]", "shot.yaml:1: kind: found a list of 1; accepted: RenderJob"),
        (
            "Kind: RenderJob",
            "shot.yaml:1: kind: missing; accepted: RenderJob; did you mean kind where Kind stands?",
        ),
        (
            "kind: renderjob",
            'shot.yaml:1: kind: found "renderjob" (a string); accepted: RenderJob, or a List',
        ),
        ("kind: List", "shot.yaml:1: items: found nothing; accepted: a list of RenderJob resources"),
        ("kind: List\nitems: [3]", "shot.yaml:2: items[0]: found 3 (a whole number); accepted: a mapping"),
        ("a: &a [*a]", "shot.yaml:1: a[0]: an alias stands inside of what it names"),
        ("a: !!python/none x", "shot.yaml:1: a: the tag !!python/none is not accepted"),
        ("a: !secret x", "shot.yaml:1: a: the tag !secret is not accepted"),
        ("? [a]\n: b", "shot.yaml:1: a field's name is a list or a mapping; accepted: a word"),
        ("a: *b", "shot.yaml:1: column 4: not valid YAML: found undefined alias"),
        ("[" * 3000, "shot.yaml:1: column 1001: not valid YAML: "),
        ("a: " + "[" * 200 + "]" * 200, "shot.yaml:1: a[0]"),
        ("a: " + "9" * 5000, "shot.yaml: a number has too many digits"),
    ],
)
def test_what_is_no_manifest_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    assert complaint(text).startswith(sentence)


def test_a_few_aliases_that_stand_for_billions_are_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]

    assert "values with its aliases; accepted: at most 1000000" in complaint("\n".join(lines))


def test_anchors_and_merge_keys_work() -> None:
    text = SHOT.replace("metadata:\n", "metadata:\n  labels: &l {a: b}\n  annotations: {<<: *l, c: d}\n")

    assert load_manifests(text, "")[0].metadata.annotations == {"a": "b", "c": "d"}


@pytest.mark.parametrize("value", ["2020-01-01", "1:30", "12:30:45", "2020-01-01T10:00:00Z"])
def test_dates_and_times_of_day_are_strings_as_for_the_api_server(value: str) -> None:
    text = SHOT.replace("name: shot", f"name: shot\n  annotations: {{at: {value}}}")

    assert load_manifests(text, "")[0].metadata.annotations == {"at": value}


@pytest.mark.parametrize(
    ("value", "number"),
    [("0x10", 16), ("0X1F", 31), ("010", 8), ("0o10", 8), ("0b11", 3), ("1_0", 10), ("+5", 5), ("0", 0)],
)
def test_whole_numbers_are_read_in_all_their_forms(value: str, number: int) -> None:
    assert load_manifests(f"{SHOT}  retry: {value}\n", "")[0].spec.retry == number


@pytest.mark.parametrize("value", ["1.5", "15e-1", "+1.5", "1.5e0", "1_.5"])
def test_numbers_are_read_in_all_their_forms(value: str) -> None:
    text = f"{SHOT}  retries: {{backoff: {{factor: {value}}}}}\n"

    assert load_manifests(text, "")[0].spec.retries.backoff.factor == 1.5


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "apiVersion: renderjob.dev/v1\n",
            'found "renderjob.dev/v1" (a string); accepted: renderjob.dev/v1alpha1',
        ),
        ("", "missing; accepted: renderjob.dev/v1alpha1"),
    ],
)
def test_the_accepted_version_is_told_and_the_rest_is_checked_as_well(line: str, sentence: str) -> None:
    text = SHOT.replace("apiVersion: renderjob.dev/v1alpha1\n", line) + "  retry: -1\n"

    first, second = complaint(text).splitlines()

    assert first == f"shot.yaml:1: apiVersion: {sentence}"
    assert "spec.retry" in second


def test_a_name_that_no_label_can_hold_is_refused() -> None:
    assert 'metadata.name: found "Shot_1": must be at most 63 lower-case' in complaint(
        SHOT.replace("name: shot", "name: Shot_1")
    )


@pytest.mark.parametrize("word", ["y", "N", "yes", "Off", "TRUE"])
def test_words_that_are_truth_values_for_the_api_server_are_told_to_be_quoted(word: str) -> None:
    text = complaint(SHOT.replace("- name: render", f"- {{name: render, args: [{word}]}}"))

    assert text.endswith(f'quote it: "{word}"')


def test_json_may_write_a_character_as_a_surrogate_pair() -> None:
    text = json.dumps(manifest("a", command=["\U0001f3ac", r"\ud83c\udfac"]))

    assert load_manifests(text, "")[0].spec.template.container.command == ["\U0001f3ac", r"\ud83c\udfac"]


def test_half_a_surrogate_pair_is_refused() -> None:
    text = json.dumps(manifest("a")).replace('"render"', r'"\ud800"')

    assert "not valid YAML: found invalid Unicode character escape code" in complaint(text)


def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "shot.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + SHOT.encode())

    assert load_file(file)[0].metadata.name == "shot"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")

    for name, sentence in (
        ("absent.yaml", "absent.yaml: can't be read: No such file or directory"),
        (".", "can't be read: Is a directory"),
        ("latin.yaml", "latin.yaml: not UTF-8 text: byte 4 is 0xe9"),
        ("a\0b", "can't be read: "),
    ):
        with pytest.raises(ManifestError) as caught:
            load_file(f"{tmp_path}/{name}")
        assert sentence in str(caught.value)


def test_problems_can_be_read_one_by_one() -> None:
    with pytest.raises(ManifestError) as caught:
        load_manifests(SHOT + "  sise: 1\n", "shot.yaml")

    (problem,) = caught.value.problems
    assert (problem.path, problem.line, problem.message) == ("spec.sise", 11, "unknown field")


CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: scripts}\n"


def test_what_is_plainly_of_another_kind_is_skipped_by_name_beside_a_renderjob() -> None:
    skipped: list[str] = []
    (loaded,) = load_resources(f"{CONFIG}---\n{SHOT}", "shot.yaml", skipped)

    assert loaded.job.metadata.name == "shot"
    assert skipped == ["ConfigMap scripts (line 1)"]


def test_a_list_may_hold_other_kinds_too() -> None:
    skipped: list[str] = []
    items = [manifest("a"), {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1)

    assert len(load_resources(text, "l.json", skipped)) == 1
    assert [name.partition(" (")[0] for name in skipped] == ["Secret s"]


@pytest.mark.parametrize(
    "other",
    [
        "kind: Renderjob\napiVersion: renderjob.dev/v1alpha1",
        "kind: RenderJob\napiVersion: v2",
        "kind: ConfigMap",
        "kind: Other\napiVersion: renderjob.dev/v1alpha1",
        "apiVersion: v1",
        "hello",
    ],
)
def test_what_may_be_a_misspelt_renderjob_is_refused_and_not_skipped(other: str) -> None:
    with pytest.raises(ManifestError):
        load_resources(f"{SHOT}---\n{other}\n", "shot.yaml", [])


def test_a_file_without_any_renderjob_is_refused_in_the_same_words_as_ever() -> None:
    with pytest.raises(ManifestError) as caught:
        load_resources(CONFIG, "shot.yaml", [])
    assert 'shot.yaml:2: kind: found "ConfigMap" (a string); accepted: RenderJob' in str(caught.value)
