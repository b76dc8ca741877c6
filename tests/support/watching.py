"""`kubectl get rj -w` in the background: each version of a RenderJob's status, in the order in which it was told."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from harness import ControlPlane
from renderjob.frames import FrameSet

Object = dict[str, Any]

TRUE, FALSE = "True", "False"


class Watched:
    """What kubectl has printed so far."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def text(self) -> str:
        """All of it."""
        self._file.seek(0)
        text: str = self._file.read()
        return text

    def objects(self) -> list[Object]:
        """The objects, of `-o json`; the one that is being printed is left out."""
        text, found, decoder = self.text(), [], json.JSONDecoder()
        at = 0
        while (at := text.find("{", at)) >= 0:
            try:
                thing, at = decoder.raw_decode(text, at)
            except ValueError:
                break
            found.append(thing)
        return found


@contextmanager
def watching(plane: ControlPlane, namespace: str, name: str = "", form: str = "json") -> Iterator[Watched]:
    """`kubectl get rj NAME -w` in a control plane of the harness, while the block runs."""
    kubectl = [plane.layout.binary("kubectl"), "--kubeconfig", plane.kubeconfig, "-n", namespace]
    with watching_by(kubectl, name, form) as watched:
        yield watched


@contextmanager
def watching_by(kubectl: Iterable[object], name: str = "", form: str = "json") -> Iterator[Watched]:
    """The same by a kubectl with the options that lead somewhere."""
    command = [*map(str, kubectl), "get", "rj", *filter(None, [name]), "-w", *(["-o", form] if form else [])]
    with tempfile.TemporaryFile("w+") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
        try:
            yield Watched(file)
        finally:
            process.kill()
            process.wait()


def kstatus(resource: Object) -> str:
    """What kstatus makes of a resource: Flux, kpt, Argo CD's and others' one word for it."""
    status, conditions = resource.get("status", {}), {}
    if "deletionTimestamp" in resource["metadata"]:
        return "Terminating"
    if (
        status.get("observedGeneration", resource["metadata"]["generation"])
        != resource["metadata"]["generation"]
    ):
        return "InProgress"
    conditions = {c["type"]: c["status"] for c in status.get("conditions", [])}
    if conditions.get("Reconciling") == TRUE:
        return "InProgress"
    if conditions.get("Stalled") == TRUE:
        return "Failed"
    if conditions.get("Ready") == FALSE:
        return "InProgress"
    return "Current"


def check_truth(statuses: list[Object]) -> None:
    """Every status agrees with itself, and none takes back what the one before said (no edit lies between them)."""
    before: Object = {}
    for status in statuses:
        done, total = FrameSet.parse(status["frames"]["completed"]), status["totalFrames"]
        active = FrameSet.parse(status["frames"]["active"])
        assert status["completedFrames"] == len(done)
        assert status["framesShown"] == f"{len(done)}/{total}"
        assert status["chunksShown"] == f"{status['completedChunks']}/{status['totalChunks']}"
        assert done.isdisjoint(active), "what is rendered is not being rendered"
        renders = [line for line in status["inFlight"] if line.split()[1][0] not in "mvtl"]
        assert status["active"] <= len(renders)
        assert active == FrameSet.union_of(FrameSet.parse(line.split()[2]) for line in renders)
        assert (status["progress"] == 100) == (status["state"] == "Completed")
        conditions = {c["type"]: c["status"] for c in status["conditions"]}
        assert (conditions["Complete"] == TRUE) == (status["state"] == "Completed")
        assert (conditions["Failed"] == TRUE) == (status["state"] == "Failed")
        if before:
            assert FrameSet.parse(before["frames"]["completed"]) <= done, "nothing that was rendered is lost"
            assert before["progress"] <= status["progress"]
            assert before["completedChunks"] <= status["completedChunks"]
            assert before["nextAttempt"] <= status["nextAttempt"]
            assert before["updatedAt"] < status["updatedAt"]
            for name, count in before["attempts"].items():
                assert count <= status["attempts"][name]
        before = status
