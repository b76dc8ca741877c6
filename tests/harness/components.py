"""The command line of each program, by profile: `fast` for tests, `stock` as a cluster comes."""

from __future__ import annotations

from typing import Literal

from .layout import Layout

Profile = Literal["fast", "stock"]

CONTROLLERS = (
    "job-controller",
    "garbage-collector-controller",
    "ttl-after-finished-controller",
    "namespace-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "pod-garbage-collector-controller",
    "node-lifecycle-controller",
    "taint-eviction-controller",
    "disruption-controller",
    "resourcequota-controller",
    "clusterrole-aggregation-controller",
)
"""The controllers that a RenderJob meets."""

_RAISED = (
    "--kube-api-qps=2000",
    "--kube-api-burst=4000",
    "--concurrent-job-syncs=20",
    "--concurrent-ttl-after-finished-syncs=20",
)


def etcd(layout: Layout) -> list[str]:
    """etcd; without fsync in the fast profile, since nothing need outlive the machine."""
    peer = f"http://127.0.0.1:{layout.ports['etcd-peer']}"
    return [
        layout.binary("etcd"),
        f"--data-dir={layout.file('etcd')}",
        f"--listen-client-urls={layout.etcd}",
        f"--advertise-client-urls={layout.etcd}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--log-level=warn",
        *(["--unsafe-no-fsync"] if layout.profile == "fast" else []),
    ]


def apiserver(layout: Layout) -> list[str]:
    """The API server.

    Its plugin TaintNodesByCondition would taint each new node until a node-lifecycle controller, which there is
    not, takes the taint away.
    """
    return [
        layout.binary("kube-apiserver"),
        f"--etcd-servers={layout.etcd}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={layout.ports['apiserver']}",
        f"--cert-dir={layout.authority.parent}",
        "--endpoint-reconciler-type=none",
        "--kubelet-preferred-address-types=InternalIP",
        "--authorization-mode=RBAC",
        f"--token-auth-file={layout.file('tokens.csv')}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={layout.file('service-account.key')}",
        f"--service-account-signing-key-file={layout.file('service-account.key')}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--disable-admission-plugins=TaintNodesByCondition",
        f"--audit-policy-file={layout.file('audit-policy.yaml')}",
        f"--audit-log-path={layout.audit_log}",
        "--shutdown-delay-duration=0s",
    ]


def controller_manager(layout: Layout) -> list[str]:
    """The controllers, each with its own service account as on a kubeadm cluster."""
    return [
        layout.binary("kube-controller-manager"),
        f"--kubeconfig={layout.kubeconfig('system:kube-controller-manager')}",
        f"--controllers={','.join(CONTROLLERS)}",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={layout.file('service-account.key')}",
        "--leader-elect=false",
        "--secure-port=0",
        *(_RAISED if layout.profile == "fast" else ()),
    ]


def scheduler(layout: Layout) -> list[str]:
    """The scheduler."""
    return [
        layout.binary("kube-scheduler"),
        f"--config={layout.file('scheduler.yaml')}",
        "--secure-port=0",
    ]


def kwok(layout: Layout) -> list[str]:
    """Kubelets of all nodes, at one port; the API server asks it for logs."""
    port, tls = layout.ports["kwok"], layout.authority.parent
    return [
        layout.binary("kwok"),
        f"--kubeconfig={layout.kubeconfig('kwok')}",
        f"--config={layout.file('kwok.yaml')}",
        "--manage-all-nodes=true",
        "--v=WARN",
        "--node-ip=127.0.0.1",
        f"--node-port={port}",
        f"--server-address=127.0.0.1:{port}",
        f"--tls-cert-file={tls / 'apiserver.crt'}",
        f"--tls-private-key-file={tls / 'apiserver.key'}",
        "--enable-crds=ClusterLogs",
    ]
