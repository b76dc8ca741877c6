"""`make release`: what a version is made of, in dist/ and checked: wheel, sdist, manifest, bill of materials, image.

Each part is checked as whoever gets it would use it: the wheel installs beside the lock file's packages into a new
environment and says its version, the manifest names the image of that version and the CRD that the models give.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from renderjob import __version__
from renderjob.crd import crd

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"


class BadReleaseError(Exception):
    """A part of the release is not what it should be; the message says which, and what was found."""


def run(*command: str | Path, **options: Any) -> str:
    """Run a command to its end, and give what it printed.

    Raises:
        BadReleaseError: it failed.
    """
    done = subprocess.run([*map(str, command)], check=False, capture_output=True, text=True, **options)
    if done.returncode:
        raise BadReleaseError(
            f"{' '.join(map(str, command))} failed:\n{(done.stderr or done.stdout)[-2000:]}"
        )
    return done.stdout


# -- what is checked ------------------------------------------------------------------------------------------


def check_changelog(text: str, version: str) -> None:
    """The changelog has a section for the version.

    Raises:
        BadReleaseError: it has none.
    """
    if f"\n## [{version}] - " not in text:
        raise BadReleaseError(
            f"CHANGELOG.md has no section `## [{version}] - <date>`: name what is unreleased so"
        )


def check_manifest(text: str, image: str) -> None:
    """The manifest has one operator, of this image, and the CRD that the models give.

    Raises:
        BadReleaseError: it does not.
    """
    objects = [each for each in yaml.safe_load_all(text) if each]
    images = [
        container["image"]
        for each in objects
        if each["kind"] == "Deployment"
        for container in each["spec"]["template"]["spec"]["containers"]
    ]
    if images != [image]:
        raise BadReleaseError(f"the manifest runs {images}, not {image} alone")
    specs = [each["spec"] for each in objects if each["kind"] == "CustomResourceDefinition"]
    if specs != [crd()["spec"]]:
        raise BadReleaseError("the manifest's CRD is not the one that the models give: make crds")


def check_bill(text: str, version: str) -> None:
    """The bill of materials names this version of renderjob, and what it needs.

    Raises:
        BadReleaseError: it does not.
    """
    parts = {part["name"]: part.get("version") for part in json.loads(text).get("components", ())}
    if parts.get("renderjob") != version or "kopf" not in parts:
        raise BadReleaseError(
            f"the bill of materials has no renderjob {version} with its packages: {sorted(parts)}"
        )


def check_sdist(path: Path) -> None:
    """The sdist has what a wheel is built of, and nothing that is made.

    Raises:
        BadReleaseError: it has not.
    """
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "operator/renderjob/__init__.py"}
    if missing := needed - names:
        raise BadReleaseError(f"{path.name} lacks {', '.join(sorted(missing))}")
    made = sorted(n for n in names if n.startswith((".venv/", "out/", "dist/")) or "__pycache__" in n)
    if made:
        raise BadReleaseError(f"{path.name} holds what is no source: {', '.join(made[:5])}")


# -- what is made ---------------------------------------------------------------------------------------------


def build_packages(directory: Path) -> tuple[Path, Path]:
    """The sdist, and the wheel that is built of it."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", directory, cwd=ROOT)
    [sdist] = directory.glob("*.tar.gz")
    check_sdist(sdist)
    with tempfile.TemporaryDirectory() as there:
        with tarfile.open(sdist) as archive:
            archive.extractall(there, filter="data")
        [source] = Path(there).iterdir()
        run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", directory, cwd=source)
    [wheel] = directory.glob("*.whl")
    return sdist, wheel


def new_environment(directory: Path, *arguments: str | Path) -> Path:
    """A new environment in which pip installed this. Returns its Python."""
    run(sys.executable, "-m", "venv", directory)
    python = directory / "bin/python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments)
    return python


def try_wheel(wheel: Path, directory: Path) -> Path:
    """Install the wheel into a new environment, and ask its commands for their version. Returns its Python."""
    python = new_environment(directory, "--require-hashes", "--requirement", ROOT / "requirements.lock")
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel)
    run(python, "-m", "pip", "check")
    for command in ("renderjob", "kubectl-renderjob"):
        printed = run(python.parent / command, "--version", cwd=directory).strip()
        if printed.split()[-1:] != [__version__]:
            raise BadReleaseError(f"{wheel.name}: {command} --version says {printed!r}, not {__version__}")
    return python


def write_manifest(image: str, path: Path) -> None:
    """All that `make install` applies, in one file, with this image."""
    environment = {**os.environ, "IMAGE": image, "VARIANT": "", "NAMESPACE": ""}
    text = run(ROOT / "manifests/install.sh", "manifest", env=environment)
    check_manifest(text, image)
    path.write_text(text)


def write_bill(python: Path, directory: Path, path: Path) -> None:
    """The bill of materials of an environment, in CycloneDX's form."""
    tools = new_environment(directory, "--require-hashes", "--requirement", ROOT / "requirements-build.lock")
    run(
        tools.parent / "cyclonedx-py",
        "environment",
        "--output-format=JSON",
        "--output-reproducible",
        f"--output-file={path}",
        python,
    )
    check_bill(path.read_text(), __version__)


def build_image(image: str) -> str:
    """Build the image and ask it for its version. Returns a sentence on what came of it."""
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "info"], check=False, capture_output=True).returncode:
        return f"no image: docker does not answer here; build {image} where it does, with make image"
    base = f"BASE={os.environ['BASE']}" if os.environ.get("BASE") else "BASE="
    run("make", "--no-print-directory", "image", f"IMAGE={image}", base, cwd=ROOT)
    printed = run("docker", "run", "--rm", image, "--version").strip()
    if printed.split()[-1:] != [__version__]:
        raise BadReleaseError(f"{image} says {printed!r}, not {__version__}")
    return f"{image}: says {printed}"


def write_sums(directory: Path) -> None:
    """SHA256SUMS of all files, as `sha256sum --check` reads them."""
    files = sorted(path for path in directory.iterdir() if path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (directory / "SHA256SUMS").write_text("".join(lines))


def main(arguments: Sequence[str]) -> int:
    """Make and check the release; the one argument, if any, is the image's name."""
    image = next(iter(arguments), "") or f"renderjob:{__version__}"
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    try:
        check_changelog((ROOT / "CHANGELOG.md").read_text(), __version__)
        sdist, wheel = build_packages(DIST)
        print(f"{sdist.name}: has what the wheel is built of")
        with tempfile.TemporaryDirectory() as there:
            python = try_wheel(wheel, Path(there) / "wheel")
            print(f"{wheel.name}: installs, and says its version")
            bill = DIST / f"renderjob-{__version__}.cdx.json"
            write_bill(python, Path(there) / "tools", bill)
            print(f"{bill.name}: names what was installed")
        manifest = DIST / f"renderjob-{__version__}.yaml"
        write_manifest(image, manifest)
        print(f"{manifest.name}: runs {image}, with the CRD that the models give")
        write_sums(DIST)
        print(build_image(image))
    except BadReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
