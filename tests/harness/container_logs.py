"""What containers print: kwok reads it from a file for each namespace, told by its resource ClusterLogs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

GROUP: Final = "kwok.x-k8s.io"
VERSION: Final = "v1alpha1"

LOGS_PATH: Final = f"/apis/{GROUP}/{VERSION}/clusterlogs"

LOGS: Final[dict[str, Any]] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": f"clusterlogs.{GROUP}",
        # The API server wants to be told that a group of Kubernetes' own domain is meant.
        "annotations": {"api-approved.kubernetes.io": "unapproved, kwok's own"},
    },
    "spec": {
        "group": GROUP,
        "scope": "Cluster",
        "names": {
            "kind": "ClusterLogs",
            "listKind": "ClusterLogsList",
            "plural": "clusterlogs",
            "singular": "clusterlogs",
        },
        "versions": [
            {
                "name": VERSION,
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                },
            }
        ],
    },
}
"""Its definition, as open as one may be."""


def logs_of(namespace: str, file: Path) -> dict[str, Any]:
    """A ClusterLogs that lets every container of a namespace print what is in a file."""
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "ClusterLogs",
        "metadata": {"name": namespace},
        "spec": {
            "selector": {"matchNamespaces": [namespace]},
            "logs": [{"logsFile": str(file), "follow": True}],
        },
    }


def container_lines(text: str) -> Iterator[str]:
    """Lines as a container runtime writes them to a log file."""
    for line in text.splitlines():
        yield f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ} stdout F {line}\n"
