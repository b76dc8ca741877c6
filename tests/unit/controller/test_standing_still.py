"""An operator, as a process, whose event loop stands still: it keeps its lease and answers, but not for ever."""

from __future__ import annotations

import re
import socket
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.waiting import patient, until
from renderjob.controller.aside import Aside
from renderjob.controller.lease import STOOD_STILL
from support.fake_api import FakeApi
from support.jobs import manifest
from support.operator_process import OperatorProcess
from unit.controller.test_operator_process import DISCOVERY, kopf_listens, kubeconfig

LEASES = "apis/coordination.k8s.io/v1/leases"
RENDERJOBS = "apis/renderjob.dev/v1alpha1/renderjobs"

Start = Callable[..., OperatorProcess]


@pytest.fixture
async def server() -> AsyncIterator[FakeApi]:
    """An API server that does not wait for the test, which waits for it."""
    async with Aside() as elsewhere:
        server = await elsewhere.enter(FakeApi)
        server.documents.update(DISCOVERY)
        yield server


@pytest.fixture
def port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def start(server: FakeApi, tmp_path: Path, port: int) -> Iterator[Start]:
    started: list[OperatorProcess] = []

    def start(**settings: str) -> OperatorProcess:
        operator = OperatorProcess(
            Path(kubeconfig(tmp_path, server.url)),
            "default",
            tmp_path / "operator.log",
            "--health-port",
            str(port),
            program="support.standing",
            lease_seconds="6",
            lease_namespace="default",
            **settings,
        )
        started.append(operator)
        operator.start()
        until(
            lambda: lease(server).get("holderIdentity") and kopf_listens(server), "for it to lead and listen"
        )
        return operator

    yield start
    for operator in started:
        operator.stop()


def lease(server: FakeApi) -> dict[str, Any]:
    found = server.find(LEASES, "renderjob-operator")
    return found["spec"] if found else {}


def renewals(server: FakeApi) -> int:
    return sum(r.method == "PATCH" and "/leases/" in r.path for r in list(server.requests))


def stand(server: FakeApi, seconds: int) -> None:
    """Somebody makes the RenderJob that should not be."""
    server.put(RENDERJOBS, f"stand-{seconds}", **{k: v for k, v in manifest().items() if k == "spec"})


def ask(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=patient()) as answer:
        return str(answer.read().decode())


def still(port: int) -> float:
    """For how long the loop has stood, as its process says."""
    found = re.search(r"^renderjob_still_seconds (\S+)$", ask(port, "metrics"), re.MULTILINE)
    assert found is not None
    return float(found[1])


async def test_it_keeps_its_lease_and_answers(server: FakeApi, start: Start, port: int) -> None:
    operator = start(stuck_after="600")
    holder = lease(server)["holderIdentity"]
    stand(server, 3600)
    until(lambda: still(port) > 1, "for its loop to stand")
    seen = renewals(server)
    until(lambda: renewals(server) > seen + 8, "for longer than a lease holds")
    assert still(port) > 1, "it stands all the time"
    assert ask(port, "healthz") == "ok"
    assert lease(server)["holderIdentity"] == holder
    assert lease(server)["leaseTransitions"] == 0
    assert operator.alive


async def test_what_stands_for_ever_gives_the_lease_back_and_ends(server: FakeApi, start: Start) -> None:
    operator = start(stuck_after="3")
    stand(server, 3600)
    until(lambda: not operator.alive, "for it to end")
    assert operator.exit_code == STOOD_STILL
    assert "holderIdentity" not in lease(server), "a standby leads at its next look"
    assert "has stood still for 3 s" in operator.said()
    assert "in _stand" in operator.said(), "it says where"
