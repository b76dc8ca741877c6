"""The manifests' roles: the operator works under exactly them, and they hold nothing that it does not use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness import ControlPlane, KubectlError
from harness.audit import Request
from harness.waiting import until
from renderjob.api import RenderJob
from renderjob.executors.kubernetes.names import child_name
from support.cluster import ClusterFarm
from support.operator_process import OperatorProcess

Object = dict[str, Any]

ROOT = Path(__file__).parents[2]
ACCOUNT = "renderjob-operator"

HURRY = {"RENDERJOB_LEASE_SECONDS": "12", "RENDERJOB_LOG_PATIENCE": "0.5"}
"""Nothing of what the roles allow depends on these."""


@dataclass(frozen=True)
class Variant:
    """A way to install the operator."""

    manifests: str
    system: str
    """The namespace that the operator runs in."""
    works_in: str
    """A namespace with RenderJobs."""


EVERYWHERE = Variant("manifests", "renderjob-system", "film")
ONE_NAMESPACE = Variant("manifests/namespaced", "renderjob", "renderjob")


@dataclass(frozen=True, order=True)
class Right:
    """One thing that somebody may do, or did."""

    group: str
    resource: str
    verb: str
    name: str = ""
    """Where a rule names the objects."""


class Installation:
    """A control plane with the manifests applied, and operators as processes in the place of its pods."""

    def __init__(self, plane: ControlPlane, variant: Variant, directory: Path) -> None:
        self.plane = plane
        self.variant = variant
        for name in {variant.system, variant.works_in} - {"renderjob-system"}:
            plane.create_namespace(name)
        plane.kubectl("apply", "-k", str(ROOT / variant.manifests))
        self.operators = [self._operator(name, directory) for name in self._pods("first", "second")]

    def _pods(self, *names: str) -> Iterator[str]:
        """Pods as the Deployment would make them; the simulated kubelet has them run."""
        template = self.plane.get("deployment", "renderjob-operator", self.variant.system)["spec"]["template"]
        for name in names:
            pod = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": {"name": name}}
            self.plane.apply(pod, "-n", self.variant.system)
            yield name

    def _operator(self, pod: str, directory: Path) -> OperatorProcess:
        """The process that would run in a pod: with its container's words, variables and service account."""
        spec = self.plane.get("pod", pod, self.variant.system)["spec"]
        (container,) = spec["containers"]
        assert container["args"] == ["operator"]
        fields = {"metadata.name": pod, "metadata.namespace": self.variant.system}
        told = {
            e["name"]: e.get("value") or fields[e["valueFrom"]["fieldRef"]["fieldPath"]]
            for e in container["env"]
        }
        config = self.plane.kubeconfig_for(self.variant.system, spec["serviceAccountName"])
        log = directory / f"{pod}.log"
        return OperatorProcess(config, None, log, elect=True, environment={**told, **HURRY})

    @property
    def user(self) -> str:
        """Who the operators are."""
        return f"system:serviceaccount:{self.variant.system}:{ACCOUNT}"

    def requests(self) -> list[Request]:
        """All that they asked for."""
        return self.plane.audit(self.user)

    def leader(self) -> OperatorProcess:
        """Wait until one of them leads, and says so."""

        def leads() -> OperatorProcess | None:
            path = f"/apis/coordination.k8s.io/v1/namespaces/{self.variant.system}/leases"
            leases = self.plane.api("GET", path)["items"]
            holder = str(leases[0]["spec"].get("holderIdentity")) if leases else ""
            return next((o for o in self.operators if holder.startswith(o.log.stem) and o.alive), None)

        found = until(leads, "for somebody to lead")
        assert found is not None
        return found

    def rights(self, account: str, namespace: str) -> set[Right]:
        """What a service account may do in a namespace, as `kubectl auth can-i --list` has it."""
        config = self.plane.kubeconfig_for(self.variant.system, account)
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace},
        }
        text = self.plane.kubectl(
            "create", "--validate=false", "-f", "-", "-o", "json", input=json.dumps(review), kubeconfig=config
        )
        status = json.loads(text)["status"]
        assert not status["incomplete"]
        return {
            Right(group, resource, verb, name)
            for rule in status["resourceRules"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
            for name in rule.get("resourceNames") or [""]
        }


@pytest.fixture(params=[EVERYWHERE, ONE_NAMESPACE], ids=["everywhere", "one-namespace"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """A control plane of its own: an operator that works everywhere would work for other tests, too."""
    with ControlPlane.start() as plane:
        plane.crd(ROOT / "crds" / "renderjobs.renderjob.dev.yaml")
        installation = Installation(plane, request.param, tmp_path)
        try:
            yield installation
        finally:
            for operator in installation.operators:
                operator.stop()


def test_the_operator_has_the_rights_that_it_uses_and_no_other(installation: Installation):
    plane, variant = installation.plane, installation.variant
    for operator in installation.operators:
        operator.start()
    farm = ClusterFarm(plane, variant.works_in, installation.leader())
    live_a_full_life(farm)
    farm.operator.kill()
    farm.operator = installation.leader()
    assert farm.run(frames="1-4")["state"] == "Completed"
    until(lambda: status_conflict(farm, installation), "for somebody to write between two looks")

    requests = installation.requests()
    assert [f"{r.verb} {r.uri}" for r in requests if r.code == 403] == []
    plane.kubectl("create", "serviceaccount", "nobody", "-n", variant.system)
    for namespace in {variant.system, variant.works_in}:
        granted = installation.rights(ACCOUNT, namespace) - installation.rights("nobody", namespace)
        unused = granted - used(requests, granted, everywhere=variant is EVERYWHERE, namespace=namespace)
        # In its own namespace it leads; RenderJobs may lie there, but need not.
        if variant is EVERYWHERE and namespace == variant.system:
            unused -= installation.rights(ACCOUNT, variant.works_in)
        assert sorted(unused) == []


def used(requests: list[Request], granted: set[Right], *, everywhere: bool, namespace: str) -> set[Right]:
    """Of what is granted in a namespace, what was asked for there, or everywhere at once."""
    places = {namespace, ""} if everywhere else {namespace}
    done = {
        (group_of(r.uri), r.resource, r.verb, name)
        for r in requests
        if r.resource and r.namespace in places
        for name in (r.name, "")
    }
    return {right for right in granted if (right.group, right.resource, right.verb, right.name) in done}


def group_of(uri: str) -> str:
    """The API group of a request's path."""
    words = uri.partition("?")[0].split("/")
    return words[2] if words[1] == "apis" else ""


def live_a_full_life(farm: ClusterFarm) -> None:
    """All that an operator does, but to lose its lead."""
    output = {"path": "/renders", "file": "####.png"}
    # A chunk fails, is tried again, frames are verified, the video is merged, a failed Job is tidied away.
    status = farm.run(
        frames="1-6",
        chunks={"size": 3},
        output=output,
        merge={"ffmpeg": {"fps": 24, "file": "a.mp4"}},
        cleanup={"keepFailedChunks": 0},
        kwok={"outcome": "fail", "fail_attempts": "1", "only_chunks": "0", "only_kinds": "render"},
    )
    assert (status["state"], status["attempts"]["failed"]) == ("Completed", 1)
    # A chunk's log is followed, and it takes too long.
    farm.plane.print_log(farm.namespace, "openjd_progress: 50\n")
    name = farm.submit(
        frames="1-2",
        retries={"perChunk": 0, "onFailure": "Stop"},
        kwok={"outcome": "hang"},
    )
    farm.reached(name, lambda s: s["progress"] > 0, "for the log to be read")
    farm.edit(name, timeouts={"chunk": "1s"})
    status = farm.end(name)
    assert (status["state"], status["attempts"]["timedOut"]) == ("Failed", 1)
    # The same news twice is counted, not told again.
    name = farm.submit(frames="1-2", kwok={"outcome": "hang"}, suspend=True)
    for suspend in (False, True, False, True):
        farm.edit(name, suspend=suspend)
        farm.reached(name, lambda s, now=suspend: (s["state"] == "Suspended") is now)
    # No pod can be made, which the Job controller tells in events only.
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    path = f"/api/v1/namespaces/{farm.namespace}/resourcequotas"
    farm.plane.api("POST", path, quota)
    until(lambda: farm.plane.api("GET", f"{path}/none")["status"].get("used"), "for the quota to be counted")
    held = farm.submit(frames="1-2")
    farm.reached(held, lambda s: s["conditions"][2]["reason"] == "QuotaExceeded", "for the quota to be told")
    farm.plane.api("DELETE", f"{path}/none")
    farm.delete(held)
    # A stranger's Job has the name that ours would have.
    job = RenderJob.model_validate(farm.get(name))
    taken = child_name(job, job.status.next_attempt)
    farm.plane.apply(stranger(taken), "-n", farm.namespace)
    farm.edit(name, suspend=False)
    farm.reached(
        name, lambda s: s["conditions"][2]["reason"] == "NameConflict", "for the conflict to be told"
    )
    farm.plane.kubectl("delete", "job", taken, "-n", farm.namespace)
    farm.edit(name, cancel=True)
    assert farm.end(name)["state"] == "Cancelled"
    farm.delete(name)
    farm.gone(name)


def stranger(name: str) -> Object:
    """A suspended Job of nobody's."""
    pod = {"containers": [{"name": "c", "image": "example/none:1"}], "restartPolicy": "Never"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"suspend": True, "template": {"spec": pod}},
    }


def status_conflict(farm: ClusterFarm, installation: Installation) -> bool:
    """Write to a RenderJob while it is worked on; whether the operator had to read it again for that."""
    name = farm.submit(frames="1-20", chunks={"size": 1}, parallelism=5)
    number = 0
    while farm.status(name).get("state") != "Completed":
        number += 1
        farm.patch(name, {"metadata": {"annotations": {"note": str(number)}}})
    return any(r.verb == "get" and r.resource == "renderjobs" for r in installation.requests())


def test_nothing_of_the_namespaced_variant_belongs_to_the_cluster(control_plane: ControlPlane):
    lines = control_plane.kubectl("kustomize", str(ROOT / "manifests/namespaced")).splitlines()
    kinds = {line.removeprefix("kind: ") for line in lines if line.startswith("kind: ")}
    namespaced = control_plane.kubectl("api-resources", "--namespaced=true", "--no-headers")
    assert kinds <= {line.split()[-1] for line in namespaced.splitlines()}


@pytest.fixture
def farm_hands(control_plane: ControlPlane, namespace: str) -> Iterator[dict[str, Path]]:
    """Kubeconfigs of service accounts with Kubernetes' own roles in a namespace, and the manifests' applied."""
    control_plane.kubectl("apply", "-f", str(ROOT / "manifests/user-roles.yaml"))
    configs = {}
    for role in ("view", "edit", "admin"):
        account = f"--serviceaccount={namespace}:{role}"
        control_plane.kubectl("create", "serviceaccount", role, "-n", namespace)
        control_plane.kubectl(
            "create", "rolebinding", role, "-n", namespace, f"--clusterrole={role}", account
        )
        configs[role] = control_plane.kubeconfig_for(namespace, role)
    yield configs
    control_plane.kubectl("delete", "-f", str(ROOT / "manifests/user-roles.yaml"))


def test_who_may_edit_a_namespace_may_edit_its_renderjobs(
    control_plane: ControlPlane, namespace: str, farm_hands: dict[str, Path]
):
    def may(role: str, verb: str, part: str = "") -> bool:
        what = ["renderjobs.renderjob.dev", *([f"--subresource={part}"] if part else [])]
        try:
            control_plane.kubectl("auth", "can-i", verb, *what, "-n", namespace, kubeconfig=farm_hands[role])
        except KubectlError as error:
            assert error.out.strip() == "no", error
            return False
        return True

    until(lambda: may("view", "list") and may("edit", "create"), "for the roles to be aggregated")
    for role in ("view", "edit", "admin"):
        assert may(role, "watch")
        assert may(role, "get", "status")
        for verb, part in (("create", ""), ("patch", ""), ("delete", ""), ("patch", "scale")):
            assert may(role, verb, part) is (role != "view"), (role, verb, part)
        assert not may(role, "patch", "status")
