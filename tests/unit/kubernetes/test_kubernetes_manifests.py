"""The Job of an attempt: names, labels, policies, and the user's template otherwise untouched."""

from __future__ import annotations

import copy
import re

import pytest

from renderjob.api import RenderJob
from renderjob.core import Attempt, Kind
from renderjob.executors.kubernetes.manifests import job_manifest
from renderjob.executors.kubernetes.names import child_name
from renderjob.executors.kubernetes.previews import preview_manifest
from renderjob.executors.kubernetes.views import read_job_view, read_pod_view
from renderjob.frames import FrameSet
from renderjob.workload import unpack

IMAGE = "renderjob:test"
TEMPLATE = {
    "metadata": {"labels": {"team": "film"}, "annotations": {"note": "kept"}},
    "spec": {
        "nodeSelector": {"gpu": "yes"},
        "runtimeClassName": "nvidia",
        "initContainers": [{"name": "fetch", "image": "fetch"}],
        "containers": [
            {"name": "side", "image": "side"},
            {
                "name": "render",
                "image": "blender:4.5",
                "command": ["blender", "-s", "$(RENDER_START)"],
                "env": [{"name": "SCENE", "value": "$(RENDER_JOB).blend"}],
                "resources": {
                    "requests": {"cpu": "4", "memory": "8Gi"},
                    "limits": {"memory": "8Gi", "nvidia.com/gpu": 1},
                },
                "volumeMounts": [{"name": "renders", "mountPath": "/renders"}],
                "startupProbe": {"exec": {"command": ["true"]}},
            },
        ],
        "volumes": [{"name": "renders", "persistentVolumeClaim": {"claimName": "renders"}}],
    },
}


TMP = {"name": "renderjob-tmp", "mountPath": "/tmp"}
UNPRIVILEGED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


def render_job(name="shot-010", meta=None, **spec):
    fields = {"frames": "1-240", "template": copy.deepcopy(TEMPLATE)} | spec
    metadata = {"name": name, "namespace": "film", "uid": "uid-1", **(meta or {})}
    return RenderJob.model_validate({"metadata": metadata, "spec": fields})


def attempt(kind=Kind.RENDER, frames="91-100", **fields):
    values = {"id": 17, "chunk": 9, "chunks": 24, "number": 2} | fields
    return Attempt(kind=kind, frames=FrameSet.parse(frames), **values)


def test_a_name_is_the_same_whoever_computes_it_and_fits_a_label():
    for name in ("a", "shot-010", "x" * 63, "a.b.c", "shot." + "y" * 50):
        made = child_name(render_job(name), attempt(id=123456))
        assert made == child_name(render_job(name), attempt(id=123456))
        assert len(made) <= 63
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", made)


def test_no_two_attempts_of_any_two_jobs_share_a_name():
    jobs = [render_job("x" * 63), render_job("x" * 62 + "y"), render_job("x" * 63, {"uid": "uid-2"})]
    names = {child_name(job, attempt(id=id_)) for job in jobs[::2] for id_ in range(1, 50)}
    assert len(names) == 98


def test_the_job_is_owned_and_labelled():
    made = job_manifest(render_job(), attempt(), IMAGE)
    [owner] = made["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"], owner["controller"]) == (
        "RenderJob",
        "shot-010",
        "uid-1",
        True,
    )
    labels = made["metadata"]["labels"]
    assert labels["renderjob.dev/job"] == "shot-010"
    assert labels["renderjob.dev/uid"] == "uid-1"
    assert labels["renderjob.dev/kind"] == "render"
    assert labels["renderjob.dev/chunk"] == "9"
    assert labels["renderjob.dev/attempt"] == "2"
    assert labels["renderjob.dev/attempt-id"] == "17"
    assert made["metadata"]["annotations"]["renderjob.dev/frames"] == "91-100"
    assert labels.items() <= made["spec"]["template"]["metadata"]["labels"].items()


def test_the_job_never_retries_by_itself_and_disruptions_are_free():
    spec = job_manifest(render_job(), attempt(), IMAGE)["spec"]
    assert spec["backoffLimit"] == 0
    assert spec["podReplacementPolicy"] == "Failed"
    [rule] = spec["podFailurePolicy"]["rules"]
    assert rule["action"] == "Ignore"
    assert rule["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert spec["ttlSecondsAfterFinished"] == 7 * 86400, "longer than any operator is away"
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_where_files_tell_a_disruption_ends_the_job_so_that_only_the_rest_is_rendered():
    job = render_job(output={"path": "/renders", "file": "####.png"})
    [rule] = job_manifest(job, attempt(), IMAGE)["spec"]["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob"
    [rule] = job_manifest(job, attempt(frames="7"), IMAGE)["spec"]["podFailurePolicy"]["rules"]
    assert rule["action"] == "Ignore", "of one frame there is no rest"


def test_a_chunks_deadline_is_a_net_for_when_nobody_counts():
    assert "activeDeadlineSeconds" not in job_manifest(render_job(), attempt(), IMAGE)["spec"]
    job = render_job(timeouts={"chunk": "90.5s"})
    assert job_manifest(job, attempt(), IMAGE)["spec"]["activeDeadlineSeconds"] == 91 + 3600


def test_the_template_is_the_users_own():
    made = job_manifest(render_job(), attempt(), IMAGE)["spec"]["template"]
    expected = copy.deepcopy(TEMPLATE)
    spec = made["spec"]
    assert spec.pop("restartPolicy") == "Never"
    assert spec.pop("automountServiceAccountToken") is False
    render = spec["containers"][1]
    assert render.pop("terminationMessagePolicy") == "FallbackToLogsOnError"
    ours = {e["name"]: e["value"] for e in render["env"] if e["name"].startswith("RENDER_")}
    assert ours == {
        "RENDER_START": "91",
        "RENDER_END": "100",
        "RENDER_STEP": "1",
        "RENDER_FRAMES": "91-100",
        "RENDER_FRAME_COUNT": "10",
        "RENDER_CHUNK": "9",
        "RENDER_CHUNKS": "24",
        "RENDER_ATTEMPT": "2",
        "RENDER_OUTPUT": "",
        "RENDER_JOB": "shot-010",
        "RENDER_JOB_UID": "uid-1",
        "RENDER_NAMESPACE": "film",
    }
    render["env"] = [e for e in render["env"] if not e["name"].startswith("RENDER_")]
    assert spec == expected["spec"]
    assert made["metadata"]["labels"]["team"] == "film"
    assert made["metadata"]["annotations"]["note"] == "kept"


def test_what_the_manifest_says_of_tokens_and_messages_stands():
    template = copy.deepcopy(TEMPLATE)
    template["spec"]["automountServiceAccountToken"] = True
    template["spec"]["containers"][1]["terminationMessagePolicy"] = "File"
    spec = job_manifest(render_job(template=template), attempt(), IMAGE)["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is True
    assert spec["containers"][1]["terminationMessagePolicy"] == "File"


def test_a_queue_and_a_cost_centre_are_inherited_but_not_what_tools_track():
    meta = {
        "labels": {
            "kueue.x-k8s.io/queue-name": "renders",
            "app.kubernetes.io/instance": "argo",
            "kustomize.toolkit.fluxcd.io/name": "flux",
        },
        "annotations": {
            "cost": "42",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "argocd.argoproj.io/tracking-id": "x",
        },
    }
    made = job_manifest(render_job(meta=meta), attempt(), IMAGE)["metadata"]
    assert made["labels"]["kueue.x-k8s.io/queue-name"] == "renders"
    assert "app.kubernetes.io/instance" not in made["labels"]
    assert "kustomize.toolkit.fluxcd.io/name" not in made["labels"]
    assert made["annotations"].items() >= {"cost": "42", "renderjob.dev/frames": "91-100"}.items()
    assert not [name for name in made["annotations"] if "kubectl" in name or "argocd" in name]


def test_raised_memory_is_asked_for_and_allowed():
    container = job_manifest(render_job(), attempt(memory=12 << 30), IMAGE)["spec"]["template"]["spec"][
        "containers"
    ][1]
    assert container["resources"]["requests"] == {"cpu": "4", "memory": str(12 << 30)}
    assert container["resources"]["limits"] == {"memory": str(12 << 30), "nvidia.com/gpu": 1}


def test_nodes_to_keep_away_from_are_named_beside_the_users_own_affinity():
    template = copy.deepcopy(TEMPLATE)
    own = {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}
    template["spec"]["affinity"] = {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [own, {}]}}
    }
    made = job_manifest(render_job(template=template), attempt(avoid=("n1", "n2"), shun=("n3",)), IMAGE)
    affinity = made["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]
    names = [{"key": "metadata.name", "operator": "NotIn", "values": [n]} for n in ("n1", "n2")]
    terms = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert terms == [own | {"matchFields": names}, {"matchFields": names}]
    [preferred] = affinity["preferredDuringSchedulingIgnoredDuringExecution"]
    assert preferred["preference"]["matchFields"][0]["values"] == ["n3"]


def test_a_listed_chunk_brings_its_own_command():
    chunks = [{"frames": "1-10", "command": ["other"], "args": ["x"]}, {"frames": "11-20"}]
    job = render_job(frames="1-20", chunks={"explicit": chunks})
    first = job_manifest(job, attempt(frames="1-10", chunk=0), IMAGE)["spec"]["template"]["spec"][
        "containers"
    ][1]
    assert (first["command"], first["args"]) == (["other"], ["x"])
    second = job_manifest(job, attempt(frames="11-20", chunk=1), IMAGE)["spec"]["template"]["spec"][
        "containers"
    ][1]
    assert second["command"] == ["blender", "-s", "$(RENDER_START)"]
    assert "args" not in second


def test_a_path_with_dollars_reaches_the_container_as_it_is():
    job = render_job(output={"path": "/renders/$(x)/$$"})
    env = job_manifest(job, attempt(), IMAGE)["spec"]["template"]["spec"]["containers"][1]["env"]
    assert {"name": "RENDER_OUTPUT", "value": "/renders/$$(x)/$$$$"} in env


@pytest.mark.parametrize("kind", [Kind.VERIFY, Kind.MERGE])
def test_our_own_pods_see_the_users_volumes_and_run_where_the_renderer_may(kind):
    job = render_job(
        output={"path": "/renders", "file": "####.png"}, merge={"ffmpeg": {"file": "shot.mp4", "fps": 24}}
    )
    made = job_manifest(job, attempt(kind, frames="1-240", chunk=0), IMAGE)
    pod = made["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["image"] == IMAGE
    assert container["args"][0] == kind.value.lower()
    only = {} if kind is Kind.MERGE else {"readOnly": True}
    assert container["volumeMounts"] == [{"name": "renders", "mountPath": "/renders", **only}, TMP]
    assert pod["volumes"] == [*TEMPLATE["spec"]["volumes"], {"name": "renderjob-tmp", "emptyDir": {}}]
    assert pod["nodeSelector"] == {"gpu": "yes"}
    assert "initContainers" not in pod
    assert "runtimeClassName" not in pod
    request = unpack(container["args"][-1])
    assert request["directory"] == "/renders"
    assert request["frames"] == "1-240"
    assert container["securityContext"] == {
        "runAsUser": 0,
        "runAsNonRoot": False,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"], "add": ["CHOWN", "DAC_OVERRIDE", "FOWNER"]},
        "readOnlyRootFilesystem": True,
    }


def test_a_check_of_the_merge_asks_for_a_trial_of_its_frames_and_says_what_it_found():
    job = render_job(
        output={"path": "/renders", "file": "####.exr"},
        merge={"ffmpeg": {"file": "shot.mp4", "layer": "ViewLayer.Combined"}},
    )
    made = job_manifest(job, attempt(Kind.CHECK, frames="1-2", chunk=0), IMAGE)
    [container] = made["spec"]["template"]["spec"]["containers"]
    assert container["args"][:3] == ["merge", "--report", "/dev/termination-log"]
    request = unpack(container["args"][-1])
    assert (request["trial"], request["frames"], request["failed"]) == (True, "1-2", "")
    assert request["layer"] == "ViewLayer.Combined"
    assert made["spec"]["activeDeadlineSeconds"] > 0


def test_a_merge_of_chunk_files_knows_the_frames_of_each():
    job = render_job(
        frames="1-6",
        chunks={"size": 2},
        output={"path": "/renders", "chunkFile": "$(RENDER_START).mkv"},
        merge={"ffmpeg": {"file": "shot.mkv", "codec": "copy"}},
    )
    made = job_manifest(job, attempt(Kind.MERGE, frames="1-2,5-6", chunk=0), IMAGE)
    request = unpack(made["spec"]["template"]["spec"]["containers"][0]["args"][-1])
    assert request["parts"] == ["1.mkv", "5.mkv"]
    assert request["partFrames"] == ["1-2", "5-6"]


def test_a_look_at_what_runs_reads_alone_and_asks_for_what_the_status_says():
    job = render_job(output={"path": "/renders", "file": "####.png"})
    flying = ["3 0.1 1-10 began=1000", "4 1.1 11-20", "5 2.1 21-30 began=1005"]
    job = job.model_copy(update={"status": job.status.model_copy(update={"in_flight": flying})})
    made = job_manifest(job, attempt(Kind.LOOK, frames="1-20", chunk=0, beside=FrameSet((3, 4))), IMAGE)
    [container] = made["spec"]["template"]["spec"]["containers"]
    assert container["args"][:3] == ["verify", "--report", "/dev/termination-log"]
    mounts = {mount["mountPath"]: mount.get("readOnly", False) for mount in container["volumeMounts"]}
    assert mounts["/renders"]
    request = unpack(container["args"][-1])
    assert request["running"] == [{"id": 3, "frames": "1-10", "since": 1000}], "4 was never seen running"


def test_our_own_pods_have_the_labels_and_annotations_of_the_renderers_but_for_those_of_one_container():
    meta = {
        "labels": {"sidecar.istio.io/inject": "false", "team": "lighting"},
        "annotations": {
            "linkerd.io/inject": "disabled",
            "k8s.v1.cni.cncf.io/networks": "storage",
            "container.apparmor.security.beta.kubernetes.io/render": "unconfined",
            "container.seccomp.security.alpha.kubernetes.io/render": "unconfined",
            "kubectl.kubernetes.io/default-container": "render",
            "kubectl.kubernetes.io/default-logs-container": "render",
            "vault.hashicorp.com/agent-inject": "true",
        },
    }
    merge = {"ffmpeg": {"fps": 24, "file": "shot.mp4"}}
    output = {"path": "/renders", "file": "####.png"}
    job = render_job(template=TEMPLATE | {"metadata": meta}, output=output, merge=merge)
    kinds = (Kind.VERIFY, Kind.MERGE, Kind.CHECK, Kind.LOOK)
    pods = [job_manifest(job, attempt(kind), IMAGE)["spec"]["template"] for kind in kinds]
    pods.append(preview_manifest(job, "request", IMAGE, "x")["spec"]["template"])
    for made in (pod["metadata"] for pod in pods):
        assert made["labels"].items() >= meta["labels"].items()
        told = {name: value for name, value in made["annotations"].items() if "renderjob.dev/" not in name}
        assert told == {"linkerd.io/inject": "disabled", "k8s.v1.cni.cncf.io/networks": "storage"}


def test_our_own_pods_are_who_the_renderer_is():
    template = copy.deepcopy(TEMPLATE)
    template["spec"]["securityContext"] = {"runAsUser": 1000, "fsGroup": 1000}
    template["spec"]["containers"][1]["securityContext"] = {"capabilities": {"drop": ["ALL"]}}
    job = render_job(template=template, output={"path": "/renders", "file": "####.png"})
    pod = job_manifest(job, attempt(Kind.VERIFY), IMAGE)["spec"]["template"]["spec"]
    assert pod["securityContext"] == {
        "runAsUser": 1000,
        "fsGroup": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert pod["containers"][0]["securityContext"] == UNPRIVILEGED


@pytest.mark.parametrize(
    ("of_pod", "of_container", "made"),
    [
        ({"runAsNonRoot": True}, {}, UNPRIVILEGED),
        ({}, {"runAsUser": 7, "privileged": True}, {**UNPRIVILEGED, "runAsUser": 7}),
        (
            {"runAsUser": 7},
            {"runAsGroup": 8, "capabilities": {"add": ["SYS_ADMIN"]}},
            {**UNPRIVILEGED, "runAsGroup": 8},
        ),
        (
            {"runAsUser": 0},
            {"capabilities": {"drop": ["ALL"]}, "allowPrivilegeEscalation": True},
            {**UNPRIVILEGED, "runAsNonRoot": False},
        ),
        (
            {
                "sysctls": [{"name": "x", "value": "y"}],
                "runAsUser": 7,
                "seccompProfile": {"type": "Unconfined"},
            },
            {},
            UNPRIVILEGED,
        ),
    ],
    ids=["not as root", "privileged", "with more rights", "root without rights", "with other rules"],
)
def test_our_own_pods_have_the_renderers_user_and_none_of_its_privileges(of_pod, of_container, made):
    template = copy.deepcopy(TEMPLATE)
    template["spec"]["securityContext"] = of_pod
    template["spec"]["containers"][1]["securityContext"] = of_container
    job = render_job(template=template, output={"path": "/renders", "file": "####.png"})
    pod = job_manifest(job, attempt(Kind.VERIFY), IMAGE)["spec"]["template"]["spec"]
    assert pod["containers"][0]["securityContext"] == made
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert "sysctls" not in pod["securityContext"]


def test_our_own_pods_see_no_secret_and_write_to_the_output_alone():
    template = copy.deepcopy(TEMPLATE)
    template["spec"]["volumes"] = [
        {"name": "renders", "persistentVolumeClaim": {"claimName": "renders"}},
        {"name": "scenes", "persistentVolumeClaim": {"claimName": "scenes"}},
        {"name": "license", "secret": {"secretName": "license"}},
        {"name": "unused", "hostPath": {"path": "/"}},
    ]
    template["spec"]["containers"][1]["volumeMounts"] = [
        {"name": "renders", "mountPath": "/renders"},
        {"name": "scenes", "mountPath": "/scenes"},
        {"name": "license", "mountPath": "/license"},
    ]
    job = render_job(
        template=template,
        output={"path": "/renders/shot", "file": "####.png"},
        merge={"ffmpeg": {"file": "shot.mp4", "fps": 24}},
    )
    pod = job_manifest(job, attempt(Kind.MERGE), IMAGE)["spec"]["template"]["spec"]
    assert pod["containers"][0]["volumeMounts"] == [
        {"name": "renders", "mountPath": "/renders"},
        {"name": "scenes", "mountPath": "/scenes", "readOnly": True},
        TMP,
    ]
    assert [volume["name"] for volume in pod["volumes"]] == ["renders", "scenes", "renderjob-tmp"]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({}, {"requests": {"cpu": "50m", "memory": "96Mi"}}),
        (
            {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "500m", "memory": "128Mi"}},
            {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}},
        ),
        (
            {"limits": {"cpu": 4, "memory": "8Gi", "nvidia.com/gpu": 1}},
            {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"cpu": "4", "memory": "8Gi"}},
        ),
        ({"requests": {"cpu": "600m"}}, {"requests": {"cpu": "50m"}}),
        ({"requests": {"cpu": "0.02"}}, {"requests": {"cpu": "0.02"}}),
        ({"limits": {"memory": "1Gi"}}, {"requests": {"memory": "96Mi"}, "limits": {"memory": "1Gi"}}),
        (
            {"requests": {"cpu": 1, "ephemeral-storage": "2Gi"}, "limits": {"ephemeral-storage": "4Gi"}},
            {"requests": {"cpu": "50m", "ephemeral-storage": "2Gi"}, "limits": {"ephemeral-storage": "4Gi"}},
        ),
    ],
    ids=["nothing", "a quota", "limits alone", "a queue of CPUs", "fewer", "memory alone", "disk"],
)
def test_our_own_pods_ask_for_no_more_than_the_renderer_and_name_what_it_names(theirs, ours):
    template = copy.deepcopy(TEMPLATE)
    template["spec"]["containers"][1]["resources"] = theirs
    job = render_job(template=template, output={"path": "/renders", "file": "####.png"})
    [container] = job_manifest(job, attempt(Kind.VERIFY), IMAGE)["spec"]["template"]["spec"]["containers"]
    assert container["resources"] == ours


def test_our_own_pods_know_what_the_path_in_a_volume_is_made_of():
    template = copy.deepcopy(TEMPLATE)
    render = template["spec"]["containers"][1]
    render["volumeMounts"][0]["subPathExpr"] = "$(SHOW)/$(RENDER_JOB)"
    render["envFrom"] = [{"configMapRef": {"name": "show"}}]
    job = render_job(template=template, output={"path": "/renders", "file": "####.png"})
    [container] = job_manifest(job, attempt(Kind.VERIFY), IMAGE)["spec"]["template"]["spec"]["containers"]
    assert container["volumeMounts"] == [{**render["volumeMounts"][0], "readOnly": True}, TMP]
    assert container["envFrom"] == render["envFrom"]
    names = [variable["name"] for variable in container["env"]]
    assert names == ["RENDER_JOB", "RENDER_JOB_UID", "RENDER_NAMESPACE", "SCENE", "HOME", "TMPDIR"]
    assert container["env"][0]["value"] == "shot-010"


def test_ten_thousand_chunk_files_fit_a_command():
    explicit = [{"frames": str(n), "output": f"part-{n:05}.mkv"} for n in range(1, 10_001)]
    job = render_job(
        frames="1-10000",
        chunks={"explicit": explicit},
        output={"path": "/renders"},
        merge={"ffmpeg": {"file": "a.mkv", "codec": "copy"}},
    )
    pod = job_manifest(job, attempt(Kind.MERGE, frames="1-10000"), IMAGE)["spec"]["template"]["spec"]
    assert len(pod["containers"][0]["args"][-1]) < 120 * 1024
    assert len(unpack(pod["containers"][0]["args"][-1])["parts"]) == 10_000


# -- previews -------------------------------------------------------------------------------------------------


def test_a_preview_runs_where_the_frames_are_and_can_only_read_them():
    made = preview_manifest(render_job(), "gz:abc", "renderjob:test", "f00")
    pod = made["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (container["image"], container["args"]) == ("renderjob:test", ["show", "gz:abc"])
    assert container["volumeMounts"] == [{"name": "renders", "mountPath": "/renders", "readOnly": True}, TMP]
    assert [volume["name"] for volume in pod["volumes"]] == ["renders", "renderjob-tmp"]
    assert pod["nodeSelector"] == {"gpu": "yes"}
    assert pod["restartPolicy"] == "Never"
    assert pod["automountServiceAccountToken"] is False


def test_a_preview_goes_with_the_job_and_by_itself():
    made = preview_manifest(render_job("x" * 63), "gz:abc", "renderjob:test", "f00")
    (owner,) = made["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["blockOwnerDeletion"]) == ("RenderJob", "uid-1", False)
    assert made["spec"]["ttlSecondsAfterFinished"] <= 60
    assert made["spec"]["activeDeadlineSeconds"] > 0
    assert len(made["metadata"]["name"]) <= 63
    assert made["metadata"]["name"].endswith("-preview-f00")


def test_an_operator_takes_a_preview_for_no_attempt():
    made = preview_manifest(
        render_job(meta={"labels": {"queue": "renders"}}), "gz:abc", "renderjob:test", "f00"
    )
    assert made["metadata"]["labels"]["queue"] == "renders", "a queue has to admit it as any other"
    there = {"uid": "j", "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"}
    assert read_job_view({**made, "metadata": made["metadata"] | there}) is None
    pod = made["spec"]["template"]
    assert read_pod_view({**pod, "metadata": pod["metadata"] | there}) is None
    assert "renderjob.dev/uid" not in {**made["metadata"]["labels"], **pod["metadata"]["labels"]}


def test_frames_that_fit_no_argument_are_refused():
    with pytest.raises(ValueError, match=r"too scattered .*\(--frames\)"):
        preview_manifest(render_job(), "x" * 200_000, "renderjob:test", "f00")


def test_what_the_renderer_has_at_tmp_is_not_what_a_pod_of_ours_writes_to():
    template = copy.deepcopy(TEMPLATE)
    template["spec"]["volumes"] = [{"name": "renders", "emptyDir": {}}, {"name": "scratch", "emptyDir": {}}]
    template["spec"]["containers"][1]["volumeMounts"] = [
        {"name": "renders", "mountPath": "/renders"},
        {"name": "scratch", "mountPath": "/tmp"},
    ]
    job = render_job(template=template, output={"path": "/renders", "file": "####.png"})
    pod = job_manifest(job, attempt(Kind.VERIFY), IMAGE)["spec"]["template"]["spec"]
    assert [m for m in pod["containers"][0]["volumeMounts"] if m["mountPath"] == "/tmp"] == [TMP]
    assert [volume["name"] for volume in pod["volumes"]] == ["renders", "renderjob-tmp"]
