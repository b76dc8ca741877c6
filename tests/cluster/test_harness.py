"""The control plane itself: who may do what, what is counted, and how it breaks and ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness import ControlPlane, KubectlError, MissingBinariesError, find_binaries
from harness.api import ApiError
from harness.build import PROGRAMS
from harness.waiting import until
from support.kube import ended, one_pod_job, pod_of, running

TESTS = Path(__file__).parents[1]


@pytest.fixture
def own_plane():
    """A control plane that a test may break."""
    with ControlPlane.start(nodes=1) as plane:
        yield plane


def test_kubectl_says_why_it_failed(control_plane: ControlPlane):
    with pytest.raises(KubectlError, match=r'pods "nobody" not found') as caught:
        control_plane.kubectl("get", "pod", "nobody")
    assert caught.value.code == 1


def test_a_service_account_may_do_what_its_roles_say(control_plane: ControlPlane, namespace: str):
    kubectl = control_plane.kubectl
    kubectl("create", "serviceaccount", "reader", "-n", namespace)
    config = control_plane.kubeconfig_for(namespace, "reader")
    assert f"system:serviceaccount:{namespace}:reader" in kubectl("auth", "whoami", kubeconfig=config)
    with pytest.raises(KubectlError, match="forbidden"):
        kubectl("get", "pods", kubeconfig=config)
    kubectl(
        "create",
        "rolebinding",
        "r",
        "-n",
        namespace,
        "--clusterrole=view",
        f"--serviceaccount={namespace}:reader",
    )

    def allowed() -> bool:
        try:
            return kubectl("get", "pods", kubeconfig=config) == ""
        except KubectlError as error:
            assert "forbidden" in error.err
            return False

    until(allowed, "for the role to be known")
    with pytest.raises(KubectlError, match="forbidden"):
        kubectl("create", "configmap", "mine", kubeconfig=config)


def test_the_audit_counts_what_a_user_asks(control_plane: ControlPlane, namespace: str):
    account = control_plane.kubeconfig_for(namespace, "default")
    user = f"system:serviceaccount:{namespace}:default"
    mark = control_plane.audit_mark()
    for _ in range(3):
        with pytest.raises(KubectlError):
            control_plane.kubectl(
                "get", "--raw", f"/api/v1/namespaces/{namespace}/pods/x", kubeconfig=account
            )
    with pytest.raises(KubectlError):
        control_plane.kubectl("delete", "--raw", f"/api/v1/namespaces/{namespace}/pods/x", kubeconfig=account)
    requests = control_plane.audit(user, mark)
    assert [(r.verb, r.resource, r.name, r.code) for r in requests] == [
        *[("get", "pods", "x", 403)] * 3,
        ("delete", "pods", "x", 403),
    ]
    assert [r.writes for r in requests] == [False] * 3 + [True]
    assert control_plane.audit(user, control_plane.audit_mark()) == []
    assert not control_plane.audit("nobody")


def test_a_quota_is_enforced(control_plane: ControlPlane, namespace: str):
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few"},
        "spec": {"hard": {"pods": "1"}},
    }
    control_plane.api("POST", f"/api/v1/namespaces/{namespace}/resourcequotas", quota)
    path = f"/api/v1/namespaces/{namespace}/resourcequotas/few"
    until(lambda: control_plane.api("GET", path)["status"].get("used"), "for the quota to be counted")
    running(control_plane, namespace, one_pod_job("first", outcome="hang"))
    pod = {"metadata": {"name": "second"}, "spec": {"containers": [{"name": "c", "image": "none"}]}}
    with pytest.raises(ApiError, match="exceeded quota: few"):
        control_plane.api("POST", f"/api/v1/namespaces/{namespace}/pods", pod)


def test_a_pod_is_evicted_through_the_api(control_plane: ControlPlane, namespace: str):
    pod = running(control_plane, namespace, one_pod_job("moved", outcome="hang", grace="1s"))
    name = pod["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    control_plane.api("POST", f"/api/v1/namespaces/{namespace}/pods/{name}/eviction", eviction)
    reasons = [
        c["reason"]
        for c in pod_of(control_plane, namespace, "moved")["status"]["conditions"]
        if "reason" in c
    ]
    assert "EvictionByEvictionAPI" in reasons


def test_a_taint_drives_pods_off_a_node(own_plane: ControlPlane):
    running(own_plane, "default", one_pod_job("moved", outcome="hang", grace="1s"))
    own_plane.kubectl("taint", "node", "node-1", "out=of-order:NoExecute")

    def reasons() -> list[str]:
        pod = pod_of(own_plane, "default", "moved")
        return [c["reason"] for c in pod["status"]["conditions"] if "reason" in c] if pod else []

    until(lambda: "DeletionByTaintManager" in reasons(), "for the taint to be noticed")


def test_nodes_come_and_go(own_plane: ControlPlane):
    assert own_plane.add_nodes(2, cpu="4", farm="north") == ["node-2", "node-3"]

    def nodes() -> dict[str, str]:
        lines = own_plane.kubectl("get", "nodes", "--no-headers").splitlines()
        return {line.split()[0]: line.split()[1] for line in lines}

    until(
        lambda: nodes() == {"node-1": "Ready", "node-2": "Ready", "node-3": "Ready"}, "for nodes to be ready"
    )
    own_plane.delete_node("node-1")
    job = one_pod_job("north")
    job["spec"]["template"]["spec"]["nodeSelector"] = {"farm": "north"}
    _, pod = ended(own_plane, "default", job)
    assert pod["spec"]["nodeName"] in ("node-2", "node-3")


def test_the_api_server_is_away_and_comes_back(own_plane: ControlPlane):
    running(own_plane, "default", one_pod_job("before", outcome="hang"))
    own_plane.stop_apiserver()
    with pytest.raises(OSError, match="refused"):
        own_plane.api("GET", "/version")
    own_plane.start_apiserver()
    assert pod_of(own_plane, "default", "before")["status"]["phase"] == "Running"
    assert ended(own_plane, "default", one_pod_job("after"))[0] == "Complete"


def test_the_past_is_gone_after_a_compaction(own_plane: ControlPlane):
    def watch(version: str) -> str:
        query = f"watch=true&timeoutSeconds=1&resourceVersion={version}"
        return own_plane.kubectl("get", "--raw", f"/api/v1/namespaces/default/configmaps?{query}")

    version = own_plane.get("configmaps")["metadata"]["resourceVersion"]
    first = {"metadata": {"name": "first"}}
    own_plane.api("POST", "/api/v1/namespaces/default/configmaps", first)
    version = own_plane.api("GET", "/api/v1/namespaces/default/configmaps")["metadata"]["resourceVersion"]
    own_plane.api("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "second"}})
    assert '"ADDED"' in watch(version)
    own_plane.compact()
    assert '"code":410' in watch(version)


def test_programs_that_are_not_there_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in PROGRAMS:
        if name != "kwok":
            (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("RENDERJOB_TEST_BIN", str(tmp_path))
    with pytest.raises(
        MissingBinariesError, match=rf"RENDERJOB_TEST_BIN names {tmp_path}, where kwok cannot"
    ):
        find_binaries()


OWNER = """
import time
from harness import ControlPlane

print(ControlPlane.start().layout.directory, flush=True)
time.sleep(600)
"""


def test_nothing_is_left_when_the_owner_is_killed(tmp_path: Path):
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        text=True,
    )
    with owner:
        directory = Path(owner.stdout.readline().strip())
        processes = processes_in(directory)
        owner.send_signal(signal.SIGKILL)
    assert {process.name() for process in processes} >= set(PROGRAMS) - {"kubectl"} - {
        "kube-controller-manager"
    }
    until(
        lambda: not directory.exists() and not processes_in(directory), "for the watchdog to end everything"
    )


def processes_in(directory: Path) -> list[psutil.Process]:
    """Whatever has this directory in its command line."""
    return [
        p for p in psutil.process_iter(["cmdline"]) if str(directory) in " ".join(p.info["cmdline"] or [])
    ]


def test_a_standing_control_plane_outlives_who_started_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RENDERJOB_TEST_BIN", str(find_binaries()))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))

    def harness(command: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(TESTS)}
        arguments = [sys.executable, "-m", "harness", command]
        return subprocess.run(
            arguments, env=environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    told = harness("up")
    try:
        assert harness("up") == told, "it runs already"
        shell = f"{told}\nkubectl get nodes -o name && kubectl get renderjobs -o name"
        listed = subprocess.run(["sh", "-c", shell], check=True, stdout=subprocess.PIPE, text=True).stdout
        assert listed.split() == ["node/node-1", "node/node-2", "node/node-3"]
    finally:
        harness("down")
    assert processes_in(tmp_path) == []
