"""Whatever the CRD's schema allows is a job that can be decided on, or a refusal: no other exception, ever."""

from __future__ import annotations

import json
import os
import random
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from renderjob.api import RenderJob
from renderjob.core import (
    Attempt,
    AttemptObservation,
    Forget,
    Kind,
    Observed,
    Phase,
    Start,
    decide,
    decide_invalid,
)
from renderjob.executors.kubernetes.manifests import job_manifest
from renderjob.manager import DamagedStatusError, InvalidJobError
from renderjob.repositories.resource import read_job
from support.jobs import manifest
from support.schema_fuzz import Odd

NOW = datetime(2026, 11, 28, tzinfo=UTC)

# Some new ones in every run, the same for all of its processes; a test's name tells its seed.
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex()
SEEDS = [*range(150), *random.Random(RUN).sample(range(1_000, 2**31), 30)]
"""The same ones each time, and some that nobody has seen; the test's name tells them."""


def with_identity(body: dict[str, Any]) -> dict[str, Any]:
    identity = {"uid": "u", "resourceVersion": "7", "generation": 3, "namespace": "film"}
    return {**body, "metadata": {**body["metadata"], **identity}}


def looked_at(raw: dict[str, Any]) -> RenderJob:
    """Read, and decided on as the manager does; what of the status could not be read is mended first."""
    try:
        job = read_job(raw)
    except DamagedStatusError as error:
        raw = {**raw, "status": error.job.status.to_wire()}
        try:
            job = read_job(raw)
        except InvalidJobError as refused:
            return invalid(refused)
    except InvalidJobError as refused:
        return invalid(refused)
    return lived(raw, job)


def lived(raw: dict[str, Any], job: RenderJob) -> RenderJob:
    """Some steps of its life, in which attempts end in every way; each status can be read again."""
    attempts: dict[int, AttemptObservation] = {}
    for step in range(5):
        now = NOW + timedelta(hours=step)
        decision = decide(job.spec, job.status, Observed("u", 3, tuple(attempts.values())), now)
        job = job.model_copy(update={"status": decision.status})
        read_job({**raw, "status": job.status.to_wire()})
        for action in decision.actions:
            match action:
                case Start(attempt):
                    assert len(attempt.frames) > 0 or attempt.kind is not Kind.RENDER
                    phase = (Phase.SUCCEEDED, Phase.FAILED, Phase.LOST)[attempt.id % 3]
                    attempts[attempt.id] = AttemptObservation(
                        attempt.id, phase, exit_code=attempt.id % 3, log="a" * 600, finished_at=now
                    )
                case Forget(id=id_):
                    attempts.pop(id_, None)
        for action in [a for a in decision.actions if isinstance(a, Start)][:2]:
            sent(job, action.attempt)
    return job


def sent(job: RenderJob, attempt: Attempt) -> None:
    """What no Job can be made of is refused by the executor, in whatever way it shows; what can be is written."""
    try:
        manifest = job_manifest(job, attempt, "image")
    except (ValueError, TypeError, AttributeError, KeyError):
        return
    json.dumps(manifest)


def invalid(refused: InvalidJobError) -> RenderJob:
    decision = decide_invalid(refused.job.status, refused.problem, "u", 3, NOW)
    assert decision.status.error
    assert any(c.type.value == "Stalled" and c.status == "True" for c in decision.status.conditions)
    return refused.job.model_copy(update={"status": decision.status})


@pytest.mark.parametrize("seed", SEEDS)
def test_a_spec(seed: int):
    looked_at(with_identity(Odd(seed).renderjob("a")))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_status(seed: int):
    odd = Odd(seed)
    looked_at({**with_identity(manifest("a", frames="1-10")), "status": odd.status()})
