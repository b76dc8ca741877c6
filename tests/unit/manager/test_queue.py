"""The work queue has client-go's semantics."""

from __future__ import annotations

import asyncio

from harness.waiting import patient
from renderjob.manager import WorkQueue


async def test_a_key_is_queued_once_however_often_it_is_added():
    queue = WorkQueue()
    for _ in range(3):
        queue.add("a")
    queue.add("b")
    assert len(queue) == 2
    assert [await queue.get(), await queue.get()] == ["a", "b"]


async def test_a_key_that_is_worked_on_is_given_to_nobody_else_but_comes_again():
    queue = WorkQueue()
    queue.add("a")
    key = await queue.get()
    queue.add("a")
    queue.add("a")
    assert len(queue) == 0
    queue.done(key)
    assert len(queue) == 1
    assert await queue.get() == "a"
    queue.done("a")
    assert len(queue) == 0


async def test_get_waits_for_a_key():
    queue = WorkQueue()
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.add("a")
    assert await waiting == "a"


async def test_of_several_delays_the_soonest_stands():
    queue = WorkQueue()
    queue.add_after("a", 3600)
    queue.add_after("a", 0.001)
    queue.add_after("a", 7200)
    assert await asyncio.wait_for(queue.get(), patient()) == "a"
    queue.close()


async def test_a_failing_key_waits_longer_each_time_until_it_is_well(monkeypatch):
    queue, delays = WorkQueue(), []
    monkeypatch.setattr(queue, "add_after", lambda _key, seconds: delays.append(seconds))
    for _ in range(12):
        queue.retry("a")
    queue.forget("a")
    queue.retry("a")
    assert delays[:3] == [0.05, 0.1, 0.2]
    assert max(delays) == delays[11] == 30.0
    assert delays[12] == 0.05


async def test_thousands_of_keys_of_one_group_do_not_hold_up_another():
    queue = WorkQueue(group=lambda key: key.partition("/")[0])
    for number in range(1000):
        queue.add(f"hostile/{number}")
    queue.add("film/shot")
    assert "film/shot" in [await queue.get(), await queue.get()]
    assert [await queue.get(), await queue.get()] == ["hostile/1", "hostile/2"], (
        "in the order in which they came"
    )


async def test_slow_keys_of_one_group_leave_workers_for_another():
    queue = WorkQueue(group=lambda key: key.partition("/")[0], most=lambda _: 2)
    for number in range(4):
        queue.add(f"slow/{number}")
    assert [await queue.get(), await queue.get()] == ["slow/0", "slow/1"]
    third = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not third.done()
    queue.add("film/shot")
    assert await third == "film/shot"
    assert len(queue) == 2
    queue.add("slow/0")
    queue.done("slow/0")
    assert [await queue.get()] == ["slow/2"]
    queue.done("slow/1")
    queue.done("slow/2")
    assert {await queue.get(), await queue.get()} == {"slow/0", "slow/3"}
    assert len(queue) == 0
