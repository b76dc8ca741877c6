"""A Job that is without a pod because its controller is busy with others is not asked about."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from renderjob.executors.kubernetes.births import AHEAD, QUIET, Births
from support.virtual_time import in_virtual_time

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_while_older_ones_get_their_pods_a_job_s_turn_is_still_to_come():
    async def scenario() -> None:
        births = Births()
        births.born(NOON - timedelta(seconds=30))
        assert births.coming(NOON)

    in_virtual_time(scenario())


def test_one_that_much_younger_ones_overtook_was_passed_over():
    async def scenario() -> None:
        births = Births()
        births.born(NOON + AHEAD - timedelta(seconds=1))
        assert births.coming(NOON), "the order is not kept to the second"
        births.born(NOON + AHEAD)
        births.born(NOON)
        assert not births.coming(NOON)

    in_virtual_time(scenario())


def test_where_nobody_gets_a_pod_nobody_is_busy():
    async def scenario() -> None:
        births = Births()
        assert not births.coming(NOON)
        births.born(NOON)
        await asyncio.sleep(QUIET - 0.1)
        assert births.coming(NOON)
        await asyncio.sleep(0.1)
        assert not births.coming(NOON)

    in_virtual_time(scenario())
