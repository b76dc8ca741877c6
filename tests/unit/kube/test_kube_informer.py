"""An informer's view is the server's, whatever happens to the connection, and every change is told once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from renderjob.kube import Informer
from renderjob.primitives import Backoff
from support.fake_api import FakeApi, refusal

JOBS = "apis/batch/v1/jobs"
PATH = f"/{JOBS}"


@dataclass(frozen=True)
class View:
    uid: str
    name: str
    owner: str | None
    active: int


def decode(raw: dict[str, Any]) -> View | None:
    metadata, spec = raw["metadata"], raw["spec"]
    if spec == "not ours":
        return None
    return View(metadata["uid"], metadata["name"], metadata.get("labels", {}).get("owner"), spec["active"])


class Farm:
    """A server, an informer on it, and what the informer told."""

    def __init__(self, server: FakeApi, informer: Informer[View]) -> None:
        self.server = server
        self.informer = informer
        self.told: list[str] = []
        informer.subscribe(self._hear)

    def _hear(self, event: str, old: View | None, new: View | None) -> None:
        assert (old is None, new is None) == (event == "ADDED", event == "DELETED")
        view = new or old
        assert view is not None
        self.told.append(f"{event} {view.name}")

    def put(self, name: str, active: int = 0, owner: str = "film") -> dict[str, Any]:
        return self.server.put(JOBS, name, metadata={"labels": {"owner": owner}}, spec={"active": active})

    async def settled(self) -> None:
        """The informer knows all that the server has."""
        await self.informer.synced.wait()
        await self.server.until(self._same)

    def _same(self) -> bool:
        there = [o for (c, _, _), o in self.server._objects.items() if c == JOBS and o["spec"] != "not ours"]
        return sorted(map(repr, map(decode, there))) == sorted(map(repr, self.informer.objects()))

    def names(self) -> list[str]:
        return sorted(view.name for view in self.informer.objects())

    @property
    def lists(self) -> int:
        return sum(r.is_list for r in self.server.requests)

    @property
    def watches(self) -> int:
        return sum(r.is_watch for r in self.server.requests)


@asynccontextmanager
async def watching(server: FakeApi, run: bool = True, **options: Any) -> AsyncIterator[Farm]:
    async with server.api() as api:
        options = {"backoff": Backoff(0.001, 0.01), **options}
        informer = Informer(api, PATH, decode, index_by=lambda view: view.owner, **options)
        farm = Farm(server, informer)
        task = asyncio.create_task(informer.run()) if run else None
        try:
            yield farm
            if task is not None and task.done():
                task.result()
        finally:
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


async def test_what_was_there_and_what_happens_is_known_and_told(server):
    server.put(JOBS, "old", metadata={"labels": {"owner": "film"}}, spec={"active": 0})
    async with watching(server) as farm:
        await farm.settled()
        farm.put("new")
        farm.put("new", 1)
        server.remove(JOBS, "old")
        await farm.settled()
        assert farm.told == ["ADDED old", "ADDED new", "MODIFIED new", "DELETED old"]
        assert [view.name for view in farm.informer.indexed("film")] == ["new"]
        assert farm.informer.indexed("series") == []
        assert farm.informer.age() < 20
        uid = farm.informer.objects()[0].uid
        assert farm.informer.get(uid).active == 1


async def test_the_list_is_paged_and_selected_and_the_watch_asks_for_bookmarks(server):
    for n in range(7):
        farm_owner = {"owner": "film" if n else "series"}
        server.put(JOBS, f"job-{n}", metadata={"labels": farm_owner}, spec={"active": 0})
    async with watching(server, page=3, query={"labelSelector": "owner=film"}) as farm:
        await farm.informer.synced.wait()
        await server.until(lambda: server.watching == 1)
        assert len(farm.informer) == 6
        assert [r.query.get("limit") for r in server.requests] == ["3", "3", None]
        assert all(r.query["labelSelector"] == "owner=film" for r in server.requests)
        watch = server.requests[-1].query
        assert watch["allowWatchBookmarks"] == "true"
        assert 300 <= int(watch["timeoutSeconds"]) <= 330
        assert watch["resourceVersion"] == "1007"


async def test_a_watch_that_ends_is_taken_up_where_it_was_and_nothing_told_twice(server):
    async with watching(server) as farm:
        farm.put("a")
        await farm.settled()
        for n in range(5):
            await server.until(lambda: server.watching == 1)
            farm.put(f"b-{n}")
            await farm.settled()
            server.end_watches()
            farm.put(f"c-{n}")
            await farm.settled()
        assert len(farm.told) == len(set(farm.told)) == 11
        assert farm.lists == 1
        assert farm.informer.relists == 0
        assert farm.informer.reconnects >= 5


@pytest.mark.parametrize("by", ["event", "status"])
async def test_after_a_410_it_lists_anew_and_tells_what_was_deleted_meanwhile(server, by):
    async with watching(server) as farm:
        for name in "abc":
            farm.put(name)
        await farm.settled()
        await server.until(lambda: server.watching == 1)
        if by == "status":
            server.fail(410, refusal(410, "Expired"), matches=lambda r: r.is_watch)
        # Nothing of this is told by a watch.
        server.mute_watches()
        server.remove(JOBS, "a")
        farm.put("b", 1)
        farm.put("d")
        if by == "event":
            server.forget_history()
        server.drop_watches()
        await farm.settled()
        assert sorted(farm.told[3:]) == ["ADDED d", "DELETED a", "MODIFIED b"]
        assert farm.informer.relists == 1


async def test_a_bookmark_moves_the_place_to_go_on_from(server):
    async with watching(server) as farm:
        await farm.settled()
        await server.until(lambda: server.watching == 1)
        server.put("api/v1/pods", "elsewhere")
        server.bookmark()
        server.forget_history()
        server.end_watches()
        farm.put("a")
        await farm.settled()
        assert farm.lists == 1
        assert server.requests[-1].query["resourceVersion"] == "1001"


async def test_a_silent_watch_is_given_up_and_what_it_missed_is_made_up_for(server):
    async with watching(server, idle=0.05) as farm:
        farm.put("a")
        await farm.settled()
        await server.until(lambda: server.watching == 1)
        server.mute_watches()
        server.remove(JOBS, "a")
        await farm.settled()
        assert farm.told == ["ADDED a", "DELETED a"]
        assert farm.lists == 1


async def test_it_comes_back_through_any_run_of_failures(server, caplog):
    caplog.set_level(logging.CRITICAL)
    async with watching(server, run=False) as farm:
        farm.put("a")
        server.fail(503, times=3)
        server.fail(0, drop=True, times=2)
        server.fail(403, refusal(403, "Forbidden"), times=2)
        server.fail(502, "<html>", matches=lambda r: r.is_watch, times=2)
        server.fail(200, "", matches=lambda r: r.is_watch, times=2)
        server.fail(200, "{}\n", matches=lambda r: r.is_watch)
        server.fail(200, "{broken\n", matches=lambda r: r.is_watch)
        server.fail(
            200, '{"type":"ERROR","object":{"code":500,"message":"x"}}\n', matches=lambda r: r.is_watch
        )
        task = asyncio.create_task(farm.informer.run())
        await farm.informer.synced.wait()
        await server.until(lambda: server.watching == 1)
        farm.put("b")
        await farm.settled()
        assert farm.told == ["ADDED a", "ADDED b"]
        assert farm.lists - 7 == 1
        task.cancel()


async def test_the_server_s_wish_to_wait_is_heeded(server, monkeypatch):
    waits: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0.001)

    async with watching(server, run=False) as farm:
        server.fail(429, headers={"Retry-After": "9"})
        monkeypatch.setattr("renderjob.kube.informer.asyncio.sleep", noted)
        task = asyncio.create_task(farm.informer.run())
        await farm.informer.synced.wait()
        monkeypatch.undo()
        assert waits == [9]
        task.cancel()


async def test_a_list_too_long_for_the_server_s_memory_is_asked_for_whole(server):
    for n in range(9):
        server.put(JOBS, f"job-{n}", spec={"active": 0})
    server.fail(410, refusal(410, "Expired"), matches=lambda r: "continue" in r.query, times=100)
    async with watching(server, page=2) as farm:
        await farm.settled()
        assert len(farm.informer) == 9
        assert "limit" not in next(r for r in reversed(server.requests) if r.is_list).query


async def test_a_resync_finds_what_no_watch_told(server):
    async with watching(server, resync=0.05) as farm:
        farm.put("a")
        farm.put("b")
        await farm.settled()
        server._objects.pop((JOBS, "default", "a"))  # no event
        server.end_watches()
        await server.until(lambda: server.end_watches() or farm.names() == ["b"])
        assert farm.told[-1] == "DELETED a"
        assert farm.informer.relists >= 1


async def test_an_object_that_can_t_be_read_is_left_as_it_was_and_costs_nothing_else(server, caplog):
    async with watching(server) as farm:
        farm.put("a", 1)
        await farm.settled()
        server.put(JOBS, "a", spec={"no": "active"})
        server.put(JOBS, "never", spec={"no": "active"})
        farm.put("b")
        await server.until(lambda: "ADDED b" in farm.told)
        assert farm.names() == ["a", "b"]
        assert farm.informer.undecodable == 2
        assert "default/never can't be read" in caplog.text


async def test_an_object_that_is_of_no_interest_any_more_is_told_as_deleted(server):
    async with watching(server) as farm:
        farm.put("a")
        await farm.settled()
        server.put(JOBS, "a", spec="not ours")
        server.put(JOBS, "b", spec="not ours")
        await farm.settled()
        assert farm.told == ["ADDED a", "DELETED a"]


async def test_a_handler_that_fails_harms_nobody(server, caplog):
    async with watching(server) as farm:
        farm.informer._handlers.insert(0, lambda *_: 1 / 0)
        farm.put("a")
        await farm.settled()
        assert farm.told == ["ADDED a"]
        assert "a handler failed on ADDED" in caplog.text


async def test_our_own_write_is_known_at_once_and_not_told_back(server):
    async with watching(server) as farm:
        await farm.settled()
        await server.until(lambda: server.watching == 1)
        raw = farm.put("a")
        view = farm.informer.note(raw)
        assert view == farm.informer.get(view.uid)
        assert farm.informer.indexed("film") == [view]
        patched = farm.put("a", 1)
        farm.informer.note(patched)
        assert farm.informer.note(raw).active == 1, "an answer that comes late changes nothing"
        farm.put("b")
        await server.until(lambda: "ADDED b" in farm.told)
        assert farm.told == ["ADDED b"]
        farm.put("a", 2)
        await farm.settled()
        assert farm.told == ["ADDED b", "MODIFIED a"]


async def test_our_own_deletion_is_known_at_once_and_older_events_do_not_undo_it(server):
    async with watching(server) as farm:
        raw = farm.put("a")
        await farm.settled()
        farm.put("a", 1)
        server.remove(JOBS, "a")
        farm.informer.note_deleted(raw["metadata"]["uid"])
        assert farm.names() == []
        farm.put("b")
        await server.until(lambda: "ADDED b" in farm.told)
        assert farm.told == ["ADDED a", "ADDED b"]
        assert farm.names() == ["b"]


async def test_an_answer_that_comes_after_the_object_s_end_does_not_bring_it_back(server):
    async with watching(server) as farm:
        await farm.settled()
        raw = farm.put("a")
        server.remove(JOBS, "a")
        await server.until(lambda: farm.told == ["ADDED a", "DELETED a"])
        assert farm.informer.note(raw) is None
        assert farm.names() == []


async def test_an_object_that_was_noted_and_never_seen_is_gone_after_a_list(server):
    async with watching(server, resync=0.05) as farm:
        await farm.settled()
        raw = server.put("another/v1/jobs", "a", metadata={"labels": {}}, spec={"active": 0})
        farm.informer.note(raw)
        assert farm.names() == ["a"]
        await server.until(lambda: server.end_watches() or farm.told == ["DELETED a"])
        assert farm.names() == []


async def test_a_write_noted_while_a_list_is_under_way_is_kept(server):
    for n in range(4):
        server.put(JOBS, f"job-{n}", spec={"active": 0})
    noted = {}

    def note_between_pages(request) -> bool:
        if "continue" in request.query and not noted:
            raw = server.put(JOBS, "own", spec={"active": 0})
            noted.update(raw)
            farm.informer.note(raw)
        return False

    server.fail(500, matches=note_between_pages)
    async with watching(server, run=False, page=2) as farm:
        task = asyncio.create_task(farm.informer.run())
        await farm.informer.synced.wait()
        assert "own" in farm.names()
        await farm.settled()
        assert "DELETED own" not in farm.told
        task.cancel()


async def test_a_storm_of_events_is_told_whole_and_in_order(server):
    seen: list[int] = []
    async with watching(server) as farm:
        farm.informer.subscribe(lambda _event, _old, new: seen.append(new.active))
        await farm.settled()
        await server.until(lambda: server.watching == 1)
        for n in range(10_000):
            farm.put("a", n)
        await server.until(lambda: len(seen) == 10_000)
        assert seen == list(range(10_000))


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize("levels", [190, 250, 900])
async def test_an_object_of_any_depth_hides_no_other(server, levels: int):
    """Neither in a list nor in a watch; and what is not deep of it is read."""
    for name in ("a", "b", "c"):
        server.put(JOBS, name, spec={"active": 1, "deep": nested(levels if name == "b" else 1)})
    async with watching(server) as farm:
        await farm.settled()
        assert farm.names() == ["a", "b", "c"]
        server.put(JOBS, "b", spec={"active": 2, "deep": nested(levels)})
        server.put(JOBS, "d", spec={"active": 3})
        await farm.settled()
        assert {view.name: view.active for view in farm.informer.objects()} == {
            "a": 1,
            "b": 2,
            "c": 1,
            "d": 3,
        }
        assert farm.lists == 1


async def test_what_is_no_object_is_left_out_alone(server, caplog):
    page = {"metadata": {"resourceVersion": "1000"}, "items": [None, 7, {}, {"metadata": None}]}
    good = {
        "metadata": {"name": "a", "namespace": "x", "uid": "u", "resourceVersion": "5"},
        "spec": {"active": 1},
    }
    server.fail(200, {**page, "items": [*page["items"], good]}, matches=lambda r: r.is_list)
    with caplog.at_level(logging.CRITICAL):
        async with watching(server) as farm:
            await farm.informer.synced.wait()
            assert farm.names() == ["a"]
            assert farm.informer.undecodable == 4


async def test_a_line_that_can_not_be_read_however_often_is_followed_by_a_list(server):
    async with watching(server) as farm:
        await farm.settled()
        server.fail(200, '{"type": "ADDED", "object": {"metadata": \n', matches=lambda r: r.is_watch, times=3)
        server.end_watches()
        farm.put("new")
        await server.until(lambda: farm.lists == 2)
        await farm.settled()
        assert farm.names() == ["new"]


async def test_why_a_collection_can_not_be_listed_is_told_until_it_can(server):
    fault = server.fail(
        403, refusal(403, "Forbidden", "jobs is forbidden"), times=10**6, matches=lambda r: r.is_list
    )
    async with watching(server) as farm:
        await server.until(lambda: "jobs is forbidden" in farm.informer.trouble)
        fault.times = 0
        await farm.settled()
        assert farm.informer.trouble == ""


async def test_whatever_breaks_the_loop_it_lists_anew(server, monkeypatch, caplog):
    def broken(*_: Any) -> None:
        monkeypatch.undo()
        raise RecursionError

    async with watching(server) as farm:
        await farm.settled()
        await server.until(lambda: server.watching == 1)
        monkeypatch.setattr(Informer, "_apply", broken)
        with caplog.at_level(logging.CRITICAL):
            farm.put("new")
            await server.until(lambda: farm.lists == 2)
            await farm.settled()
        assert farm.names() == ["new"]
