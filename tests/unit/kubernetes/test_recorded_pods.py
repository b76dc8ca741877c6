"""Recorded pods, as kubelets and the API server write them: each is judged by its row, and no row has none.

A record of `recorded/` says which row decides (`row`), what is told (`says`), and what must not be (`never`). Most have
a pod and the condition of its Job; what only a laptop sees has an observation instead (`seen`).
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from renderjob.api import RenderJob
from renderjob.core import AttemptObservation, Kind, Phase, StopReason
from renderjob.core.failures import FAILURE_CLASSES, PRECEDENCE, TABLE, Cost, Ended, Remedy, Verdict, classify
from renderjob.core.inflight import InFlight
from renderjob.executors.kubernetes.observation import observe_attempt
from renderjob.executors.kubernetes.views import read_job_view, read_pod_view
from renderjob.frames import FrameSet
from support.jobs import manifest

RECORDS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "recorded").glob("*.json"))
}
FRAMES = FrameSet.parse("1-10")


def the_job(record: dict[str, Any]) -> RenderJob:
    containers = [
        {
            "name": record.get("template", "render"),
            "command": ["r"],
            "resources": {"limits": {"memory": "8Gi"}},
        },
        {"name": "helper", "resources": {"limits": {"memory": "256Mi"}}},
        {"name": "uploader"},
    ]
    inits = [
        {"name": "fetch", "resources": {"limits": {"memory": "128Mi"}}},
        {"name": "licences", "restartPolicy": "Always", "resources": {"limits": {"memory": "64Mi"}}},
    ]
    spec = {"containers": containers, "initContainers": inits}
    return RenderJob.model_validate(manifest(**record.get("spec", {}), template={"spec": spec}))


def observed(record: dict[str, Any], job: RenderJob, attempt: InFlight) -> AttemptObservation:
    if "seen" in record:
        fields = dict(record["seen"])
        phase = Phase(fields.pop("phase"))
        if "missing" in fields:
            fields["missing"] = FrameSet.parse(fields["missing"])
        return AttemptObservation(id=7, phase=phase, **fields)
    labels = {"renderjob.dev/attempt-id": "7", "renderjob.dev/uid": "uid-1", "renderjob.dev/kind": "render"}
    meta = {
        "uid": "job-7",
        "namespace": "film",
        "name": "shot-1f3a9c2b-7",
        "resourceVersion": "1043",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": labels,
    }
    status = {"startTime": "2026-01-01T00:00:00Z", "conditions": [record["jobCondition"]]}
    view = read_job_view({"metadata": meta, "spec": {}, "status": status})
    pods = [] if record["pod"] is None else [read_pod_view(record["pod"])]
    assert view is not None
    return observe_attempt(job, attempt, view, [pod for pod in pods if pod], None)


def judged(record: dict[str, Any]) -> Verdict:
    how = record.get("attempt", {})
    stop = StopReason(how["stop"]) if "stop" in how else None
    attempt = InFlight(7, Kind(how.get("kind", "Render")), FRAMES, 0, 1, stop=stop)
    job = the_job(record)
    seen = observed(record, job, attempt)
    assert seen.finished
    verdict = classify(Ended(attempt, seen, job.spec))
    assert verdict is not None
    return verdict


@pytest.mark.parametrize("name", RECORDS)
def test_a_recorded_pod_is_judged_by_its_row_and_told_in_the_words_of_who_knows(name):
    record = RECORDS[name]
    verdict = judged(record)
    assert verdict.row == record["row"]
    assert record["says"] in verdict.text
    assert not any(words in verdict.text for words in record.get("never", ()))
    assert verdict.container == record.get("container", "")
    assert verdict.message


def test_a_renderer_that_ended_well_before_its_job_s_deadline_has_succeeded():
    """A container beside it took too long, and its pod went with the Job's time: nobody else deleted it."""
    record = json.loads(json.dumps(RECORDS["crashed-long-before-the-deadline"]))
    ended = record["pod"]["status"]["containerStatuses"][0]["state"]["terminated"]
    ended |= {"exitCode": 0, "reason": "Completed"}
    attempt, job = InFlight(7, Kind.RENDER, FRAMES, 0, 1), the_job(record)
    seen = observed(record, job, attempt)
    assert seen.phase is Phase.SUCCEEDED
    assert classify(Ended(attempt, seen, job.spec)) is None


def test_what_a_runtime_dates_1970_has_no_date():
    """Files older than an attempt are not its work: it must not seem to have begun before all of them."""
    record = RECORDS["node-restarted-without-times"]
    attempt, job = InFlight(7, Kind.RENDER, FRAMES, 0, 1), the_job(record)
    seen = observed(record, job, attempt)
    assert seen.started_at is not None and seen.started_at.year == 2026


def test_every_row_of_the_table_has_a_recorded_pod():
    assert {row.name for row in TABLE} == {record["row"] for record in RECORDS.values()}


def test_rows_have_names_of_their_own_and_a_reason():
    assert max(Counter(row.name for row in TABLE).values()) == 1
    assert all(row.when and row.reason and row.failure_class in FAILURE_CLASSES for row in TABLE)
    assert PRECEDENCE


FREE = [
    name
    for name, record in RECORDS.items()
    if record.get("pod") and not record["row"].startswith("Rule") and judged(record).cost is Cost.FREE
]


@pytest.mark.parametrize("name", FREE)
def test_what_is_free_is_free_whatever_the_renderer_printed(name):
    """A log may say what it likes: that the renderer failed for good, or that all frames are saved."""
    record = RECORDS[name]
    loud = json.loads(json.dumps(record["pod"]))
    for status in loud["status"].get("containerStatuses", ()):
        ended = status["state"].get("terminated")
        if ended and ended["reason"] in ("Error", "Completed"):
            ended["message"] = "Saved: '/renders/0010.png'\nopenjd_fail: no scene"
    assert judged({**record, "pod": loud}).row == record["row"]


def test_only_a_container_s_own_fault_is_remedied_on_it():
    remedied = {
        name: judged(record)
        for name, record in RECORDS.items()
        if judged(record).remedy is Remedy.MEMORY and not record["row"].startswith("Rule")
    }
    beside = {name for name, verdict in remedied.items() if verdict.container}
    assert beside == {
        "sidecar-out-of-memory",
        "injected-sidecar-out-of-memory",
        "init-out-of-memory",
        "native-sidecar-out-of-memory",
        "failed-beside-a-sidecar-out-of-memory",
    }
    assert all(verdict.raise_memory == (name not in beside) for name, verdict in remedied.items())
