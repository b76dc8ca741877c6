"""Builds the programs of a control plane from Go modules, once, into the user's cache."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from filelock import FileLock
from platformdirs import user_cache_path

from .golang import go

MODULE: Final = Path(__file__).with_name("go")

PROGRAMS: Final[Mapping[str, str]] = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "kwok": "sigs.k8s.io/kwok/cmd/kwok",
}
"""The programs and their Go packages."""


def home() -> Path:
    """Where all that this package keeps is kept."""
    return user_cache_path("renderjob") / "control-plane"


def kubernetes_version() -> str:
    """The version in go.mod."""
    found = re.search(r"^\s*k8s\.io/kubernetes (v\S+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    assert found
    return found[1]


def cached() -> Path:
    """Where the programs of this go.mod are, or will be: another go.mod has another place."""
    text = (MODULE / "go.mod").read_bytes() + (MODULE / "go.sum").read_bytes()
    return home() / f"{kubernetes_version()}-{hashlib.sha256(text).hexdigest()[:12]}"


def build(say: Callable[[str], object] = print) -> Path:
    """Build what is not built yet; the directory of the programs.

    Several may call this at once: one builds, the others wait for it.

    Raises:
        subprocess.CalledProcessError: the compiler or a download fails; it has said why.
    """
    done = cached()
    if done.exists():
        return done
    home().mkdir(parents=True, exist_ok=True)
    with FileLock(home() / "lock"):
        if done.exists():
            return done
        say(f"Building Kubernetes {kubernetes_version()}, etcd and kwok for the tests, into {done}.")
        say("It takes about ten minutes, 15 GB of disk while it does, and happens once.")
        unfinished = done.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        compiler = go(home(), say)
        _timed(say, "modules", lambda: _run(compiler, "mod", "download"))
        for name, package in PROGRAMS.items():
            _timed(say, name, functools.partial(_compile, compiler, unfinished / name, package))
        unfinished.rename(done)
    return done


def _compile(compiler: str, target: Path, package: str) -> None:
    version = kubernetes_version()
    base = "k8s.io/component-base/version"
    major, minor, _ = version.removeprefix("v").split(".", 2)
    names = {
        f"{base}.gitVersion": version,
        f"{base}.gitMajor": major,
        f"{base}.gitMinor": minor,
        "k8s.io/client-go/pkg/version.gitVersion": version,
    }
    flags = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in names.items())])
    _run(
        compiler, "build", "-mod=readonly", "-buildvcs=false", f"-ldflags={flags}", "-o", str(target), package
    )


def _run(compiler: str, *arguments: str) -> None:
    # What is set for other projects of this machine must not bend this build.
    settings = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    subprocess.run([compiler, *arguments], cwd=MODULE, env={**os.environ, **settings}, check=True)


def _timed(say: Callable[[str], object], name: str, work: Callable[[], None]) -> None:
    began = time.monotonic()
    say(f"  {name} …")
    work()
    say(f"  {name}: {time.monotonic() - began:.0f} s")
