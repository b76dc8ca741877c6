"""The Kubernetes executor on a real control plane does what every executor does (`tests/conformance`)."""

from __future__ import annotations

import pytest

from renderjob.kube import KubeApi
from support.sites import ACluster
from support.suites.executors import ClusterSuite


class TestKubernetes(ClusterSuite):
    @pytest.fixture
    async def site(self, control_plane, namespace):
        async with await KubeApi.connect(control_plane.kubeconfig) as api:
            yield ACluster(api, namespace)
