"""The operator renders: from a manifest to frames, through Jobs that are exactly what the manifest asks for."""

from __future__ import annotations

import copy
import re

from harness.waiting import until
from support.cluster import ClusterFarm


def test_a_manifest_is_rendered_in_chunks(farm: ClusterFarm):
    status = farm.run(frames="1-20", chunks={"size": 5}, parallelism=2, kwok={"run": "200ms"})
    assert status["state"] == "Completed"
    assert (status["progress"], status["framesShown"], status["chunksShown"]) == (100, "20/20", "4/4")
    assert status["frames"]["completed"] == "1-20"
    assert status["attempts"]["succeeded"] == 4
    assert (status["active"], status["inFlight"], status["error"]) == (0, [], "")


def test_finished_jobs_are_removed_with_their_pods(farm: ClusterFarm):
    name = farm.submit(frames="1-6", chunks={"size": 2}, parallelism=3)
    farm.end(name)
    until(lambda: not farm.jobs(name) and not farm.pods(name), "for the Jobs to be removed")


def test_no_more_than_parallelism_run_at_a_time(farm: ClusterFarm):
    name = farm.submit(frames="1-5", chunks={"size": 1}, parallelism=2, kwok={"outcome": "hang"})
    farm.running(name, 2)
    status = farm.reached(name, lambda s: s["active"] == 2)
    assert status["frames"]["active"] == "1-2"
    assert len(farm.jobs(name)) == 2
    farm.delete(name)


TEMPLATE = {
    "metadata": {"labels": {"team": "light"}, "annotations": {"example.com/kept": "as it is"}},
    "spec": {
        "containers": [
            {
                "name": "proxy",
                "image": "example/proxy:1",
                "ports": [{"containerPort": 80, "protocol": "TCP"}],
            },
            {
                "name": "render",
                "image": "example/blender:4.5",
                "command": ["blender", "-s", "$(RENDER_START)", "-o", "$(OUT)/$$(RENDER_OUTPUT)"],
                "args": ["-e", "$(RENDER_END)"],
                "env": [
                    {"name": "OUT", "value": "$(RENDER_OUTPUT)/sub"},
                    {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                ],
                "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
                "volumeMounts": [{"name": "renders", "mountPath": "/renders"}],
            },
        ],
        "initContainers": [{"name": "fetch", "image": "example/fetch:1", "command": ["true"]}],
        "volumes": [{"name": "renders", "emptyDir": {"sizeLimit": "1Gi"}}],
        "tolerations": [{"key": "farm", "operator": "Exists", "effect": "NoSchedule"}],
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"team": "light"}},
            }
        ],
        "priorityClassName": "",
        "terminationGracePeriodSeconds": 7,
    },
}


def test_the_jobs_are_the_manifests_own_template(farm: ClusterFarm):
    """All that a Job has beyond the template is named here; nothing else may be added, changed or lost."""
    body = farm.manifest(
        frames="3-9x2",
        chunks={"size": 3},
        parallelism=5,
        template=copy.deepcopy(TEMPLATE),
        output={"path": "/renders/shot"},
        timeouts={"chunk": "90s"},
        cleanup={"ttlSecondsAfterFinished": 7200},
        labels={"kueue.x-k8s.io/queue-name": "renders", "app.kubernetes.io/instance": "argo"},
        kwok={"outcome": "hang"},
    )
    body["metadata"]["annotations"] = {"example.com/cost-centre": "17", "argocd.argoproj.io/tracking-id": "x"}
    name = farm.create(body)
    farm.running(name, 2)
    meta = farm.get(name)["metadata"]
    job = farm.jobs(name)[1]
    told = body["spec"]["template"]["metadata"]["annotations"]
    ours = {
        "renderjob.dev/job": name,
        "renderjob.dev/uid": meta["uid"],
        "renderjob.dev/kind": "render",
        "renderjob.dev/chunk": "1",
        "renderjob.dev/attempt": "1",
        "renderjob.dev/attempt-id": "2",
        "kueue.x-k8s.io/queue-name": "renders",
    }
    by_kubernetes = {
        "batch.kubernetes.io/controller-uid": job["metadata"]["uid"],
        "batch.kubernetes.io/job-name": job["metadata"]["name"],
        "controller-uid": job["metadata"]["uid"],
        "job-name": job["metadata"]["name"],
    }
    assert job["metadata"]["labels"] == ours
    annotations = job["metadata"]["annotations"]
    assert re.fullmatch("[0-9a-f]{16}", annotations.pop("renderjob.dev/template"))
    assert annotations == {"renderjob.dev/frames": "9", "example.com/cost-centre": "17"}
    assert job["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "renderjob.dev/v1alpha1",
            "kind": "RenderJob",
            "name": name,
            "uid": meta["uid"],
            "controller": True,
            "blockOwnerDeletion": False,
        }
    ]
    spec, template = job["spec"], job["spec"].pop("template")
    assert template["metadata"]["labels"] == {**ours, **by_kubernetes, "team": "light"}
    ours_too = {"renderjob.dev/frames": "9", "renderjob.dev/container": "render"}
    assert template["metadata"]["annotations"] == {**told, **ours_too}

    render = template["spec"]["containers"][1]
    environment = {
        e["name"]: e["value"] for e in render["env"][: -len(TEMPLATE["spec"]["containers"][1]["env"])]
    }
    assert environment == {
        "RENDER_START": "9",
        "RENDER_END": "9",
        "RENDER_STEP": "1",
        "RENDER_FRAMES": "9",
        "RENDER_FRAME_COUNT": "1",
        "RENDER_CHUNK": "1",
        "RENDER_CHUNKS": "2",
        "RENDER_ATTEMPT": "1",
        "RENDER_OUTPUT": "/renders/shot",
        "RENDER_JOB": name,
        "RENDER_JOB_UID": meta["uid"],
        "RENDER_NAMESPACE": farm.namespace,
    }
    render["env"] = render["env"][len(environment) :]
    assert render.pop("terminationMessagePolicy") == "FallbackToLogsOnError"
    assert template["spec"].pop("restartPolicy") == "Never"
    assert template["spec"].pop("automountServiceAccountToken") is False
    assert template["spec"] == defaulted(TEMPLATE["spec"])

    assert spec["activeDeadlineSeconds"] > 90
    assert spec["ttlSecondsAfterFinished"] >= 7200
    assert (spec["backoffLimit"], spec["completions"], spec["parallelism"]) == (0, 1, 1)
    assert spec["podReplacementPolicy"] == "Failed"
    assert spec["podFailurePolicy"]["rules"] == [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    ]
    farm.delete(name)


def defaulted(spec: dict) -> dict:
    """A pod's spec with what an API server fills in."""
    spec = copy.deepcopy(spec)
    del spec["priorityClassName"]
    for container in [*spec["containers"], *spec["initContainers"]]:
        container.setdefault("imagePullPolicy", "IfNotPresent")
        container.setdefault("resources", {})
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        if container["name"] != "render":
            container.setdefault("terminationMessagePolicy", "File")
        for each in container.get("env", ()):
            if "valueFrom" in each:
                each["valueFrom"]["fieldRef"].setdefault("apiVersion", "v1")
    return {
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        **spec,
    }


def test_a_token_is_mounted_only_for_who_asks(farm: ClusterFarm):
    container = {"name": "render", "image": "example/none:1"}
    asks = {"spec": {"automountServiceAccountToken": True, "containers": [container]}}
    name = farm.submit(template=asks, kwok={"outcome": "hang"})
    pods = farm.running(name)
    assert pods[0]["spec"]["automountServiceAccountToken"] is True
    assert "volumeMounts" in pods[0]["spec"]["containers"][0]
    farm.delete(name)


def test_names_are_valid_and_tell_apart_what_is_alike(farm: ClusterFarm):
    """Two RenderJobs whose names are as long as may be and differ in the last letter, and one that was made anew."""
    long = "shot-" + "x" * 57
    names = set()
    for letter in "ab":
        name = farm.submit(
            f"{long}{letter}", frames="1-3", chunks={"size": 1}, parallelism=3, kwok={"outcome": "hang"}
        )
        farm.running(name, 3)
        names |= {job["metadata"]["name"] for job in farm.jobs(name)}
    farm.delete(f"{long}b")
    farm.gone(f"{long}b")
    name = farm.submit(f"{long}b", frames="1-3", chunks={"size": 1}, parallelism=3, kwok={"outcome": "hang"})
    farm.running(name, 3)
    names |= {job["metadata"]["name"] for job in farm.jobs(name)}
    assert len(names) == 9
    assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name) for name in names)
    farm.delete(f"{long}a")
    farm.delete(f"{long}b")


def test_adaptive_chunks_grow_with_what_is_measured(farm: ClusterFarm):
    chunks = {"targetDuration": "1h"}
    status = farm.run(frames="1-2000", chunks=chunks, parallelism=2, kwok={"run": "1s"})
    assert status["state"] == "Completed"
    assert status["attempts"]["succeeded"] < 100
