"""The manifests put together as docs/install.md says: overlays, an image of one's own, and the components."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import ControlPlane

Object = dict[str, Any]

ROOT = Path(__file__).parents[2]
BLOCKS = [
    yaml.safe_load(block)
    for block in re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/install.md").read_text(), re.DOTALL)
]
OVERLAY = next(block for block in BLOCKS if block.get("kind") == "Kustomization")
PATCH = next(block for block in BLOCKS if block.get("kind") == "Deployment")
COMPONENTS = next(block for block in BLOCKS if "kind" not in block and "components" in block)
POD_MONITOR = next(block for block in BLOCKS if block.get("kind") == "PodMonitor")


def here(remote: str) -> str:
    """What a remote base of the page is in this clone."""
    return str(ROOT / remote.split("//")[2].partition("?")[0])


@pytest.fixture
def build(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory):
    """`kubectl kustomize` of an overlay."""

    def built(overlay: Object, **files: Object) -> list[Object]:
        # Kustomize takes relative paths only.
        directory = tmp_path_factory.mktemp("overlay")
        for field in ("resources", "components"):
            targets = [Path(path) for path in overlay.get(field, [])]
            for number, target in enumerate(targets):
                (directory / f"{field}{number}").symlink_to(target)
            overlay = {**overlay, field: [relative(target, directory) for target in targets]}
        for name, content in {"kustomization": overlay, **files}.items():
            (directory / f"{name}.yaml").write_text(yaml.safe_dump(content))
        text = control_plane.kubectl("kustomize", str(directory))
        return list(yaml.safe_load_all(text))

    return built


def relative(target: Path, start: Path) -> str:
    """The way from one directory to another."""
    up = len(start.resolve().parts) - 1
    return str(Path(*[".."] * up, *target.resolve().parts[1:]))


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    return [thing for thing in objects if thing["kind"] == kind]


@pytest.mark.parametrize("variant", ["manifests", "manifests/namespaced"])
def test_the_overlay_of_the_page_sets_what_it_says(build, variant: str):
    components = [here(path) for path in COMPONENTS["components"]]
    overlay = {
        **OVERLAY,
        "namespace": "film-farm",
        "resources": [str(ROOT / variant)],
        "components": components,
    }
    objects = build(overlay, operator=PATCH)
    [deployment] = of_kind(objects, "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]
    [image] = OVERLAY["images"]
    assert container["image"] == f"{image['newName']}:{image['newTag']}"
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    told = {e["name"]: e.get("value") for e in container["env"]}
    assert told["RENDERJOB_LOGS_FOLLOWED"] == "200"
    assert "RENDERJOB_POD_NAME" in told, "what was there stays"
    assert ("RENDERJOB_NAMESPACE" in told) is (variant != "manifests")

    namespaced = [o for o in objects if not o["kind"].startswith(("ClusterRole", "Custom", "Namespace"))]
    assert {o["metadata"]["namespace"] for o in namespaced} == {"film-farm"}
    for binding in of_kind(objects, "ClusterRoleBinding") + of_kind(objects, "RoleBinding"):
        assert {s["namespace"] for s in binding["subjects"]} == {"film-farm"}
    assert {n["metadata"]["name"] for n in of_kind(objects, "Namespace")} <= {"film-farm"}


def test_prometheus_finds_the_operator(build):
    overlay = {**OVERLAY, "resources": [str(ROOT / "manifests")], "patches": []}
    objects = build({**overlay, "components": [here(path) for path in COMPONENTS["components"]]})
    [monitor], [service] = of_kind(objects, "ServiceMonitor"), of_kind(objects, "Service")
    [deployment] = of_kind(objects, "Deployment")
    assert monitor["metadata"]["namespace"] == service["metadata"]["namespace"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert {e["port"] for e in monitor["spec"]["endpoints"]} <= {p["name"] for p in service["spec"]["ports"]}
    pod = deployment["spec"]["template"]
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert POD_MONITOR["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    ports = {p["name"] for c in pod["spec"]["containers"] for p in c["ports"]}
    assert {e["port"] for e in POD_MONITOR["spec"]["podMetricsEndpoints"]} <= ports


def test_argo_cd_is_told_in_its_own_config_map(build, tmp_path: Path):
    own = tmp_path / "argocd"
    own.mkdir()
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm"},
        "data": {"url": "x"},
    }
    (own / "cm.yaml").write_text(yaml.safe_dump(config))
    (own / "kustomization.yaml").write_text(yaml.safe_dump({"resources": ["cm.yaml"]}))
    component = str(ROOT / "manifests/components/argocd")
    [merged] = build({"namespace": "argocd", "resources": [str(own)], "components": [component]})
    assert merged["data"].keys() == {
        "url",
        "resource.customizations.health.renderjob.dev_RenderJob",
        "resource.customizations.actions.renderjob.dev_RenderJob",
    }
