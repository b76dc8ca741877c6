"""What every JobExecutor must do. A new executor joins by a class of tests, and a site of its own (`support.sites`).

`tests/cluster/test_executor.py` asks the same of a real control plane.
"""

from __future__ import annotations

import pytest

from support.fake_cluster import FakeCluster
from support.sites import ACluster, Machine, SharedMachine
from support.suites.executors import ClusterSuite, JobExecutorSuite, QueueSuite


class TestLocal(JobExecutorSuite):
    @pytest.fixture
    def site(self, tmp_path):
        return Machine(tmp_path)


class TestSharedSlots(QueueSuite):
    @pytest.fixture
    def site(self, tmp_path):
        return SharedMachine(tmp_path)


class TestKubernetes(ClusterSuite):
    @pytest.fixture
    async def site(self):
        async with FakeCluster() as server, server.api() as api, server.at_work():
            yield ACluster(api, "film", server)
