"""What every JobExecutor must do. A new executor joins by a class of tests, and a site of its own (`support.sites`).

`tests/cluster/test_executor.py` asks the same of a real control plane.
"""

from __future__ import annotations

import pytest

from support.fake_cluster import FakeCluster
from support.sites import ACluster, Does, Machine, SharedMachine
from support.suites.executors import (
    ClusterSuite,
    JobExecutorSuite,
    QueueSuite,
    begun,
    find,
    finished,
    in_flight,
    running,
    seen,
)


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
    async def server(self):
        async with FakeCluster() as server, server.at_work():
            yield server

    @pytest.fixture
    async def site(self, server):
        async with server.api() as api:
            yield ACluster(api, "film", server)

    @pytest.mark.parametrize(("does", "fits"), [(Does.RUN, running), (Does.FAIL, finished)])
    async def test_what_runs_and_what_is_kept_are_observed_without_a_request(self, server, site, does, fits):
        job = await site.submit("shot", does)
        async with site.executor() as executor:
            job = await begun(executor, job, 1)
            await seen(executor, job, fits)
            if does is Does.FAIL:
                job = in_flight(job)
            before = [request for request in server.requests if not request.is_watch]
            for _ in range(5):
                assert find(await executor.observe(job)) is not None
            assert [request for request in server.requests if not request.is_watch] == before
