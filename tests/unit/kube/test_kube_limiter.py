"""Writes keep to a rate that the server's answers set, and no key keeps another waiting. In virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from renderjob.kube import ApiError, NotAllowedError, UnreachableError, WriteLimiter
from support.virtual_time import in_virtual_time


def now() -> float:
    return asyncio.get_running_loop().time()


def throttled(retry_after: float | None = None) -> ApiError:
    return ApiError(429, "TooManyRequests", "too many", retry_after=retry_after)


async def write(
    limiter: WriteLimiter, key: str = "a", error: Exception | None = None, lasts: float = 0
) -> float:
    async with limiter.turn(key):
        began = now()
        await asyncio.sleep(lasts)
        if error is not None:
            raise error
    return began


async def many(limiter: WriteLimiter, count: int, key: str = "a", lasts: float = 0) -> list[float]:
    return await asyncio.gather(*(write(limiter, key, lasts=lasts) for _ in range(count)))


def test_a_burst_goes_at_once_and_the_rest_at_the_rate():
    times = in_virtual_time(many(WriteLimiter(rate=10, burst=5), 25))
    assert times[:5] == [0] * 5
    assert times[5:] == pytest.approx([0.1 * n for n in range(1, 21)])


def test_quiet_time_fills_the_bucket_and_never_more():
    async def scenario():
        limiter = WriteLimiter(rate=10, burst=5)
        await many(limiter, 5)
        await asyncio.sleep(3600)
        return [t - now() for t in await many(limiter, 7)]

    times = in_virtual_time(scenario())
    assert len([t for t in times if t < -0.15]) == 5


def test_keys_take_turns_however_many_wait_for_one():
    async def scenario():
        limiter = WriteLimiter(rate=10, burst=1)
        order = []

        async def one(key):
            async with limiter.turn(key):
                order.append(key)

        big = [asyncio.create_task(one("big")) for _ in range(10_000)]
        await asyncio.sleep(0)
        small = [asyncio.create_task(one(f"small-{n}")) for n in range(20) for _ in range(2)]
        await asyncio.gather(*small)
        for task in big:
            task.cancel()
        await asyncio.gather(*big, return_exceptions=True)
        assert limiter.waiting == limiter.in_flight == 0
        return Counter(order)

    served = in_virtual_time(scenario())
    assert sum(n for key, n in served.items() if key != "big") == 40
    assert served["big"] <= 4


def test_no_more_writes_are_in_flight_than_may_be():
    async def scenario():
        limiter = WriteLimiter(rate=1e6, burst=1000, in_flight=8)
        seen = []

        async def one():
            async with limiter.turn("a"):
                seen.append(limiter.in_flight)
                await asyncio.sleep(1)

        await asyncio.gather(*(one() for _ in range(40)))
        return seen, now()

    seen, seconds = in_virtual_time(scenario())
    assert max(seen) == 8
    assert seconds == pytest.approx(5)


def test_too_many_requests_halve_the_rate_and_pause_all_writes():
    async def scenario():
        limiter = WriteLimiter(rate=10, burst=5)
        with pytest.raises(ApiError):
            await write(limiter, error=throttled(retry_after=7))
        assert limiter.rate == 5
        return await many(limiter, 3, key="b")

    times = in_virtual_time(scenario())
    assert times[0] == pytest.approx(7)
    assert times[1] == pytest.approx(7.2, abs=0.01)


def test_refusals_of_writes_that_went_out_together_count_as_one():
    async def scenario():
        limiter = WriteLimiter(rate=64, burst=64)
        writes = [write(limiter, error=throttled(), lasts=1 + n / 100) for n in range(32)]
        await asyncio.gather(*writes, return_exceptions=True)
        return limiter

    limiter = in_virtual_time(scenario())
    assert limiter.rate == 32
    assert limiter.throttles == 32


def test_the_rate_never_falls_below_the_lowest_and_comes_back_with_success():
    async def scenario():
        limiter = WriteLimiter(rate=10, burst=5, lowest=2)
        for _ in range(6):
            with pytest.raises(ApiError):
                await write(limiter, error=throttled(1), lasts=0.01)
        lowest = limiter.rate
        rates = []
        for _ in range(400):
            await write(limiter)
            rates.append(limiter.rate)
        return lowest, rates

    lowest, rates = in_virtual_time(scenario())
    assert lowest == 2
    assert rates == sorted(rates)
    assert rates[0] < 3
    assert rates[-1] == 10


def test_errors_that_tell_nothing_of_the_rate_leave_it_as_it_is():
    async def scenario():
        limiter = WriteLimiter(rate=10, burst=50)
        with pytest.raises(ApiError):
            await write(limiter, error=throttled(1))
        for error in (UnreachableError("gone"), ApiError(503, "", "busy"), KeyError("ours")):
            with pytest.raises(type(error)):
                await write(limiter, error=error)
        assert limiter.in_flight == 0
        return limiter.rate

    assert in_virtual_time(scenario()) == 5


def test_who_gives_up_waiting_costs_nobody_a_turn():
    async def scenario():
        limiter = WriteLimiter(rate=1, burst=1)
        await write(limiter)
        waiting = [asyncio.create_task(write(limiter, "a")) for _ in range(3)]
        last = asyncio.create_task(write(limiter, "b"))
        await asyncio.sleep(0.5)
        for task in waiting:
            task.cancel()
        return await last, limiter.waiting

    assert in_virtual_time(scenario()) == (pytest.approx(1), 0)


def test_a_turn_that_comes_in_the_moment_of_giving_up_goes_to_the_next():
    async def scenario():
        limiter = WriteLimiter(rate=1, burst=1, in_flight=1)
        async with limiter.turn("a"):
            first = asyncio.create_task(write(limiter, "a"))
            second = asyncio.create_task(write(limiter, "b"))
            await asyncio.sleep(5)
        # The turn is given to the first now; it is cancelled before it runs.
        first.cancel()
        result = await second
        assert first.cancelled()
        return result, limiter.in_flight

    assert in_virtual_time(scenario()) == (pytest.approx(5), 0)


def test_who_may_not_write_does_not_although_it_was_its_turn():
    async def scenario():
        limiter = WriteLimiter(rate=1, burst=1)
        limiter.allowed = lambda: now() < 2.5
        return await asyncio.gather(*(write(limiter) for _ in range(5)), return_exceptions=True)

    results = in_virtual_time(scenario())
    assert results[:3] == [0, 1, 2]
    assert [type(result) for result in results[3:]] == [NotAllowedError] * 2


def test_a_namespace_of_many_jobs_does_not_keep_that_of_one_waiting():
    async def scenario():
        limiter = WriteLimiter(rate=10, burst=1)
        order = []

        async def one(key):
            async with limiter.turn(key):
                order.append(key)

        await asyncio.gather(*(one(f"hostile/{n}") for n in range(100)), one("film/shot"), one("film/shot"))
        return order

    order = in_virtual_time(scenario())
    assert [place for place, key in enumerate(order) if key == "film/shot"] < [6, 6]
    assert len(order) == 102


def test_slow_writes_of_one_namespace_leave_room_for_another():
    async def scenario():
        limiter = WriteLimiter()
        slow = [asyncio.create_task(write(limiter, f"hostile/{n}", lasts=30)) for n in range(100)]
        await asyncio.sleep(1)
        began = await write(limiter, "film/shot")
        await asyncio.gather(*slow)
        return began, now(), limiter.in_flight, limiter.waiting

    began, ended, *left = in_virtual_time(scenario())
    assert began == pytest.approx(1)
    assert ended == pytest.approx(30 * 4), "32 at a time"
    assert left == [0, 0]


def test_who_gives_up_while_its_namespace_has_enough_takes_nobodys_place():
    async def scenario():
        limiter = WriteLimiter(of_one=1)
        first = asyncio.create_task(write(limiter, "film/a", lasts=10))
        await asyncio.sleep(0)
        second = asyncio.create_task(write(limiter, "film/b", lasts=10))
        third = asyncio.create_task(write(limiter, "film/c", lasts=10))
        await asyncio.sleep(1)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        assert (await first, await third) == (0, 10)
        return limiter.in_flight, limiter.waiting

    assert in_virtual_time(scenario()) == (0, 0)


def test_nobody_may_ask_for_a_pause_of_years():
    """The answer of a namespace's webhook is passed on by the API server, and all writes wait for it."""
    status = {"kind": "Status", "code": 429, "reason": "TooManyRequests"}
    for seconds in (10**9, 1e308, float("inf"), float("nan"), "soon", [1], -5):
        error = ApiError.from_status({**status, "details": {"retryAfterSeconds": seconds}})
        assert error.retry_after is None or 0 <= error.retry_after <= 60
    headers = {"Retry-After": "9" * 400}
    assert ApiError.from_response(429, b"", headers).retry_after == 60
