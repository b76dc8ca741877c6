"""`make e2e`: a cluster, the image in it, the operator installed, the tests, and all of it away again.

KUBECONFIG      the cluster to use; without it kind makes one, which is deleted at the end
BASE            what the image is built on, as for `make image`
E2E_IMAGE       an image that the cluster can pull: none is built
E2E_LOAD        a command that brings a local image into the cluster; the image's name is added to it
E2E_KEEP        set, nothing is taken away at the end
Arguments are pytest's: `make e2e ARGS="-k julia"`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .cluster import IMAGE, SYSTEM, KubectlError, find_kubectl, kubectl

ROOT = Path(__file__).parents[2]

KIND_CLUSTER = "renderjob-e2e"

WORKERS = "4"
"""Tests at a time: most of them wait. Those that kill operators run one after the other."""


class CannotRunError(Exception):
    """There is nothing to run on; the message says why, in one line."""


def main(arguments: list[str]) -> int:
    """Run the tests; their exit code."""
    try:
        with ExitStack() as stack:
            _check()
            stack.enter_context(_cluster())
            _image()
            stack.enter_context(_operator())
            spread = ["-n", WORKERS, "--dist", "loadscope"]
            return _run([sys.executable, "-m", "pytest", "tests/e2e", *spread, *arguments])
    except CannotRunError as error:
        print(f"e2e can't run: {error}", file=sys.stderr)
        return 1


def _check() -> None:
    """Whether there is what it takes.

    Raises:
        CannotRunError: there is not.
    """
    if "E2E_IMAGE" not in os.environ or "KUBECONFIG" not in os.environ:
        if shutil.which("docker") is None:
            raise CannotRunError("it builds an image, and docker is not on PATH")
        asked = _ask("docker", "version", "--format", "{{.Server.Version}}")
        if asked.returncode:
            raise CannotRunError(f"no Docker engine answers: {_last(asked)}")
    if "KUBECONFIG" not in os.environ and shutil.which("kind") is None:
        raise CannotRunError("KUBECONFIG names no cluster, and kind, which would make one, is not on PATH")
    if find_kubectl() is None:
        raise CannotRunError("kubectl is not on PATH")
    if "KUBECONFIG" in os.environ:
        try:
            kubectl("get", "--raw", "/readyz", "--request-timeout=10s")
        except KubectlError as error:
            said = str(error).splitlines()[-1]
            raise CannotRunError(
                f"the cluster of {os.environ['KUBECONFIG']} does not answer: {said}"
            ) from None


@contextmanager
def _cluster() -> Iterator[None]:
    """The cluster that KUBECONFIG names, or one of kind's."""
    if "KUBECONFIG" in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="renderjob-e2e-") as directory:
        os.environ["KUBECONFIG"] = str(Path(directory, "kubeconfig"))
        try:
            _do("kind", "create", "cluster", "--name", KIND_CLUSTER, "--wait", "120s")
            yield
        finally:
            if "E2E_KEEP" not in os.environ:
                _do("kind", "delete", "cluster", "--name", KIND_CLUSTER)


def _image() -> None:
    """Build the image, and bring it into the cluster.

    Raises:
        CannotRunError: nobody knows how to bring it in.
    """
    if "E2E_IMAGE" in os.environ:
        return
    base = [f"BASE={os.environ['BASE']}"] if os.environ.get("BASE") else []
    _do("make", "--no-print-directory", "image", f"IMAGE={IMAGE}", *base)
    _do(*_load(), IMAGE)


def _load() -> list[str]:
    if "E2E_LOAD" in os.environ:
        return shlex.split(os.environ["E2E_LOAD"])
    context = kubectl("config", "current-context").strip()
    if context.startswith("kind-") and shutil.which("kind"):
        return ["kind", "load", "docker-image", "--name", context.removeprefix("kind-")]
    raise CannotRunError(
        f"the image must get into the cluster {context}: say how with E2E_LOAD, or push it and set E2E_IMAGE"
    )


@contextmanager
def _operator() -> Iterator[None]:
    """The operator, installed as a user does it, and uninstalled when it was not there before."""
    fresh = not kubectl("get", "namespace", SYSTEM, "--ignore-not-found", "--output", "name")
    make = ["make", "--no-print-directory"]
    if not fresh:
        # A tag that was there before may be another image now.
        kubectl("--namespace", SYSTEM, "delete", "pods", "--all", "--wait=false")
    _do(*make, "install", f"IMAGE={IMAGE}")
    try:
        yield
    finally:
        if fresh and "E2E_KEEP" not in os.environ:
            _do(*make, "uninstall", "FORCE=yes")


def _ask(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _last(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()[-1]


def _run(command: list[str]) -> int:
    print("+", shlex.join(command), file=sys.stderr, flush=True)
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _do(*command: str) -> None:
    code = _run(list(command))
    if code:
        raise SystemExit(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
