"""At any time at most one candidate calls itself leader, and soon one does. In virtual time."""

from __future__ import annotations

import asyncio
import copy
import logging
from typing import Any

import pytest

from renderjob.kube import ApiError, LeaderElection, UnreachableError
from renderjob.kube.mergepatch import apply
from support.virtual_time import in_virtual_time

PATH = "/apis/coordination.k8s.io/v1/namespaces/farm/leases"


class Leases:
    """The API server's side of one lease. `cut` are the candidates that do not reach it."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.version = 0
        self.reads = self.writes = 0

    def keep(self, lease: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        self.writes += 1
        self.lease = {**lease, "metadata": {**lease["metadata"], "resourceVersion": str(self.version)}}
        return copy.deepcopy(self.lease)

    @property
    def holder(self) -> str | None:
        return self.lease and self.lease["spec"].get("holderIdentity")


class Client:
    """What a candidate reaches the server by."""

    def __init__(self, leases: Leases) -> None:
        self.leases = leases
        self.cut = self.hangs = self.loses_answers = False

    async def _way(self) -> None:
        await asyncio.sleep(0.01)
        if self.hangs:
            await asyncio.sleep(30)
        if self.cut or self.hangs:
            raise UnreachableError("no way")

    async def get(self, path: str) -> dict[str, Any]:
        await self._way()
        assert path == f"{PATH}/operator"
        self.leases.reads += 1
        if self.leases.lease is None:
            raise ApiError(404, "NotFound", "no lease")
        return copy.deepcopy(self.leases.lease)

    async def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        await self._way()
        assert path == PATH
        if self.leases.lease is not None:
            raise ApiError(409, "AlreadyExists", "it exists")
        return self._answer(self.leases.keep(body))

    async def merge_patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        await self._way()
        lease = self.leases.lease
        if lease is None:
            raise ApiError(404, "NotFound", "no lease")
        if body["metadata"]["resourceVersion"] != lease["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "another version")
        return self._answer(self.leases.keep(apply(lease, body)))

    def _answer(self, lease: dict[str, Any]) -> dict[str, Any]:
        if self.loses_answers:
            self.loses_answers = False
            raise UnreachableError("the answer is lost")
        return lease


class Candidate(LeaderElection):
    def __init__(self, leases: Leases, identity: str) -> None:
        self.client = Client(leases)
        super().__init__(self.client, "farm", "operator", identity)


def now() -> float:
    return asyncio.get_running_loop().time()


async def end(*candidates: Candidate) -> None:
    for candidate in candidates:
        candidate.client.hangs = candidate.client.cut = False
        await candidate.release()


def test_the_first_makes_the_lease_and_leads_while_the_second_stands_by():
    async def scenario():
        leases = Leases()
        a, b = Candidate(leases, "a"), Candidate(leases, "b")
        await a.acquire()
        waiting = asyncio.create_task(b.acquire())
        await asyncio.sleep(3600)
        assert a.is_leader
        assert not b.is_leader
        assert not waiting.done()
        assert b.holder == "a"
        spec = leases.lease["spec"]
        assert (spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (
            "a",
            15,
            0,
        )
        assert spec["renewTime"] > spec["acquireTime"] or spec["renewTime"].endswith("Z")
        waiting.cancel()
        await end(a)

    in_virtual_time(scenario())


def test_who_leads_only_writes():
    async def scenario():
        leases = Leases()
        a = Candidate(leases, "a")
        await a.acquire()
        leases.reads = leases.writes = 0
        await asyncio.sleep(200)
        assert leases.reads == 0
        assert 95 <= leases.writes <= 100
        await end(a)

    in_virtual_time(scenario())


def test_a_lease_that_is_given_back_is_taken_at_the_next_look():
    async def scenario():
        leases = Leases()
        a, b = Candidate(leases, "a"), Candidate(leases, "b")
        await a.acquire()
        waiting = asyncio.create_task(b.acquire())
        await asyncio.sleep(60)
        began = now()
        await a.release()
        assert not a.is_leader
        assert not a.lost.is_set()
        assert leases.holder is None
        await waiting
        assert b.is_leader
        assert now() - began < 5
        assert leases.lease["spec"]["leaseTransitions"] == 1
        await end(b)

    in_virtual_time(scenario())


def test_a_leader_that_dies_is_followed_when_its_lease_was_not_renewed_for_its_duration():
    async def scenario():
        leases = Leases()
        a, b = Candidate(leases, "a"), Candidate(leases, "b")
        await a.acquire()
        waiting = asyncio.create_task(b.acquire())
        await asyncio.sleep(60)
        a._renewing.cancel()
        renewed = now()
        await waiting
        assert 13 <= now() - renewed <= 15 + 2 * 5
        await end(b)

    in_virtual_time(scenario())


@pytest.mark.parametrize("way", ["cut", "hangs"])
def test_a_leader_that_is_cut_off_gives_up_before_another_takes_over(way, caplog):
    caplog.set_level(logging.CRITICAL)

    async def scenario():
        leases = Leases()
        a, b = Candidate(leases, "a"), Candidate(leases, "b")
        await a.acquire()
        waiting = asyncio.create_task(b.acquire())
        await asyncio.sleep(60)
        setattr(a.client, way, True)
        began = now()
        await a.lost.wait()
        assert 8 <= now() - began <= 10.1
        assert not a.is_leader
        assert not waiting.done()
        await waiting
        assert b.is_leader
        # What was cut off comes back and stands by.
        a.client.cut = a.client.hangs = False
        again = asyncio.create_task(a.acquire())
        await asyncio.sleep(60)
        assert b.is_leader
        assert not again.done()
        again.cancel()
        await end(b)

    in_virtual_time(scenario())


def test_a_short_trouble_costs_no_leadership(caplog):
    caplog.set_level(logging.CRITICAL)

    async def scenario():
        leases = Leases()
        a = Candidate(leases, "a")
        await a.acquire()
        for _ in range(10):
            await asyncio.sleep(30)
            a.client.cut = True
            await asyncio.sleep(5)
            assert a.is_leader
            a.client.cut = False
        await asyncio.sleep(30)
        a.client.loses_answers = True
        await asyncio.sleep(60)
        assert a.is_leader
        assert not a.lost.is_set()
        await end(a)
        assert leases.holder is None

    in_virtual_time(scenario())


def test_a_process_that_was_stopped_knows_at_once_that_it_leads_no_more():
    async def scenario():
        leases = Leases()
        a = Candidate(leases, "a")
        await a.acquire()
        await asyncio.sleep(1)
        asyncio.get_running_loop()._virtual.now += 11  # nothing ran meanwhile
        assert not a.is_leader
        assert not a.lost.is_set()
        await a.lost.wait()

    in_virtual_time(scenario())


def test_who_sees_another_holder_gives_up_at_once():
    async def scenario():
        leases = Leases()
        a = Candidate(leases, "a")
        await a.acquire()
        await asyncio.sleep(10)
        leases.keep(apply(leases.lease, {"spec": {"holderIdentity": "by hand", "leaseDurationSeconds": 100}}))
        began = now()
        await a.lost.wait()
        assert now() - began < 3
        await a.release()
        assert leases.holder == "by hand"

    in_virtual_time(scenario())


def test_another_s_clock_is_not_trusted():
    async def scenario():
        leases = Leases()
        long_ago = {
            "holderIdentity": "x",
            "leaseDurationSeconds": 15,
            "renewTime": "1999-01-01T00:00:00.000000Z",
        }
        leases.keep({"metadata": {"name": "operator"}, "spec": long_ago})
        a = Candidate(leases, "a")
        await a.acquire()
        assert now() >= 15, "it may well be renewed every two seconds, by a clock that is wrong"
        await end(a)

    in_virtual_time(scenario())


def test_a_lease_without_a_spec_is_free():
    async def scenario():
        leases = Leases()
        leases.keep({"metadata": {"name": "operator"}})
        a = Candidate(leases, "a")
        await a.acquire()
        assert now() < 1
        await end(a)

    in_virtual_time(scenario())


def test_of_candidates_that_start_together_one_leads(caplog):
    caplog.set_level(logging.CRITICAL)

    async def scenario():
        leases = Leases()
        candidates = [Candidate(leases, str(n)) for n in range(5)]
        tasks = [asyncio.create_task(c.acquire()) for c in candidates]
        for second in range(600):
            await asyncio.sleep(1)
            leaders = [c for c in candidates if c.is_leader]
            assert len(leaders) <= 1
            if second % 60 == 59:
                assert len(leaders) == 1
                leader = leaders[0]
                if second % 120 == 59:
                    await leader.release()
                else:
                    leader.client.cut = True
                    asyncio.get_running_loop().call_later(40, setattr, leader.client, "cut", False)
                    await leader.lost.wait()
                    await leader.release()
                tasks.append(asyncio.create_task(leader.acquire()))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await end(*candidates)
        return leases.lease["spec"]["leaseTransitions"]

    assert in_virtual_time(scenario()) >= 9


async def test_on_the_wire(server, api):
    election = LeaderElection(api, "farm", "operator", "a")
    await election.acquire()
    assert election.is_leader
    lease = await api.get(f"{PATH}/operator")
    assert lease["spec"]["holderIdentity"] == "a"
    await election.release()
    assert "holderIdentity" not in (await api.get(f"{PATH}/operator"))["spec"]
    assert [r.method for r in server.requests[:2]] == ["GET", "POST"]
