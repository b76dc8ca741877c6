"""A Job that is without a pod because its controller is busy with others is not asked about."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from renderjob.executors.kubernetes.diagnosis.events import AHEAD, QUIET, ControllerQueue
from support.virtual_time import in_virtual_time

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_while_older_ones_get_their_pods_a_job_s_turn_is_still_to_come():
    async def scenario() -> None:
        queue = ControllerQueue()
        queue.pod_made(NOON - timedelta(seconds=30))
        assert queue.is_before(NOON)

    in_virtual_time(scenario())


def test_one_that_much_younger_ones_overtook_was_passed_over():
    async def scenario() -> None:
        queue = ControllerQueue()
        queue.pod_made(NOON + AHEAD - timedelta(seconds=1))
        assert queue.is_before(NOON), "the order is not kept to the second"
        queue.pod_made(NOON + AHEAD)
        queue.pod_made(NOON)
        assert not queue.is_before(NOON)

    in_virtual_time(scenario())


def test_where_nobody_gets_a_pod_nobody_is_busy():
    async def scenario() -> None:
        queue = ControllerQueue()
        assert not queue.is_before(NOON)
        queue.pod_made(NOON)
        await asyncio.sleep(QUIET - 0.1)
        assert queue.is_before(NOON)
        await asyncio.sleep(0.1)
        assert not queue.is_before(NOON)

    in_virtual_time(scenario())
