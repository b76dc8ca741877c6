"""Which cluster is meant, as kubectl understands it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from renderjob.controller.kopf_adapter import credentials
from renderjob.kube import KubeApi, NoClusterError, find_cluster
from renderjob.kube import cluster as cluster_module

PROXIES = [
    f(name) for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy") for f in (str.lower, str.upper)
]


def kubeconfig(path: Path, server: str = "http://127.0.0.1:1", user: dict | None = None, **context) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "farm", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": user or {"token": "secret"}}],
        "contexts": [
            {"name": "day", "context": {"cluster": "farm", "user": "me"}},
            {"name": "night", "context": {"cluster": "farm", "user": "me", "namespace": "film", **context}},
        ],
        "current-context": "day",
    }
    path.write_text(json.dumps(config))
    return path


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    """No cluster but what a test makes."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", *PROXIES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


async def test_the_current_context_and_the_default_namespace(tmp_path):
    cluster = await find_cluster(kubeconfig(tmp_path / "config", "http://127.0.0.1:8001/"))
    assert (cluster.server, cluster.namespace) == ("http://127.0.0.1:8001", "default")
    assert cluster.source == f"context day of {tmp_path}/config"


async def test_a_context_of_ones_own(tmp_path):
    cluster = await find_cluster(kubeconfig(tmp_path / "config"), "night")
    assert cluster.namespace == "film"


async def test_the_environment_then_the_home_directory(tmp_path, monkeypatch):
    (tmp_path / ".kube").mkdir()
    kubeconfig(tmp_path / ".kube/config", "http://home")
    kubeconfig(tmp_path / "other", "http://other")
    assert (await find_cluster()).server == "http://home"
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/absent:{tmp_path}/other")
    assert (await find_cluster()).server == "http://other"


async def test_a_client_says_whom_it_talks_to_and_brings_its_token(server, tmp_path):
    server.token = "secret"
    async with await KubeApi.connect(kubeconfig(tmp_path / "config", server.url), "night") as api:
        assert (api.server, api.namespace) == (server.url, "film")
        await api.get("/apis/batch/v1/jobs")


async def test_a_token_file_is_read_anew_when_the_token_has_expired(server, tmp_path):
    token = tmp_path / "token"
    token.write_text("old")
    path = kubeconfig(tmp_path / "config", server.url, {"tokenFile": str(token)})
    async with await KubeApi.connect(path) as api:
        server.token = "old"
        await api.get("/apis/batch/v1/jobs")
        server.token = "new"
        token.write_text("new")
        await api.get("/apis/batch/v1/jobs")


@pytest.mark.parametrize(
    ("server", "environment", "proxy"),
    [
        ("https://farm:6443", {"HTTPS_PROXY": "http://gate:3128"}, "http://gate:3128"),
        ("http://farm:8080", {"HTTPS_PROXY": "http://gate:3128"}, None),
        ("https://farm.studio:6443", {"HTTPS_PROXY": "http://gate", "NO_PROXY": "10.0.0.1,.studio"}, None),
        ("https://10.96.0.1", {"HTTPS_PROXY": "http://gate", "NO_PROXY": ".svc, 10.96.0.0/12"}, None),
        ("https://10.0.0.1", {"HTTPS_PROXY": "http://gate", "NO_PROXY": ".svc,10.96.0.0/12"}, "http://gate"),
        ("https://farm:6443", {}, None),
    ],
)
async def test_the_environment_names_the_proxy(tmp_path, monkeypatch, server, environment, proxy):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    cluster = await find_cluster(kubeconfig(tmp_path / "config", server))
    assert cluster.configuration.proxy == proxy
    assert (await credentials(cluster)).proxy_url == proxy


async def test_the_kubeconfigs_proxy_comes_before_the_environments(tmp_path, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://gate")
    path = kubeconfig(tmp_path / "config", "https://farm")
    config = json.loads(path.read_text())
    config["clusters"][0]["cluster"]["proxy-url"] = "http://tunnel:1080"
    path.write_text(json.dumps(config))
    assert (await find_cluster(path)).configuration.proxy == "http://tunnel:1080"


async def test_requests_go_through_the_proxy(server, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.url)
    async with await KubeApi.connect(kubeconfig(tmp_path / "config", "http://farm.invalid")) as api:
        assert (await api.get("/apis/batch/v1/jobs"))["items"] == []
    assert server.requests[0].headers["Host"] == "farm.invalid"


async def test_a_password_of_the_home_directory_is_not_sent(server, tmp_path):
    (tmp_path / ".netrc").write_text("default login me password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    path = kubeconfig(tmp_path / "config", server.url, {"client-key-data": ""})
    async with await KubeApi.connect(path) as api:
        await api.get("/apis/batch/v1/jobs")
    assert "Authorization" not in server.requests[0].headers


async def test_no_cluster_says_where_it_was_looked_for(tmp_path, monkeypatch):
    with pytest.raises(
        NoClusterError, match=f"^no kubeconfig at {tmp_path}/.kube/config, and not in a cluster$"
    ):
        await find_cluster()
    with pytest.raises(NoClusterError, match=r"^no kubeconfig at /absent$"):
        await find_cluster("/absent")
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    with pytest.raises(NoClusterError, match=r"^no kubeconfig at /nowhere, and not in a cluster$"):
        await find_cluster()


@pytest.mark.parametrize("text", ["{", "[]", "just words", "", "clusters: 3"])
async def test_a_broken_kubeconfig_is_named(tmp_path, text):
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(NoClusterError, match=f"the kubeconfig {path} can't be used"):
        await find_cluster(path)


async def test_an_unknown_context_is_named(tmp_path):
    with pytest.raises(NoClusterError, match=r"\(context dusk\) can't be used: .*dusk"):
        await find_cluster(kubeconfig(tmp_path / "config"), "dusk")


async def test_in_a_cluster_the_service_account_is_used(tmp_path, monkeypatch):
    account = tmp_path / "account"
    account.mkdir()
    for name, text in (("token", "secret"), ("ca.crt", "a certificate"), ("namespace", "film\n")):
        (account / name).write_text(text)
    monkeypatch.setattr(cluster_module, "SERVICE_TOKEN_FILENAME", str(account / "token"))
    monkeypatch.setattr(cluster_module, "SERVICE_CERT_FILENAME", str(account / "ca.crt"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    cluster = await find_cluster()
    assert (cluster.server, cluster.namespace) == ("https://10.0.0.1:443", "film")
    assert cluster.configuration.api_key["BearerToken"] == "bearer secret"
    (account / "token").unlink()
    with pytest.raises(NoClusterError, match="service account can't be used"):
        await find_cluster()
