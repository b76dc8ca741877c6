"""The API server of these tests does with writes what a real one does (`tests/cluster/test_api_server.py`)."""

from __future__ import annotations

import pytest

from harness.api import Api
from support.suites.api_server import ApiServerSuite, RenderJobs


class TestFakeApi(ApiServerSuite):
    @pytest.fixture
    def renderjobs(self, server):
        return RenderJobs(Api(server.url), "default")
