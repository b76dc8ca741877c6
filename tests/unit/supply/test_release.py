"""What `make release` refuses: a version that nobody described, a manifest of another image or CRD, a poor sdist."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from renderjob import __version__
from renderjob.crd import crd

ROOT = Path(__file__).parents[3]
IMAGE = f"renderjob:{__version__}"
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "operator/renderjob/__init__.py")


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / "supply" / "release.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def manifest(*images: str, schema: object = None) -> str:
    deployments = [
        {
            "kind": "Deployment",
            "spec": {"template": {"spec": {"containers": [{"name": "operator", "image": image}]}}},
        }
        for image in images
    ]
    definition = {"kind": "CustomResourceDefinition", "spec": schema or crd()["spec"]}
    return yaml.safe_dump_all([definition, *deployments])


def sdist(path: Path, names: Iterable[str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(f"renderjob-{__version__}/{name}"), io.BytesIO())
    return path


def test_a_version_without_a_section_of_the_changelog_is_no_release(release):
    release.check_changelog("# Changelog\n\n## [1.2.0] - 2026-01-31\n", "1.2.0")
    with pytest.raises(release.BadReleaseError, match="no section"):
        release.check_changelog("# Changelog\n\n## [Unreleased]\n", "1.2.0")


def test_the_changelog_describes_the_version_of_the_code(release):
    release.check_changelog((ROOT / "CHANGELOG.md").read_text(), __version__)


def test_the_manifests_name_the_version_of_the_code():
    for path in ("manifests/kustomization.yaml", "manifests/namespaced/kustomization.yaml"):
        [image] = yaml.safe_load((ROOT / path).read_text())["images"]
        assert image == {"name": "renderjob", "newTag": __version__}, path


def test_a_manifest_runs_the_image_and_has_the_crd_of_the_models(release):
    release.check_manifest(manifest(IMAGE), IMAGE)
    for images in ((), ("renderjob:older",), (IMAGE, IMAGE)):
        with pytest.raises(release.BadReleaseError, match="the manifest runs"):
            release.check_manifest(manifest(*images), IMAGE)
    with pytest.raises(release.BadReleaseError, match="make crds"):
        release.check_manifest(manifest(IMAGE, schema={"group": "renderjob.dev"}), IMAGE)


def test_a_bill_of_materials_names_the_program_and_what_it_needs(release):
    parts = [{"name": "renderjob", "version": __version__}, {"name": "kopf", "version": "1"}]
    release.check_bill(json.dumps({"components": parts}), __version__)
    for fewer in (parts[:1], parts[1:], []):
        with pytest.raises(release.BadReleaseError, match="bill of materials"):
            release.check_bill(json.dumps({"components": fewer}), __version__)


def test_an_sdist_has_the_sources_and_nothing_that_was_made(release, tmp_path: Path):
    release.check_sdist(sdist(tmp_path / "good.tar.gz", SOURCES))
    with pytest.raises(release.BadReleaseError, match=r"lacks CHANGELOG\.md"):
        release.check_sdist(sdist(tmp_path / "poor.tar.gz", [s for s in SOURCES if s != "CHANGELOG.md"]))
    with pytest.raises(release.BadReleaseError, match=r"no source: out/julia\.mp4"):
        release.check_sdist(sdist(tmp_path / "rich.tar.gz", [*SOURCES, "out/julia.mp4"]))


def test_a_command_that_fails_is_told_with_its_words(release):
    with pytest.raises(release.BadReleaseError, match=r"(?s)failed:.*no such thing"):
        release.run(sys.executable, "-c", "raise SystemExit('no such thing')")
