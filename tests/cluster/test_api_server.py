"""A real API server does with writes what the tests' own one does, and keeps jobs as every repository does."""

from __future__ import annotations

import pytest

from renderjob.kube import KubeApi
from renderjob.repositories import CustomResourceRepository
from support.suites.api_server import ApiServerSuite, RenderJobs
from support.suites.repositories import JobRepositorySuite, watched


class TestApiServer(ApiServerSuite):
    @pytest.fixture
    def renderjobs(self, control_plane, namespace):
        return RenderJobs(control_plane.api, namespace)


class TestCustomResources(JobRepositorySuite):
    @pytest.fixture(params=["read", "watched"])
    async def repository(self, request, control_plane, namespace):
        async with await KubeApi.connect(control_plane.kubeconfig) as api:
            if request.param == "read":
                yield CustomResourceRepository(api, namespace=namespace)
            else:
                async with watched(api, namespace) as repository:
                    yield repository
