"""A cluster as its users have it: kubectl, and what it says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from harness.binaries import MissingBinariesError, find_binaries
from harness.waiting import until
from renderjob.controller import Settings
from support.watching import Watched, watching_by

SYSTEM = "renderjob-system"
"""Where the operator runs."""

IMAGE = os.environ.get("E2E_IMAGE") or Settings.model_fields["default_image"].default
"""The operator's image, which is the renderer's too: it has an ffmpeg."""

PATIENCE = 420.0
"""Seconds that a real cluster may take for anything."""

Object = dict[str, Any]


class KubectlError(Exception):
    """kubectl failed; the message is what it said."""


def find_kubectl() -> str | None:
    """The kubectl on PATH, or the one of the tests' own control plane."""
    if found := shutil.which("kubectl"):
        return found
    try:
        return str(find_binaries() / "kubectl")
    except MissingBinariesError:
        return None


def kubectl(*arguments: str, text: str | None = None) -> str:
    """What kubectl prints.

    Raises:
        KubectlError: it fails.
    """
    return raw_kubectl(*arguments, text=text).decode()


def raw_kubectl(*arguments: str, text: str | None = None) -> bytes:
    """The same in bytes, as a file comes out of a pod."""
    program = find_kubectl()
    assert program is not None
    done = subprocess.run(
        [program, *arguments], input=text.encode() if text else None, capture_output=True, check=False
    )
    if done.returncode:
        said = done.stderr.decode() or done.stdout.decode()
        raise KubectlError(f"kubectl {' '.join(arguments)}: {said}")
    return done.stdout


def documents(*manifests: Mapping[str, Any]) -> str:
    """Manifests as the text of one file."""
    return "\n---\n".join(json.dumps(manifest) for manifest in manifests)


class Place:
    """A namespace of a cluster."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        """Kubectl in this namespace."""
        return kubectl("--namespace", self.namespace, *arguments, text=text)

    def apply(self, *manifests: Mapping[str, Any]) -> None:
        """`kubectl apply`."""
        self.kubectl("apply", "-f", "-", text=documents(*manifests))

    def diff(self, manifest: Mapping[str, Any], *arguments: str) -> str:
        """`kubectl diff`: empty where applying it would change nothing."""
        try:
            return self.kubectl("diff", *arguments, "-f", "-", text=documents(manifest))
        except KubectlError as error:
            return str(error)

    def get(self, kind: str, name: str) -> Object:
        """An object."""
        found: Object = json.loads(self.kubectl("get", kind, name, "--output", "json"))
        return found

    def list(self, kind: str, *arguments: str) -> list[Object]:
        """Objects; empty when there are none."""
        found: list[Object] = json.loads(self.kubectl("get", kind, *arguments, "--output", "json"))["items"]
        return found

    def status(self, name: str) -> Object:
        """The status of a RenderJob."""
        found: Object = self.get("renderjob", name).get("status", {})
        return found

    def condition(self, name: str, kind: str) -> Object:
        """A condition of a RenderJob; empty when it has none of this type."""
        return next((c for c in self.status(name).get("conditions", []) if c["type"] == kind), {})

    def pods(self, job: str, *arguments: str) -> list[Object]:
        """The pods of a RenderJob."""
        return self.list("pods", "--selector", f"renderjob.dev/job={job}", *arguments)

    def running(self, job: str) -> list[str]:
        """Names of a RenderJob's pods that run."""
        return [p["metadata"]["name"] for p in self.pods(job) if p["status"]["phase"] == "Running"]

    def wait(self, name: str, condition: str) -> None:
        """`kubectl wait` for a RenderJob, as a script does."""
        patience = f"--timeout={PATIENCE:.0f}s"
        try:
            self.kubectl("wait", f"renderjob/{name}", f"--for=condition={condition}", patience)
        except KubectlError as error:
            raise AssertionError(f"{error}\n{self.kubectl('describe', 'renderjob', name)}") from None

    def until_state(self, name: str, states: Iterable[str]) -> str:
        """Wait for a state of a RenderJob."""
        wanted = set(states)

        def reached() -> str:
            state: str = self.status(name).get("state", "")
            return state if state in wanted else ""

        return until(reached, f"for {name} to be {' or '.join(sorted(wanted))}", PATIENCE)

    def until_frames(self, name: str, count: int) -> None:
        """Wait until so many frames of a RenderJob are done."""
        until(
            lambda: self.status(name).get("completedFrames", 0) >= count, f"for {count} frames of {name}", 600
        )

    @contextmanager
    def watching(self, name: str, form: str = "json") -> Iterator[Watched]:
        """`kubectl get rj NAME -w` while the block runs."""
        with watching_by([find_kubectl(), "--namespace", self.namespace], name, form) as watched:
            yield watched

    def says(self, name: str, *words: str) -> Object:
        """Wait until the condition Ready of a RenderJob says all these words; the condition."""
        ready: Object = {}

        def said() -> bool:
            ready.update(self.condition(name, "Ready"))
            return all(word in ready.get("message", "") for word in words)

        try:
            until(said, f"for {name} to say {words}", PATIENCE)
        except AssertionError as error:
            raise AssertionError(f"{error}: {ready}") from None
        return ready

    def edit(self, name: str, **spec: Any) -> None:
        """`kubectl patch` of a RenderJob's spec."""
        self.kubectl("patch", "renderjob", name, "--type=merge", "--patch", json.dumps({"spec": spec}))

    def gone(self, name: str) -> None:
        """Wait until no Job and no pod of a RenderJob is left."""
        selector = f"--selector=renderjob.dev/job={name}"
        until(lambda: not self.list("jobs,pods", selector), f"for the children of {name} to go", PATIENCE)

    def events(self, name: str) -> list[str]:
        """The reasons of the events that tell of a RenderJob."""
        selector = f"involvedObject.kind=RenderJob,involvedObject.name={name}"
        return [event["reason"] for event in self.list("events", "--field-selector", selector)]


def leader() -> str:
    """The name of the pod that holds the lease; empty while nobody does."""
    lease = Place(SYSTEM).get("lease", "renderjob-operator")
    return str(lease["spec"].get("holderIdentity", "")).rsplit("_", 1)[0]
