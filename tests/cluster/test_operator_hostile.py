"""Objects that nobody thought of, beside a job that must finish: each is taken or refused, and none hurts another."""

from __future__ import annotations

import json
import re
from typing import Any

from support.cluster import ClusterFarm

Object = dict[str, Any]


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
    "rule": ("InvalidSpec", {"retries": {"rules": [{"log": "a{99999999999999999999}", "action": "Retry"}]}}),
    **{f"deep-{n}": ("InvalidSpec", with_pod(x=f"@{n}@")) for n in (100, 250, 2_000, 9_000)},
    "adopt": (
        "InvalidTemplate",
        {**with_pod(securityContext="oops"), "output": {"path": "/o", "file": "####.png", "adopt": True}},
    ),
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
