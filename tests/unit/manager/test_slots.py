"""SharedSlots: attempts of several jobs take turns at the slots of one machine."""

from __future__ import annotations

import pytest

from renderjob.api import RenderJob
from renderjob.core import Attempt, AttemptObservation, Forget, Kind, Observed, Phase, Start, Stop, StopReason
from renderjob.executors.slots import SharedSlots
from renderjob.frames import FrameSet
from renderjob.manager import ExecutorError
from support.jobs import manifest


class Machine:
    """An executor that runs what it is told to, and ends it when a test says so."""

    def __init__(self):
        self.phases = {}
        self.broken = False
        self.listeners = []

    def subscribe(self, listener):
        self.listeners.append(listener)

    async def observe(self, job):
        uid = job.metadata.uid
        seen = [AttemptObservation(id_, phase) for (of, id_), phase in self.phases.items() if of == uid]
        return Observed(uid=uid, attempts=tuple(seen))

    async def perform(self, job, actions):
        for action in actions:
            match action:
                case Start(attempt):
                    if self.broken:
                        raise ExecutorError("not now")
                    self.phases[job.metadata.uid, attempt.id] = Phase.RUNNING
                case Stop(id=id_):
                    self.phases[job.metadata.uid, id_] = Phase.FAILED
                case Forget(id=id_):
                    self.phases.pop((job.metadata.uid, id_), None)

    async def abandon(self, uid):
        self.phases = {key: phase for key, phase in self.phases.items() if key[0] != uid}

    @property
    def running(self):
        return sorted(key for key, phase in self.phases.items() if phase is Phase.RUNNING)


def job(name, parallelism):
    made = RenderJob.model_validate(manifest(name, ["true"], parallelism=parallelism))
    return made.model_copy(update={"metadata": made.metadata.model_copy(update={"uid": name})})


def start(id_, kind=Kind.RENDER):
    frames = FrameSet.parse(str(id_))
    return Start(Attempt(id=id_, kind=kind, frames=frames, chunk=id_, chunks=9, number=1))


async def shared(*jobs):
    machine = Machine()
    slots, woken = SharedSlots(machine), []
    slots.subscribe(woken.append)
    for each in jobs:
        await slots.observe(each)
    return machine, slots, woken


async def test_there_are_as_many_slots_as_the_largest_job_has_for_itself():
    a, b = job("a", 1), job("b", 3)
    machine, slots, _ = await shared(a, b)
    for id_ in range(1, 4):
        await slots.perform(a, [start(id_)])
        await slots.perform(b, [start(id_)])
    assert machine.running == [("a", 1), ("a", 2), ("b", 1)]


async def test_what_has_no_slot_is_observed_as_queued_and_begins_when_one_is_free():
    a, b = job("a", 1), job("b", 1)
    machine, slots, woken = await shared(a, b)
    await slots.perform(a, [start(1)])
    await slots.perform(b, [start(1)])
    (waiting,) = (await slots.observe(b)).attempts
    assert waiting.queued
    assert not waiting.finished
    assert "slot" in waiting.waiting.message
    assert not waiting.waiting.needs_action
    machine.phases["a", 1] = Phase.SUCCEEDED
    await slots.observe(a)
    assert woken == ["b"]
    (running,) = (await slots.observe(b)).attempts
    assert not running.queued
    assert machine.running == [("b", 1)]


async def test_a_slot_goes_to_who_waits_longest_not_to_who_left_it():
    a, b = job("a", 1), job("b", 1)
    machine, slots, _ = await shared(a, b)
    await slots.perform(a, [start(1)])
    await slots.perform(b, [start(1)])
    machine.phases["a", 1] = Phase.SUCCEEDED
    await slots.observe(a)
    await slots.perform(a, [Forget(1, failed=False)])
    await slots.perform(a, [start(2)])
    assert machine.running == []
    await slots.observe(b)
    assert machine.running == [("b", 1)]


async def test_what_is_stopped_before_it_has_a_slot_never_begins():
    a, b = job("a", 1), job("b", 1)
    machine, slots, woken = await shared(a, b)
    await slots.perform(a, [start(1)])
    await slots.perform(b, [start(1)])
    await slots.perform(b, [Stop(1, StopReason.CANCEL)])
    assert woken == ["b"]
    (ended,) = (await slots.observe(b)).attempts
    assert ended.phase is Phase.LOST
    await slots.perform(b, [Forget(1, failed=False)])
    machine.phases["a", 1] = Phase.SUCCEEDED
    await slots.observe(a)
    assert (await slots.observe(b)).attempts == ()
    assert machine.running == []


async def test_the_slots_of_a_job_that_is_gone_are_free():
    a, b = job("a", 1), job("b", 1)
    machine, slots, woken = await shared(a, b)
    await slots.perform(a, [start(1)])
    await slots.perform(b, [start(1)])
    await slots.abandon("a")
    assert woken == ["b"]
    await slots.observe(b)
    assert machine.running == [("b", 1)]


async def test_a_start_that_does_not_work_now_keeps_its_turn():
    a = job("a", 1)
    machine, slots, _ = await shared(a)
    machine.broken = True
    for _ in range(2):
        try:
            await slots.perform(a, [start(1)])
        except ExecutorError:
            continue
        raise AssertionError("the error was swallowed")
    machine.broken = False
    await slots.observe(a)
    assert machine.running == [("a", 1)]


async def test_a_job_whose_starts_fail_holds_up_no_other():
    a, b = job("a", 1), job("b", 1)
    machine, slots, woken = await shared(a, b)
    await slots.perform(a, [start(9)])
    await slots.perform(a, [start(1)])
    await slots.perform(b, [start(1)])
    await slots.perform(a, [Stop(9, StopReason.SURPLUS)])
    machine.broken = True
    with pytest.raises(ExecutorError):
        await slots.observe(a)
    woken.clear()
    await slots.observe(a)
    assert woken == ["b"], "a is tried again after a pause, and it is the turn of b"
    machine.broken = False
    await slots.observe(b)
    assert machine.running == [("b", 1)]


async def test_slots_that_an_edit_adds_go_to_whoever_waits():
    a, b = job("a", 1), job("b", 1)
    machine, slots, woken = await shared(a, b)
    await slots.perform(a, [start(1)])
    await slots.perform(b, [start(1)])
    woken.clear()
    await slots.observe(a.model_copy(update={"spec": a.spec.model_copy(update={"parallelism": 2})}))
    assert woken == ["b"]
    await slots.observe(b)
    assert machine.running == [("a", 1), ("b", 1)]


async def test_a_merge_is_no_chunk_and_waits_for_no_slot():
    a, b = job("a", 1), job("b", 1)
    machine, slots, _ = await shared(a, b)
    await slots.perform(a, [start(1)])
    await slots.perform(b, [start(1, Kind.MERGE)])
    assert machine.running == [("a", 1), ("b", 1)]
