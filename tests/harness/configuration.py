"""The files that the programs read: tokens, kubeconfigs, keys, the audit policy, kwok's stages."""

from __future__ import annotations

import base64
import csv
import io
import secrets
from pathlib import Path
from typing import Any

import yaml

from .layout import USERS, Layout

STAGES = Path(__file__).with_name("stages")

_AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


def write_configuration(layout: Layout) -> None:
    """Write all files that do not depend on a running API server."""
    layout.file("tokens.csv").write_text(_tokens(layout))
    layout.file("service-account.key").write_text(_signing_key())
    layout.file("audit-policy.yaml").write_text(yaml.safe_dump(_AUDIT))
    layout.file("scheduler.yaml").write_text(yaml.safe_dump(_scheduler(layout)))
    layout.file("kwok.yaml").write_text(_kwok())
    for user in USERS:
        write_kubeconfig(layout, layout.kubeconfig(user), user, layout.tokens[user])


def write_kubeconfig(layout: Layout, file: Path, user: str, token: str, namespace: str = "default") -> None:
    """Write a kubeconfig with one context, for one user."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "renderjob-test",
        "clusters": [
            {
                "name": "renderjob-test",
                "cluster": {"server": layout.server, "certificate-authority": str(layout.authority)},
            }
        ],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [
            {
                "name": "renderjob-test",
                "context": {"cluster": "renderjob-test", "user": user, "namespace": namespace},
            }
        ],
    }
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(config))


def _tokens(layout: Layout) -> str:
    text = io.StringIO()
    for number, (user, group) in enumerate(USERS.items()):
        csv.writer(text).writerow([layout.tokens[user], user, number, group])
    return text.getvalue()


def _signing_key() -> str:
    """A new EC P-256 key for service accounts' tokens, as PEM.

    SEC 1 wants no more than the secret, a random number; 1 … 2^252 is below the order of the curve.
    """
    secret = b"\x01" + secrets.token_bytes(31)
    der = bytes.fromhex("303102010104 20") + secret + bytes.fromhex("a00a06082a8648ce3d030107")
    lines = base64.encodebytes(der).decode()
    return f"-----BEGIN EC PRIVATE KEY-----\n{lines}-----END EC PRIVATE KEY-----\n"


def _scheduler(layout: Layout) -> dict[str, Any]:
    connection: dict[str, Any] = {"kubeconfig": str(layout.kubeconfig("system:kube-scheduler"))}
    if layout.profile == "fast":
        connection |= {"qps": 2000, "burst": 4000}
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": connection,
    }


def _kwok() -> str:
    options = {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokConfiguration",
        "options": {
            "enableDebuggingHandlers": True,
            "podPlayStageParallelism": 16,
            "nodePlayStageParallelism": 4,
            "nodeLeaseParallelism": 4,
            "nodeLeaseDurationSeconds": 40,
            "podsOnNodeSyncParallelism": 4,
        },
    }
    stages = [path.read_text() for path in sorted(STAGES.glob("*.yaml"))]
    return "---\n".join([yaml.safe_dump(options), *stages])
