"""The operator as a process finds itself: a user without a name, no cluster, a lease that somebody takes."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import AsyncIterator
from pathlib import Path

import kopf
import pytest
import yaml
from typer.testing import CliRunner

from renderjob.cli.main import app
from renderjob.controller import BrokenOffError, LeadershipLostError, Settings, run_operator
from renderjob.controller.kopf_adapter import configure_kopf
from renderjob.kube.api import CONNECT_TIMEOUT, TIMEOUT
from support.fake_api import FakeApi

LEASES = "apis/coordination.k8s.io/v1/leases"

NAMED = {"singularName": "", "verbs": ["list", "watch", "patch"]}

DISCOVERY = {
    "/api": {"versions": ["v1"]},
    "/api/v1": {"resources": [{**NAMED, "name": "namespaces", "kind": "Namespace", "namespaced": False}]},
    "/apis": {
        "groups": [
            {
                "name": "renderjob.dev",
                "versions": [{"version": "v1alpha1"}],
                "preferredVersion": {"version": "v1alpha1"},
            }
        ]
    },
    "/apis/renderjob.dev/v1alpha1": {
        "resources": [{**NAMED, "name": "renderjobs", "kind": "RenderJob", "namespaced": True}]
    },
}
"""What kopf asks an API server before it watches."""


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own log handlers stay."""
    monkeypatch.setattr("renderjob.controller.run.configure_logs", lambda *_: None)


def kubeconfig(directory: Path, url: str) -> str:
    file = directory / "kubeconfig"
    named = {"cluster": "c", "user": "u"}
    file.write_text(
        yaml.safe_dump(
            {
                "current-context": "x",
                "clusters": [{"name": "c", "cluster": {"server": url}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": [{"name": "x", "context": named}],
            }
        )
    )
    return str(file)


@pytest.fixture
async def server() -> AsyncIterator[FakeApi]:
    async with FakeApi() as server:
        server.documents.update(DISCOVERY)
        yield server


def kopf_listens(server: FakeApi) -> bool:
    return any(r.path.endswith("/renderjobs") and r.is_watch for r in server.requests)


@pytest.mark.usefixtures("quiet")
async def test_the_user_needs_no_name(
    server: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 65532")

    monkeypatch.setattr(getpass, "getuser", nameless)
    settings = Settings(kubeconfig=kubeconfig(tmp_path, server.url), health_port=0, namespace="default")
    operator = asyncio.create_task(run_operator(settings))
    await server.until(lambda: operator.done() or kopf_listens(server))
    operator.cancel()
    with pytest.raises(asyncio.CancelledError):
        await operator


@pytest.mark.usefixtures("quiet")
async def test_a_definition_that_comes_later_is_noticed(
    server: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderjob.controller.definition.PAUSE", 0.01)
    path = "/apis/renderjob.dev/v1alpha1"
    server.documents[path] = {"resources": []}
    settings = Settings(kubeconfig=kubeconfig(tmp_path, server.url), health_port=0, namespace="default")
    operator = asyncio.create_task(run_operator(settings))
    await server.until(lambda: server.asked().count(path) > 2)
    assert not kopf_listens(server)
    server.documents.update(DISCOVERY)

    await server.until(lambda: kopf_listens(server))

    operator.cancel()
    with pytest.raises(asyncio.CancelledError):
        await operator


@pytest.mark.usefixtures("quiet")
async def test_who_loses_the_lease_ends(server: FakeApi, tmp_path: Path) -> None:
    settings = Settings(
        kubeconfig=kubeconfig(tmp_path, server.url), health_port=0, namespace="default", lease_seconds=2
    )
    operator = asyncio.create_task(run_operator(settings))
    await server.until(lambda: server.find(LEASES, settings.lease_name) is not None)
    lease = server.find(LEASES, settings.lease_name) or {}
    server.put(LEASES, settings.lease_name, spec={**lease["spec"], "holderIdentity": "somebody else"})

    with pytest.raises(ExceptionGroup) as caught:
        await operator

    assert caught.group_contains(LeadershipLostError)


@pytest.mark.usefixtures("quiet")
async def test_when_kopf_breaks_off_the_process_ends_and_says_why(
    server: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(**_: object) -> None:
        raise ValueError("Unterminated string")

    monkeypatch.setattr("renderjob.controller.kopf_adapter.kopf.operator", broken)
    settings = Settings(kubeconfig=kubeconfig(tmp_path, server.url), health_port=0, namespace="default")
    with pytest.raises(BrokenOffError, match="ValueError: Unterminated string"):
        await run_operator(settings)


def test_kopf_waits_no_longer_for_an_answer_than_we_do() -> None:
    settings = kopf.OperatorSettings()
    configure_kopf(settings)
    assert settings.networking.request_timeout == TIMEOUT
    assert settings.networking.connect_timeout == CONNECT_TIMEOUT


def test_without_a_cluster_it_says_where_it_looked(tmp_path: Path) -> None:
    missing = tmp_path / "none"

    told = CliRunner().invoke(app, ["operator", "--kubeconfig", str(missing)])

    assert told.exit_code == 1
    assert told.stderr == f"error: no kubeconfig at {missing}\n"


def test_wrong_settings_are_named() -> None:
    told = CliRunner().invoke(app, ["operator"], env={"RENDERJOB_WORKERS": "none"})

    assert told.exit_code == 4
    assert "workers" in told.stderr
    assert "'none'" in told.stderr
