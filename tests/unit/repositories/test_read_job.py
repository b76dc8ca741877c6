"""Reading is total: whatever an API server may hold is a job, or a refusal of that one job in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from renderjob.api import RenderJob
from renderjob.manager import DamagedStatusError, InvalidJobError, RepositoryError
from renderjob.repositories.resource import read_job
from renderjob.repositories.salvage import LONGEST

Object = dict[str, Any]


def deep(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def template(**container: Any) -> Object:
    return {"spec": {"containers": [{"name": "render", "image": "x", "command": ["true"], **container}]}}


def raw(status: object = None, metadata: Object | None = None, **spec: Any) -> Object:
    body: Object = {
        "metadata": {"name": "a", "namespace": "film", "uid": "u", "resourceVersion": "7", "generation": 3},
        "spec": {"frames": "1-10", "template": template(), **spec},
    }
    body["metadata"] |= metadata or {}
    return body if status is None else {**body, "status": status}


def refused(body: Object) -> InvalidJobError:
    with pytest.raises(InvalidJobError) as caught:
        read_job(body)
    assert caught.value.problem
    assert len(caught.value.problem) <= LONGEST
    assert caught.value.job.key == "film/a"
    return caught.value


def rule(log: str) -> Object:
    return {"rules": [{"log": log, "action": "Retry"}]}


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"retries": rule("a{99999999999999999999}")}, "spec.retries"),
        ({"retries": rule("(" * 480 + "a" + ")" * 480)}, None),
        ({"template": template(resources={"limits": {"memory": "9" * 400}})}, "memory"),
        ({"template": template(resources={"limits": {"memory": 1e308}})}, "memory"),
        ({"template": template(resources="oops")}, "spec.template"),
        ({"template": {**template(), "x": deep(250)}}, "spec.template"),
        ({"template": {"spec": {**template()["spec"], "x": deep(100)}}}, "nested"),
        ({"merge": {"template": {**template(), "x": deep(9_000)}}}, "spec.merge"),
        ({"template": 7}, "spec.template"),
        ({"frames": "9" * 5_000}, "spec.frames"),
        ({"frames": None}, "spec.frames"),
        ({"timeouts": {"chunk": "9" * 20 + "d"}}, "spec.timeouts"),
        ({"chunks": {"explicit": [{"frames": "x"}] * 10_000}}, "spec.chunks.explicit[0].frames"),
        ({"tolerate": {"failedFrames": -(2**70)}}, "spec.tolerate"),
    ],
    ids=lambda value: "" if not isinstance(value, dict) else next(iter(value)),
)
def test_a_spec_that_can_not_be_used_is_refused_with_its_field(spec: Object, field: str | None):
    try:
        read_job(raw(**spec))
    except InvalidJobError as error:
        assert (field or "") in error.problem, error.problem
        assert len(error.problem) <= LONGEST
    else:
        assert field is None, "it is used"


def test_of_many_problems_some_are_told_and_the_others_are_counted():
    error = refused(raw(chunks={"explicit": [{"frames": "x"}] * 100}))
    assert error.problem.endswith("; and 95 more")


@pytest.mark.parametrize(
    "kind", [OverflowError, RecursionError, MemoryError, TypeError, KeyError, ZeroDivisionError]
)
def test_an_exception_that_nobody_thought_of_is_a_refusal_with_the_field(monkeypatch, kind):
    def broken(_: object) -> None:
        raise kind("of a new kind")

    monkeypatch.setattr("renderjob.api.template.memory_bytes", broken)
    error = refused(raw(template=template(resources={"limits": {"memory": "1Gi"}})))
    assert f"spec.template can't be read: {kind.__name__}" in error.problem


def test_metadata_that_can_not_be_used_is_a_refusal_too():
    error = refused(raw(metadata={"creationTimestamp": "once", "labels": {"a": 7}}))
    assert "metadata can't be read" in error.problem
    assert (error.job.metadata.uid, error.job.metadata.generation) == ("u", 3)
    assert error.job.metadata.resource_version == "7"


@pytest.mark.parametrize("body", [{}, {"metadata": None}, {"metadata": {"name": "a"}}, {"metadata": [1]}])
def test_what_has_no_identity_is_no_job(body: Object):
    with pytest.raises(RepositoryError):
        read_job(body)


def test_a_refusal_serves_again_until_the_spec_is_edited():
    error = refused(raw(frames="x"))
    again = raw(metadata={"resourceVersion": "8"})
    with pytest.raises(InvalidJobError, match=r"spec\.frames"):
        read_job(again, error)
    edited = raw(metadata={"resourceVersion": "9", "generation": 4})
    assert read_job(edited, error).spec.frames == "1-10"


def salvaged(status: object) -> tuple[RenderJob, str]:
    with pytest.raises(DamagedStatusError) as caught:
        read_job(raw(status))
    assert len(caught.value.problem) <= LONGEST
    return caught.value.job, caught.value.problem


GOOD: Object = {
    "observedGeneration": 3,
    "state": "Running",
    "frames": {"completed": "1-4", "failed": "9"},
    "nextAttempt": 6,
    "inFlight": ["4 2.1 5-6", "5 3.1 7-8"],
    "attempts": {"succeeded": 2, "failed": 1},
}


def test_a_status_of_our_own_is_read_as_it_is():
    assert read_job(raw(GOOD)).status.next_attempt == 6


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        ({"state": "Melting"}, "state"),
        ({"progress": 700}, "progress"),
        ({"failures": [{"frames": "1"}]}, "failures[0]"),
        ({"startedAt": "0001-01-01T00:00:00Z"}, "startedAt"),
        ({"startedAt": "9999-12-31T23:59:59Z"}, "startedAt"),
        (
            {
                "retrying": [
                    {"frames": "x", "attempts": 1, "notBefore": "2026-01-01T00:00:00Z", "class": "Error"}
                ]
            },
            "retrying[0]",
        ),
        ({"learnedMemory": "much"}, "learnedMemory"),
        ({"backoffs": 2**62}, "backoffs"),
        ({"conditions": [{"type": "Ready"}]}, "conditions[0]"),
        ({"ofALaterVersion": {"x": [1]}}, "ofALaterVersion"),
        ({"frameSeconds": {"p50": -1.0}}, "frameSeconds.p50"),
        ({"error": "x" * 5_000}, "error"),
    ],
    ids=lambda value: "" if not isinstance(value, dict) else next(iter(value)),
)
def test_of_a_damaged_status_everything_else_is_kept(damage: Object, place: str):
    job, problem = salvaged({**GOOD, **damage})
    assert f"status.{place}" in problem
    assert job.status.frames.completed == "1-4"
    assert job.status.frames.failed == "9"
    assert job.status.attempts.succeeded == 2
    assert len(job.status.in_flight) == 2
    assert job.status.next_attempt == 6


def test_of_rendered_frames_the_ranges_that_can_be_read_are_kept():
    job, problem = salvaged({**GOOD, "frames": {"completed": "1-4,oops,6-8", "failed": "x"}})
    assert job.status.frames.completed == "1-4,6-8"
    assert job.status.frames.failed == ""
    assert "status.frames.completed" in problem


def test_an_attempt_that_can_not_be_read_leaves_the_others_and_no_id_is_used_twice():
    job, problem = salvaged(
        {**GOOD, "inFlight": ["4 2.1 5-6", "77 3.1 --", "nonsense"], "nextAttempt": "many"}
    )
    assert job.status.in_flight == ["4 2.1 5-6"]
    assert "inFlight[1]" in problem
    assert job.status.next_attempt > 77


@pytest.mark.parametrize(
    "status", [7, "x", [1], {"frames": 7}, {"inFlight": "x"}, {"frames": {"completed": deep(500)}}]
)
def test_a_status_of_another_form_is_told_and_begun_anew(status: object):
    job, _ = salvaged(status)
    assert job.status.frames.completed == ""
    assert job.status.next_attempt > 1 or status == {"frames": 7}


def test_a_damaged_status_is_told_before_a_spec_that_can_not_be_used():
    body = raw({**GOOD, "progress": 700}, frames="x")
    with pytest.raises(DamagedStatusError) as caught:
        read_job(body)
    repaired = {**body, "status": caught.value.job.status.to_wire()}
    refused(repaired)
