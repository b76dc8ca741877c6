"""Two hundred RenderJobs that cost as much as a manifest can, beside one that must finish: one operator, small."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness import ControlPlane
from harness.waiting import PATIENCE, patient, until
from renderjob.api import State
from support.cluster import ClusterFarm
from support.operator_process import OperatorProcess

Object = dict[str, Any]

MOST = 300 * 2**20
"""Bytes of memory that the operator may have, whatever RenderJobs there are."""

LONG = 10 * PATIENCE
"""Seconds for two hundred of them to be looked at."""


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Watch:
    """Looks at the operator all the time: its memory, its probes, and who holds its lease."""

    def __init__(self, plane: ControlPlane, namespace: str, process: psutil.Process, port: int) -> None:
        self.largest = 0
        self.answers = 0
        self.unwell: list[str] = []
        self.holders: set[str] = set()
        self._plane, self._namespace = plane, namespace
        self._process, self._port = process, port

    def look(self) -> None:
        self.largest = max(self.largest, self._process.memory_info().rss)
        leases = f"/apis/coordination.k8s.io/v1/namespaces/{self._namespace}/leases"
        for lease in self._plane.api("GET", leases)["items"]:
            self.holders.add(
                f"{lease['spec'].get('holderIdentity')}, {lease['spec'].get('leaseTransitions')}"
            )
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self._port}/healthz", timeout=patient()
            ) as answer:
                answer.read()
            self.answers += 1
        except OSError as error:
            self.unwell.append(str(error))

    @contextmanager
    def looking(self) -> Iterator[None]:
        stop = threading.Event()

        def look_on() -> None:
            while not stop.wait(0.2):
                self.look()

        thread = threading.Thread(target=look_on)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def farm(control_plane: ControlPlane, namespace: str, tmp_path: Path, port: int) -> Iterator[ClusterFarm]:
    operator = OperatorProcess(
        control_plane.kubeconfig,
        namespace,
        tmp_path / "operator.log",
        "--health-port",
        str(port),
        # Short beside what the hostile ones cost, and long enough for an API server that has hardly a processor.
        lease_seconds=str(round(patient(6))),
        lease_namespace=namespace,
        identity="the first",
    )
    operator.start()
    try:
        yield ClusterFarm(control_plane, namespace, operator)
        assert operator.alive, operator.said()[-4000:]
    finally:
        operator.stop()


def hostile(number: int) -> Object:
    """What a spec may say to cost much; no two are alike, so that nothing that is remembered helps."""
    kinds: list[Object] = [
        {"frames": f"-{2147483648 - number}-2147483647x4295", "parallelism": 0},
        {"frames": f"-{2147483648 - number}-2147483647x4295", "parallelism": 2, "chunks": {"size": 1}},
        {
            "frames": f"{number}-{655294464 + number}x65536",
            "parallelism": 2,
            "chunks": {"explicit": [{"frames": str(65536 * k + number)} for k in range(10000)]},
        },
        {
            "frames": f"1-100000x7,1-{99000 + number}x11,1-100000x13",
            "parallelism": 2,
            "chunks": {"size": 100},
        },
        {
            "frames": f"1-{1000000 - number}",
            "preview": {"frames": "Stride"},
            "chunks": {"size": 1, "stride": 2},
        },
        {"frames": f"1-{1000 + number}", "parallelism": 0, "x": "1 MB"},
    ]
    return kinds[number % len(kinds)]


def create_hostile(farm: ClusterFarm, number: int) -> None:
    spec = hostile(number)
    large = spec.pop("x", None)
    body = farm.manifest(f"hostile-{number}", kwok={"run": "1h"}, **spec)
    if large:
        container = body["spec"]["template"]["spec"]["containers"][0]
        container["env"] = [{"name": f"V{n}", "value": "x" * 1000} for n in range(900)]
    farm.plane.api("POST", farm.url(), json.dumps(body).encode())


def healthy(farm: ClusterFarm) -> tuple[Object, float]:
    """A job as there are many: its status when it is at its end, and how long that took."""
    began = time.monotonic()
    name = farm.submit(frames="1-12", chunks={"size": 2}, parallelism=3, kwok={"run": "500ms"})
    return farm.end(name), time.monotonic() - began


@pytest.mark.slow
def test_whatever_there_is_the_operator_stays_small_leads_and_renders(
    farm: ClusterFarm, port: int, namespace: str
) -> None:
    alone, _ = healthy(farm)
    watch = Watch(farm.plane, namespace, farm.operator.process, port)
    with watch.looking():
        for number in range(200):
            create_hostile(farm, number)
            if number % 50 == 25:
                status, _ = healthy(farm)
                assert status["state"] == "Completed"
        until(lambda: all_decided(farm), "for all of them to be decided or refused", LONG)
        beside, _ = healthy(farm)

    assert alone["state"] == beside["state"] == "Completed"
    assert alone["attempts"] == beside["attempts"], "nothing was rendered twice"
    assert watch.unwell == []
    assert watch.answers > 0
    assert watch.holders == {"the first, 0"}, "the lease was never lost"
    assert watch.largest < MOST, f"{watch.largest / 2**20:.0f} MiB"


def all_decided(farm: ClusterFarm) -> bool:
    """Whether somebody has looked at every RenderJob: asked for as a table, since all of them are large."""
    time.sleep(1)
    rows = farm.kubectl("get", "renderjobs", "--no-headers", "-o", "wide").splitlines()
    return len(rows) > 200 and all(any(f" {state.value} " in row for state in State) for row in rows)
