"""Which API server to talk to: a kubeconfig, as kubectl reads it, or the cluster that this process runs in."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config.config_exception import ConfigException
from kubernetes.aio.config.incluster_config import (
    SERVICE_CERT_FILENAME,
    SERVICE_HOST_ENV_NAME,
    SERVICE_TOKEN_FILENAME,
    InClusterConfigLoader,
)
from kubernetes.aio.config.kube_config import load_kube_config

from .errors import NoClusterError
from .proxies import proxy_for

Reload = Callable[[], Awaitable[None]]
"""Reads the credentials anew into the same Configuration."""


@dataclass(frozen=True)
class Cluster:
    """An API server, and how to be known to it."""

    configuration: Configuration
    namespace: str
    """The namespace for those who name none."""
    source: str
    """Where this was read, for a person."""
    reload: Reload | None = None
    """Called when the server does not know the credentials (any more); None when nothing can be read anew."""

    @property
    def server(self) -> str:
        """The server's URL."""
        return str(self.configuration.host)


async def find_cluster(kubeconfig: str | Path | None = None, context: str | None = None) -> Cluster:
    """The cluster that `kubeconfig` names; else $KUBECONFIG, ~/.kube/config, or the one around this process.

    `context` is one of the kubeconfig's contexts; without it, its current one.

    Raises:
        NoClusterError: there is none, or it can't be read; the sentence says which files were looked for.
    """
    cluster = await _find(kubeconfig, context)
    if not cluster.configuration.proxy:
        cluster.configuration.proxy = proxy_for(cluster.server)
    return cluster


async def _find(kubeconfig: str | Path | None, context: str | None) -> Cluster:
    paths = str(kubeconfig or os.environ.get("KUBECONFIG") or _home_kubeconfig())
    if _any_file(paths):
        return await _from_kubeconfig(paths, context)
    if kubeconfig is not None:
        raise NoClusterError(f"no kubeconfig at {kubeconfig}")
    if not os.environ.get(SERVICE_HOST_ENV_NAME):
        raise NoClusterError(f"no kubeconfig at {paths}, and not in a cluster")
    if context is not None:
        raise NoClusterError(f"context {context}: no kubeconfig at {paths}")
    return _in_cluster()


def _home_kubeconfig() -> Path:
    return Path("~/.kube/config").expanduser()


def _any_file(paths: str) -> bool:
    return any(Path(path).expanduser().is_file() for path in paths.split(os.pathsep) if path)


async def _from_kubeconfig(paths: str, context: str | None) -> Cluster:
    configuration = Configuration()
    try:
        loader = await load_kube_config(paths, context, configuration, persist_config=False)
    except (ConfigException, yaml.YAMLError, OSError, ValueError, TypeError, KeyError, AttributeError) as e:
        # The loader takes a well-formed file for granted: a malformed one shows as any of these.
        wanted = f" (context {context})" if context else ""
        raise NoClusterError(f"the kubeconfig {paths}{wanted} can't be used: {e}") from e
    current = loader.current_context

    async def reload() -> None:
        # Token files are read and credential plugins run again, if theirs has expired.
        await loader.load_and_set(configuration)

    return Cluster(
        configuration,
        namespace=current["context"].get("namespace") or "default",
        source=f"context {current['name']} of {paths}",
        reload=reload,
    )


def _in_cluster() -> Cluster:
    configuration = Configuration()
    loader = InClusterConfigLoader(SERVICE_TOKEN_FILENAME, SERVICE_CERT_FILENAME)
    try:
        loader.load_and_set(configuration)
        namespace = Path(SERVICE_TOKEN_FILENAME).with_name("namespace").read_text().strip()
    except (ConfigException, OSError) as e:
        raise NoClusterError(f"in a cluster, but its service account can't be used: {e}") from e

    async def reload() -> None:
        loader.load_and_set(configuration)

    return Cluster(configuration, namespace, "the service account of this pod", reload)
