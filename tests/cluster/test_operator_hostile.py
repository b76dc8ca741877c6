"""Objects that nobody thought of, beside a job that must finish: each is taken or refused, and none hurts another."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

from harness.api import ApiError
from harness.waiting import until
from renderjob.api import State
from support.cluster import ClusterFarm
from support.schema_fuzz import Odd

Object = dict[str, Any]

STATES = [state.value for state in State]


def written(body: Object) -> bytes:
    """JSON in which `@250@` stands for an object of so many levels, which Python's own writer would not write."""

    def deep(match: re.Match[bytes]) -> bytes:
        levels = int(match[1])
        return b'{"a":' * levels + b"1" + b"}" * levels

    return re.sub(rb'"@(\d+)@"', deep, json.dumps(body).encode())


def submit(farm: ClusterFarm, name: str, **spec: Any) -> str:
    """Create a RenderJob as it stands. Returns its name."""
    body = farm.manifest(name)
    body["spec"] |= spec
    farm.plane.api("POST", farm.url(), written(body))
    return name


def template(**container: Any) -> Object:
    return {"spec": {"containers": [{"name": "render", "image": "example/none:1", **container}]}}


def with_pod(**fields: Any) -> Object:
    return {"template": {"spec": {**template()["spec"], **fields}}}


REFUSED: dict[str, tuple[str, Object]] = {
    "memory": ("InvalidSpec", {"template": template(resources={"limits": {"memory": "9" * 400}})}),
    "cpu": ("InvalidSpec", {"template": template(resources={"limits": {"cpu": "1e999999999"}})}),
    "init": (
        "InvalidSpec",
        with_pod(initContainers=[{"name": "i", "resources": {"limits": {"x/y": "1e-9999999"}}}]),
    ),
    "disk": ("InvalidSpec", with_pod(volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1E999999999"}}])),
    "rule": ("InvalidSpec", {"retries": {"rules": [{"log": "a{99999999999999999999}", "action": "Retry"}]}}),
    **{f"deep-{n}": ("InvalidSpec", with_pod(x=f"@{n}@")) for n in (100, 250, 2_000, 9_000)},
    "security": ("InvalidTemplate", with_pod(securityContext="oops")),
    "affinity": ("InvalidTemplate", with_pod(affinity="oops")),
    "volumes": ("InvalidTemplate", with_pod(volumes=[{"name": 7}])),
}
"""What the API server takes, and why it is refused."""


def stalled(status: Object) -> str:
    found = [c for c in status.get("conditions", ()) if c["type"] == "Stalled" and c["status"] == "True"]
    return str(found[0]["reason"]) if found else ""


def refused(farm: ClusterFarm, name: str, reason: str) -> None:
    """It is told why, in its condition and by an event."""
    status = farm.reached(name, lambda s: stalled(s) == reason, f"for {name} to be refused")
    assert status["error"]
    assert ("Warning", reason) in farm.events(name)


def test_every_refusal_is_told_to_its_object_and_others_render_before_and_after_a_restart(
    own_farm: ClusterFarm,
):
    names = {submit(own_farm, f"bad-{key}", **spec): reason for key, (reason, spec) in REFUSED.items()}
    assert own_farm.run(frames="1-4")["state"] == "Completed"
    for name, reason in names.items():
        refused(own_farm, name, reason)
    own_farm.operator.terminate()
    own_farm.operator.start()
    assert own_farm.run(frames="1-4")["state"] == "Completed"
    for name in names:
        own_farm.plane.api("PUT", own_farm.url(name), cured(own_farm, name))
    for name in names:
        assert own_farm.end(name)["state"] == "Completed"


def cured(farm: ClusterFarm, name: str) -> Object:
    """The manifest of a RenderJob without what is wrong with it, to be put in its place."""
    body = farm.manifest(name, frames="1-2")
    body["metadata"]["resourceVersion"] = farm.get(name)["metadata"]["resourceVersion"]
    return body


def test_the_api_servers_own_words_name_the_field(farm: ClusterFarm):
    name = submit(farm, "words", **REFUSED["security"][1])
    refused(farm, name, "InvalidTemplate")
    assert "PodSecurityContext" in farm.status(name)["error"]


def test_a_template_that_our_own_pods_stumble_over_is_not_tried_in_silence(farm: ClusterFarm):
    """A verification runs where the template's pods would, and as they would."""
    output = {"path": "/o", "file": "####.png", "adopt": True}
    name = submit(farm, "adopts", output=output, **REFUSED["security"][1])
    farm.reached(name, lambda s: stalled(s) or s["state"] == "Completed", "to be taken or refused")


def test_what_is_only_odd_renders(farm: ClusterFarm):
    """Annotations in kopf's own name, a long name with dots, a template full of what Kubernetes does not know."""
    kopfs = ("last-handled-configuration", "changed", "touch-dummy", "progress")
    body = farm.manifest(f"{'a.' * 25}b", frames="1-4")
    body["metadata"]["annotations"] = {f"kopf.zalando.org/{name}": "[" * 5_000 for name in kopfs}
    body["spec"]["template"]["x"] = "@40@"
    body["status"] = {"kopf": {"progress": {"x": 7}}}
    farm.plane.api("POST", farm.url(), written(body))
    assert farm.end(body["metadata"]["name"])["state"] == "Completed"


SEEDS = [*range(24), *random.SystemRandom().sample(range(1_000, 2**31), 12)]
"""The same ones each time, and some that nobody has seen."""


def offer(farm: ClusterFarm, method: str, path: str, body: Object) -> bool:
    """Ask the API server for something; whether it took it."""
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    try:
        farm.plane.api(method, path, body, kind)
    except ApiError as error:
        assert error.code in (400, 404, 409, 422), error
        return False
    return True


def odd_job(farm: ClusterFarm, seed: int) -> Object:
    """A RenderJob of this seed, which does not ask for more at a time than this machine has."""
    body = Odd(seed, deepest=300).renderjob(f"odd-{seed}")
    body["metadata"]["namespace"] = farm.namespace
    body["spec"]["parallelism"] = min(body["spec"].get("parallelism", 1), 2)
    return body


def taken_or_refused(farm: ClusterFarm, name: str) -> bool:
    found = farm.get(name)
    status = found.get("status", {})
    up_to_date = status.get("observedGeneration") == found["metadata"]["generation"]
    return up_to_date and (bool(stalled(status)) or status["state"] in STATES)


@pytest.mark.slow
def test_whatever_the_schema_allows_is_taken_or_refused_and_hurts_no_other(own_farm: ClusterFarm):
    """Made, edited and deleted, some with a status that nobody would write: the healthy ones finish meanwhile."""
    process = own_farm.operator.process.pid
    first = own_farm.submit(frames="1-6", chunks={"size": 2})
    names: dict[str, int] = {}
    for seed in SEEDS:
        if offer(own_farm, "POST", own_farm.url(), odd_job(own_farm, seed)):
            names[f"odd-{seed}"] = seed
    assert len(names) > len(SEEDS) / 4, "the API server takes many of them"
    second = own_farm.submit(frames="1-6", chunks={"size": 2})
    for number, (name, seed) in enumerate(list(names.items())):
        if number % 2:
            status = {"status": Odd(seed).status()}
            offer(own_farm, "PATCH", f"{own_farm.url(name)}/status", status)
        if number % 3 == 0:
            offer(own_farm, "PATCH", own_farm.url(name), {"spec": odd_job(own_farm, seed + 1)["spec"]})
        if number % 7 == 6:
            own_farm.delete(name)
            del names[name]
    for healthy in (first, second, own_farm.submit(frames="1-6", chunks={"size": 2})):
        assert own_farm.end(healthy)["state"] == "Completed"
    for name in names:
        until(lambda name=name: taken_or_refused(own_farm, name), f"for {name} to be taken or refused")  # type: ignore[misc]
        assert stalled(own_farm.status(name)) != "InternalError", own_farm.get(name)
    assert own_farm.operator.alive
    assert own_farm.operator.process.pid == process
    assert "Traceback" not in own_farm.operator.said()
