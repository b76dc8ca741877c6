"""Every mistake in a manifest becomes a sentence about the user's own field, in the API's spelling."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from renderjob.manifest import ManifestError, load_manifests
from support.jobs import manifest


def complaint(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        load_manifests(text, "")
    return str(caught.value)


def about(**spec: Any) -> str:
    return complaint(yaml.safe_dump(manifest(**spec)))


def rule(**fields: Any) -> dict[str, Any]:
    return {"rules": [{"log": "x", "action": "Retry"}, {"log": "x", "action": "Retry", **fields}]}


FRAMES = 'a frame expression in quotes, such as "1-240", "1-100x2" or "1-10,20"'
ACTIONS = "Retry, FailChunk, FailJob, BackOff, RaiseMemory or Ignore"
DURATION = "a duration such as 500ms, 10s, 5m, 1h30m or 2d"


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (
            {"parallelism": "many"},
            'spec.parallelism: found "many" (a string); accepted: a whole number from 0 to 1000',
        ),
        (
            {"parallelism": -1},
            "spec.parallelism: found -1 (a whole number); accepted: a whole number from 0 to 1000",
        ),
        (
            {"parallelism": 2.0},
            "spec.parallelism: found 2.0 (a number); accepted: a whole number from 0 to 1000",
        ),
        ({"parallelism": None}, "spec.parallelism: found nothing; accepted: a whole number from 0 to 1000"),
        ({"suspend": "yes"}, 'spec.suspend: found "yes" (a string); accepted: true or false'),
        ({"frames": 12}, f'spec.frames: found 12 (a whole number); accepted: {FRAMES}; quote it: "12"'),
        ({"frames": []}, f"spec.frames: found an empty list; accepted: {FRAMES}"),
        ({"chunks": [1, 2]}, "spec.chunks: found a list of 2; accepted: a mapping with size, "),
        (
            {"chunks": {"explicit": {}}},
            "spec.chunks.explicit: found an empty mapping; accepted: a list of 1 to",
        ),
        (
            {"chunks": {"order": "forward"}},
            'spec.chunks.order: found "forward" (a string); accepted: Forward, Reverse, EndsFirst,',
        ),
        (
            {"retries": rule(action="Again")},
            f'spec.retries.rules[1].action: found "Again" (a string); accepted: {ACTIONS}',
        ),
        (
            {"retries": rule(exitCodes=[])},
            "spec.retries.rules[1].exitCodes: found an empty list; accepted: a list of 1 to 64 entries",
        ),
        (
            {"retries": rule(exitCodes=[33, "x"])},
            'spec.retries.rules[1].exitCodes[1]: found "x": must be an exit code such as 33',
        ),
        (
            {"retries": rule(log="(")},
            'spec.retries.rules[1].log: found "(": must be an expression of RE2: missing ): (; see',
        ),
        (
            {"retries": {"backoff": {"factor": "2"}}},
            'spec.retries.backoff.factor: found "2" (a string); accepted: a number from 1 to 100',
        ),
        (
            {"retries": {"backoff": {"factor": float("nan")}}},
            "spec.retries.backoff.factor: found nan (a number); accepted: a number from 1 to 100",
        ),
        (
            {"tolerate": {"failedFrames": [1]}},
            "spec.tolerate.failedFrames: found a list of 1; accepted: a whole number from 0, or a percentage",
        ),
        (
            {"tolerate": {"failedFrames": "101%"}},
            'spec.tolerate.failedFrames: found "101%": must be a number of frames such as 5, or a percentage',
        ),
        ({"timeouts": {"chunk": 5}}, f"spec.timeouts.chunk: found 5 (a whole number): must be {DURATION}"),
        ({"timeouts": {"chunk": 5.0}}, f"spec.timeouts.chunk: found 5.0 (a number); accepted: {DURATION}"),
        (
            {"timeouts": {"stall": "0s"}},
            "spec.timeouts.stall: must be more than 0s; leave it out for no limit",
        ),
        (
            {"timeouts": {"start": "0s"}},
            "spec.timeouts.start: must be more than 0s; leave it out for 30m, or write as much as 3650d",
        ),
        (
            {"output": {"path": ""}},
            'spec.output.path: found "" (a string); accepted: a string of 1 to 1024 characters',
        ),
        ({"output": {}}, "spec.output.path: missing; accepted: a string of 1 to 1024 characters"),
        (
            {"output": {"path": "/o", "file": "#.png"}, "merge": {"ffmpeg": {"file": "a.mp4", "fps": 29.97}}},
            "spec.merge.ffmpeg.fps: found 29.97 (a number); accepted: a whole number or a string; quote it",
        ),
        (
            {"preview": {"frames": "some"}},
            f'spec.preview.frames: found "some" (a string); accepted: Ends, Stride or {FRAMES}',
        ),
        ({"merge": {}}, "spec.merge: set exactly one of ffmpeg and template"),
        (
            {"frames": "1-1O"},
            "spec.frames: found \"1-1O\": '1-1O' is not a frame or a range of frames: write",
        ),
        (
            {"frames": "1-100000x7,1-100000x11,1-100000x13"},
            'spec.frames: found "1-100000x7,1-100000x11,1-100000x13": names 28072 frames in too many separate '
            "ranges (1,8,12,14-15,22-23,27,29,34,36, …): listed, they take more than 16384 characters, and a status "
            "has room for no more; write fewer ranges and steps, or several RenderJobs",
        ),
        (
            {"output": {"path": "/o", "file": "%0999999999d.png"}},
            "spec.output.file: found \"%0999999999d.png\": file pattern '%0999999999d.png' pads frame numbers to "
            "999999999 digits, and at most 32 are accepted",
        ),
        (
            {"chunks": {"explicit": [{"frames": "1-5"}, {"frames": "5-10"}]}},
            "spec.chunks.explicit[1].frames: 5 is in an earlier chunk already; every frame",
        ),
    ],
)
def test_a_refused_value_is_named_with_what_is_accepted(spec: dict[str, Any], sentence: str) -> None:
    text = about(**spec)

    assert text.startswith(sentence)
    assert "\n" not in text


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"chunks": {"sise": 3}}, "spec.chunks.sise: unknown field; did you mean size?"),
        (
            {"chunks": {"target_duration": "5m"}},
            "spec.chunks.target_duration: unknown field; did you mean targetDuration?",
        ),
        ({"onedit": "Keep"}, "spec.onedit: unknown field; did you mean onEdit?"),
        ({"size": 3}, "spec.size: unknown field; size belongs under spec.chunks"),
        ({"chunk": {"size": 3}}, "spec.chunk: unknown field; did you mean chunks?"),
        ({"perChunk": 3}, "spec.perChunk: unknown field; perChunk belongs under spec.retries"),
        ({"ttl_seconds_after_finished": 3}, "did you mean ttlSecondsAfterFinished under spec.cleanup?"),
        ({"containers": []}, "spec.containers: unknown field; containers belongs under spec.template.spec"),
        ({"max": 1}, "max belongs under spec.retries.backoff or spec.retries.memory"),
        ({"tolerate": {"zzz": 1}}, "spec.tolerate.zzz: unknown field; accepted here: failedFrames"),
        ({"zzz": 1}, "spec.zzz: unknown field"),
    ],
)
def test_an_unknown_field_comes_with_what_was_probably_meant(spec: dict[str, Any], sentence: str) -> None:
    assert about(**spec).endswith(sentence)


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (
            {"spec": {"containers": [{"image": "x"}]}},
            "spec.template.spec.containers[0].name: missing; accepted: a string",
        ),
        (
            {"spec": {"containers": []}},
            "spec.template.spec.containers: found an empty list; accepted: a list of 1 or more entries",
        ),
        ({"spec": {}}, "spec.template.spec.containers: missing; accepted: a list of 1 or more entries"),
        (
            {"containers": [{"name": "r"}]},
            "spec.template.spec: missing; accepted: a mapping with at least containers;"
            " containers belongs under spec.template.spec, not under spec.template",
        ),
        (
            {"spec": {"containers": [{"name": "r"}, {"name": "r"}]}},
            "spec.template: container names must differ; found twice: r",
        ),
        (
            {"spec": {"containers": [{"name": "r", "command": "echo hi"}]}},
            'spec.template.spec.containers[0].command: found "echo hi" (a string); accepted: a list, each',
        ),
        (
            {"spec": {"containers": [{"name": "r", "working_dir": "/"}]}},
            "spec.template.spec.containers[0].working_dir: unknown field; did you mean workingDir?",
        ),
        (
            {"spec": {"containers": [{"name": "r", "env": [{"name": "A", "value": True}]}]}},
            'spec.template.spec.containers[0].env[0].value: found true; accepted: a string; quote it: "true"',
        ),
    ],
)
def test_the_pod_templates_common_mistakes_are_told(template: dict[str, Any], sentence: str) -> None:
    assert about(template=template).startswith(sentence)


def test_what_kubernetes_knows_and_we_do_not_is_kept() -> None:
    pod = {"containers": [{"name": "r", "securityContext": {"runAsUser": 7}}], "nodeSelector": {"gpu": "yes"}}

    (job,) = load_manifests(yaml.safe_dump(manifest(template={"spec": pod})), "")

    wire = job.to_wire()["spec"]["template"]["spec"]
    assert wire["nodeSelector"] == {"gpu": "yes"}
    assert wire["containers"][0]["securityContext"] == {"runAsUser": 7}


def test_a_number_is_quoted_back_as_it_was_written() -> None:
    text = """
      apiVersion: renderjob.dev/v1alpha1
      kind: RenderJob
      metadata: {name: a}
      spec:
        frames: 1-10
        template: {spec: {containers: [{name: r, args: [08, yes]}]}}
    """

    first, second = complaint(text).splitlines()

    assert first.endswith('quote it: "08"')
    assert second.endswith('quote it: "yes"')


def test_all_problems_are_told_at_once_and_none_in_pydantics_words() -> None:
    text = about(
        parallelism="x", suspend=3, chunks={"size": 0, "order": 1}, retries={"memory": {"factor": 99}}
    )

    assert len(text.splitlines()) == 5
    for word in ("Input should", "pydantic", "http", "Value error", "type=", "Field required"):
        assert word not in text


def test_a_long_value_is_cut() -> None:
    assert len(about(chunks={"order": "x" * 5000})) < 200
