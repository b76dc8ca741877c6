"""What can change a pixel changes the digest, field by field; what can't, does not; an upgrade changes nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from renderjob.api import RenderJobSpec, State
from renderjob.core import digest_of, is_same, render_digest
from renderjob.core.digest import _first_digest, merge_digest
from renderjob.frames import EMPTY
from support.jobs import spec
from support.world import World

BASE: dict[str, Any] = {
    "metadata": {"labels": {"team": "a"}, "annotations": {"note": "1"}},
    "spec": {
        "initContainers": [
            {"name": "fetch", "image": "x", "command": ["get", "scene-v1"]},
            {"name": "assets", "image": "y", "restartPolicy": "Always", "args": ["serve"]},
        ],
        "containers": [
            {
                "name": "render",
                "image": "blender:1",
                "command": ["r"],
                "args": ["-a"],
                "env": [
                    {"name": "A", "value": "1"},
                    {"name": "K", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
                ],
                "envFrom": [{"configMapRef": {"name": "v1"}}],
                "workingDir": "/w",
                "lifecycle": {"postStart": {"exec": {"command": ["load"]}}},
                "resources": {"limits": {"memory": "1Gi"}},
                "volumeMounts": [
                    {"name": "s", "mountPath": "/s", "subPath": "v1"},
                    {"name": "t", "mountPath": "/s/textures"},
                    {"name": "cm", "mountPath": "/cm"},
                    {"name": "sec", "mountPath": "/sec"},
                    {"name": "csi", "mountPath": "/csi"},
                    {"name": "img", "mountPath": "/img"},
                    {"name": "host", "mountPath": "/host"},
                    {"name": "nfs", "mountPath": "/nfs"},
                    {"name": "own", "mountPath": "/own"},
                    {"name": "pro", "mountPath": "/pro"},
                    {"name": "tmp", "mountPath": "/tmp"},
                ],
            },
            {"name": "log", "image": "shipper:1"},
        ],
        "volumes": [
            {"name": "s", "persistentVolumeClaim": {"claimName": "scene-v1"}},
            {"name": "t", "persistentVolumeClaim": {"claimName": "textures-v1"}},
            {
                "name": "cm",
                "configMap": {
                    "name": "c",
                    "defaultMode": 420,
                    "items": [{"key": "a", "path": "a", "mode": 420}],
                },
            },
            {"name": "sec", "secret": {"secretName": "s1", "optional": False}},
            {
                "name": "csi",
                "csi": {"driver": "d", "volumeAttributes": {"share": "v1", "mode": "x"}, "readOnly": True},
            },
            {"name": "img", "image": {"reference": "scene:1", "pullPolicy": "Always"}},
            {"name": "host", "hostPath": {"path": "/mnt/v1"}},
            {"name": "nfs", "nfs": {"server": "a", "path": "/v1", "readOnly": False}},
            {
                "name": "own",
                "ephemeral": {
                    "volumeClaimTemplate": {
                        "spec": {
                            "dataSource": {"kind": "VolumeSnapshot", "name": "snap-v1"},
                            "resources": {"requests": {"storage": "1Gi"}},
                        }
                    }
                },
            },
            {"name": "pro", "projected": {"sources": [{"secret": {"name": "p1"}}], "defaultMode": 420}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "unused", "persistentVolumeClaim": {"claimName": "nobody"}},
        ],
        "nodeSelector": {"zone": "a"},
    },
}

VOLUME = {volume["name"]: n for n, volume in enumerate(BASE["spec"]["volumes"])}


def path(text: str) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in text.split("/")]


def edited(place: str, value: Any) -> RenderJobSpec:
    template = copy.deepcopy(BASE)
    *above, last = path(place)
    here: Any = template["spec"]
    for step in above:
        here = here.setdefault(step, {}) if isinstance(step, str) else here[step]
    here[last] = value
    return spec(template=template)


def volume(name: str, rest: str) -> str:
    return f"volumes/{VOLUME[name]}/{rest}"


RENDERED_AGAIN = {
    "image": ("containers/0/image", "blender:2"),
    "command": ("containers/0/command", ["r", "-b"]),
    "args": ("containers/0/args", ["-f"]),
    "env": ("containers/0/env/0/value", "2"),
    "a key of the environment": ("containers/0/env/1/valueFrom/configMapKeyRef/key", "other"),
    "envFrom": ("containers/0/envFrom/0/configMapRef/name", "v2"),
    "envFrom's prefix": ("containers/0/envFrom/0/prefix", "X_"),
    "workingDir": ("containers/0/workingDir", "/other"),
    "postStart": ("containers/0/lifecycle/postStart/exec/command", ["load", "v2"]),
    "init container": ("initContainers/0/command", ["get", "scene-v2"]),
    "init container's image": ("initContainers/0/image", "x:2"),
    "what serves assets beside it": ("initContainers/1/args", ["serve", "v2"]),
    "a container beside it": ("containers/1/image", "shipper:2"),
    "claim": (volume("s", "persistentVolumeClaim/claimName"), "scene-v2"),
    "nested claim": (volume("t", "persistentVolumeClaim/claimName"), "textures-v2"),
    "subPath": ("containers/0/volumeMounts/0/subPath", "v2"),
    "subPathExpr": ("containers/0/volumeMounts/0/subPathExpr", "$(A)"),
    "mountPath": ("containers/0/volumeMounts/1/mountPath", "/s/tex"),
    "another volume mounted": ("containers/0/volumeMounts/0/name", "unused"),
    "ConfigMap": (volume("cm", "configMap/name"), "c2"),
    "ConfigMap's key": (volume("cm", "configMap/items/0/key"), "b"),
    "ConfigMap's path": (volume("cm", "configMap/items/0/path"), "b"),
    "Secret": (volume("sec", "secret/secretName"), "s2"),
    "CSI attribute": (volume("csi", "csi/volumeAttributes/share"), "v2"),
    "CSI attribute that is called like another field": (volume("csi", "csi/volumeAttributes/mode"), "y"),
    "CSI driver": (volume("csi", "csi/driver"), "e"),
    "image volume": (volume("img", "image/reference"), "scene:2"),
    "hostPath": (volume("host", "hostPath/path"), "/mnt/v2"),
    "NFS path": (volume("nfs", "nfs/path"), "/v2"),
    "NFS server": (volume("nfs", "nfs/server"), "b"),
    "data source": (
        volume("own", "ephemeral/volumeClaimTemplate/spec/dataSource/name"),
        "snap-v2",
    ),
    "projected": (volume("pro", "projected/sources/0/secret/name"), "p2"),
    "an emptyDir becomes a claim": (volume("tmp", "persistentVolumeClaim"), {"claimName": "c"}),
    "hosts": ("hostAliases", [{"ip": "10.0.0.1", "hostnames": ["assets"]}]),
}

KEPT = {
    "resources": ("containers/0/resources/limits/memory", "2Gi"),
    "nodeSelector": ("nodeSelector/zone", "b"),
    "affinity": ("affinity", {"nodeAffinity": {}}),
    "tolerations": ("tolerations", [{"operator": "Exists"}]),
    "priority": ("priorityClassName", "high"),
    "runtime class": ("runtimeClassName", "nvidia"),
    "who runs it": ("securityContext", {"runAsUser": 1000, "fsGroup": 1000}),
    "the container's user": ("containers/0/securityContext", {"runAsUser": 1000}),
    "pull policy": ("containers/0/imagePullPolicy", "Always"),
    "probe": ("containers/0/livenessProbe", {"exec": {"command": ["x"]}}),
    "preStop": ("containers/0/lifecycle/preStop", {"exec": {"command": ["x"]}}),
    "grace period": ("terminationGracePeriodSeconds", 60),
    "service account": ("serviceAccountName", "other"),
    "a volume that nobody mounts": (volume("unused", "persistentVolumeClaim/claimName"), "other"),
    "file mode": (volume("cm", "configMap/defaultMode"), 256),
    "file mode of a key": (volume("cm", "configMap/items/0/mode"), 256),
    "read-only": (volume("nfs", "nfs/readOnly"), True),
    "read-only mount": ("containers/0/volumeMounts/0/readOnly", True),
    "optional": (volume("sec", "secret/optional"), True),
    "size of an emptyDir": (volume("tmp", "emptyDir/sizeLimit"), "2Gi"),
    "size of a claim for the pod": (
        volume("own", "ephemeral/volumeClaimTemplate/spec/resources/requests/storage"),
        "2Gi",
    ),
    "pull policy of an image volume": (volume("img", "image/pullPolicy"), "Never"),
}


@pytest.mark.parametrize("place, value", RENDERED_AGAIN.values(), ids=RENDERED_AGAIN)
def test_what_can_change_a_pixel_is_rendered_again(place, value):
    assert render_digest(edited(place, value)) != render_digest(spec(template=BASE))


@pytest.mark.parametrize("place, value", KEPT.values(), ids=KEPT)
def test_what_changes_no_pixel_is_kept(place, value):
    assert render_digest(edited(place, value)) == render_digest(spec(template=BASE))


def test_names_and_the_order_of_volumes_and_mounts_say_nothing():
    template = copy.deepcopy(BASE)
    template["spec"]["volumes"].reverse()
    template["spec"]["containers"][0]["volumeMounts"].reverse()
    for named in (*template["spec"]["volumes"], *template["spec"]["containers"][0]["volumeMounts"]):
        named["name"] += "-renamed"
    assert render_digest(spec(template=template)) == render_digest(spec(template=BASE))


def test_labels_count_only_where_the_pod_is_told_of_them():
    told = edited(
        "containers/0/env/0", {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['t']"}}}
    )
    wire = told.to_wire()
    wire["template"]["metadata"]["labels"]["t"] = "2"
    assert render_digest(RenderJobSpec.model_validate(wire)) != render_digest(told)
    wire = spec(template=BASE).to_wire()
    wire["template"]["metadata"]["labels"]["t"] = "2"
    assert render_digest(RenderJobSpec.model_validate(wire)) == render_digest(spec(template=BASE))


@pytest.mark.parametrize(
    "place, value",
    [
        ("initContainers", "oops"),
        ("hostAliases", 5),
        (volume("s", "persistentVolumeClaim"), [1]),
        (volume("own", "ephemeral"), {}),
    ],
)
def test_what_has_another_shape_than_kubernetes_takes_is_no_reason_to_fail(place, value):
    assert len(render_digest(edited(place, value))) == 16


# -- an upgrade ------------------------------------------------------------------------------------------------


def of_before(**fields) -> World:
    """A job that this program's first version has rendered half of, with a claim for the scene."""
    world = World(spec(frames="1-10", chunks={"size": 5}, template=BASE, **fields))
    world._check_transition = lambda *_: None
    world.status = world.status.model_copy(update={"digest": _first_digest(world.spec)})
    world.step()
    world.end_all()
    world.step()
    before = world.status.model_copy(update={"digest": _first_digest(world.spec)})
    world.status = before
    return world


def test_after_an_upgrade_nothing_is_rendered_again_and_its_digest_moves_up():
    world = of_before()
    world.step()
    assert world.status.frames.completed == "1-5"
    assert "Edited" not in world.events
    assert not any(running.stopping for running in world.attempts.values())
    first, now = _first_digest(world.spec), render_digest(world.spec)
    assert world.status.digest == f"{first}-{now}"
    assert digest_of(world.spec, world.status) == world.status.digest
    assert is_same(first, world.status.digest)
    assert world.run().state is State.COMPLETED
    assert len(world.rendered) == 2, "each chunk once"


def test_after_an_upgrade_what_the_first_version_did_not_notice_is_noticed():
    world = of_before()
    world.step()
    world.spec = edited(volume("s", "persistentVolumeClaim/claimName"), "scene-v2").model_copy(
        update={"frames": "1-10", "chunks": world.spec.chunks}
    )
    world.generation += 1
    world.step()
    assert "Edited" in world.events
    assert not world.status.frames.completed
    assert world.status.digest == render_digest(world.spec)


@pytest.mark.parametrize(
    "merge",
    [
        {"template": {"spec": {"containers": [{"name": "m", "command": ["merge"]}]}}},
        {"ffmpeg": {"file": "a.mp4"}},
    ],
)
def test_after_an_upgrade_nothing_is_merged_again(merge):
    world = of_before(merge=merge, output={"path": "/o", "file": "#.png"})
    assert world.run().state is State.COMPLETED
    done, first = world.status, _first_digest(world.spec)
    total = world.run().total_frames
    world.status = done.model_copy(update={"digest": first})
    before = world.status.merge.merged
    assert before == merge_digest(
        world.spec, f"{first}-{render_digest(world.spec)}", type(EMPTY).range(1, total), EMPTY
    ), "as the first version made it, of the first digest"
    world.step()
    assert world.status.state is State.COMPLETED
    assert not world.attempts
    assert world.status.merge.merged == before


def test_where_attempts_write_has_the_same_name_after_an_upgrade():
    world = of_before()
    assert digest_of(world.spec, world.status)[:8] == _first_digest(world.spec)[:8]
