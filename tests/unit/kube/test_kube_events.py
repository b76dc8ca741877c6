"""Events tell what happened, once, counted, and never in the way of work."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from renderjob.kube import EventRecorder, WriteLimiter
from renderjob.kube import events as events_module
from support.fake_api import FakeApi, refusal

PATH = "/api/v1/namespaces/film/events"
SHOT = {
    "apiVersion": "renderjob.dev/v1alpha1",
    "kind": "RenderJob",
    "namespace": "film",
    "name": "shot",
    "uid": "u1",
}


@pytest.fixture
def recorder(api) -> EventRecorder:
    return EventRecorder(api, WriteLimiter(), "renderjob", "pod-1")


async def told(server: FakeApi) -> list[tuple[str, str, int]]:
    async with server.api() as api:
        items = (await api.get(PATH))["items"]
    return [(e["reason"], e["message"], e["count"]) for e in items]


async def test_an_event_is_as_kubectl_describe_wants_it(recorder, server):
    recorder.record(SHOT, "Warning", "ChunkFailed", "frames 1-10 failed")
    await recorder.flush()
    event = server.requests[0].body
    assert event["involvedObject"] == SHOT
    assert event["metadata"]["namespace"] == "film"
    assert event["metadata"]["name"].startswith("shot.")
    assert (event["type"], event["reason"], event["message"]) == (
        "Warning",
        "ChunkFailed",
        "frames 1-10 failed",
    )
    assert event["source"] == {"component": "renderjob", "host": "pod-1"}
    assert event["count"] == 1
    assert event["firstTimestamp"] == event["lastTimestamp"]


async def test_equal_events_are_counted_not_repeated(recorder, server):
    for _ in range(3):
        recorder.record(SHOT, "Normal", "Started", "it runs")
    await recorder.flush()
    for _ in range(2):
        recorder.record(SHOT, "Normal", "Started", "it runs")
    recorder.record(SHOT, "Normal", "Started", "it runs again")
    await recorder.flush()
    assert sorted(await told(server)) == [("Started", "it runs", 5), ("Started", "it runs again", 1)]
    assert [r.method for r in server.requests if r.path.startswith(PATH)][:3] == ["POST", "PATCH", "POST"]


async def test_an_event_that_the_server_has_forgotten_is_told_anew(recorder, server):
    recorder.record(SHOT, "Normal", "Started", "it runs")
    await recorder.flush()
    server.remove("api/v1/events", server.requests[0].body["metadata"]["name"], "film")
    recorder.record(SHOT, "Normal", "Started", "it runs")
    await recorder.flush()
    assert await told(server) == [("Started", "it runs", 1)]


async def test_a_flood_of_one_word_is_cut_and_drowns_no_other(recorder, server):
    for n in range(1000):
        recorder.record(SHOT, "Warning", "ChunkFailed", f"frame {n} failed")
    recorder.record(SHOT, "Normal", "Completed", "all done")
    recorder.record({**SHOT, "uid": "u2"}, "Warning", "ChunkFailed", "frame 1 failed")
    await recorder.flush()
    assert Counter(reason for reason, _, _ in await told(server)) == {"ChunkFailed": 26, "Completed": 1}
    assert recorder.dropped == 975


async def test_the_allowance_comes_back_slowly(recorder, monkeypatch):
    monkeypatch.setattr(events_module, "REFILL", 0.001)
    for n in range(30):
        recorder.record(SHOT, "Warning", "ChunkFailed", f"frame {n} failed")
    await asyncio.sleep(0.05)
    before = recorder.dropped
    recorder.record(SHOT, "Warning", "ChunkFailed", "one more")
    assert recorder.dropped == before


async def test_when_too_many_wait_the_oldest_make_room(recorder, server, monkeypatch):
    monkeypatch.setattr(events_module, "PENDING", 3)
    for n in range(5):
        recorder.record({**SHOT, "uid": f"u{n}"}, "Normal", "Started", f"run {n}")
    assert recorder.dropped == 2
    await recorder.flush()
    assert sorted(await told(server)) == [("Started", f"run {n}", 1) for n in (2, 3, 4)]


async def test_a_flood_of_one_namespace_neither_drowns_nor_delays_the_event_of_another(
    recorder, server, monkeypatch
):
    monkeypatch.setattr(events_module, "PENDING", 20)
    recorder.record({**SHOT, "namespace": "quiet", "uid": "q"}, "Normal", "Completed", "it is done")
    for number in range(100):
        recorder.record({**SHOT, "uid": f"h{number}"}, "Warning", "InvalidSpec", "no frames")
    await recorder.flush()
    namespaces = [request.body["metadata"]["namespace"] for request in server.requests]
    assert namespaces.index("quiet") <= 1
    assert len(namespaces) == 20
    assert recorder.dropped == 81


async def test_of_as_many_namespaces_as_there_is_room_for_the_first_makes_room(recorder, server, monkeypatch):
    monkeypatch.setattr(events_module, "PENDING", 3)
    for number in range(4):
        recorder.record(
            {**SHOT, "namespace": f"n{number}", "uid": f"{number}"}, "Normal", "Completed", "done"
        )
    await recorder.flush()
    assert [request.body["metadata"]["namespace"] for request in server.requests] == ["n1", "n2", "n3"]


async def test_refusals_are_said_once_and_cost_only_the_event(recorder, server, caplog):
    server.fail(403, refusal(403, "Forbidden", "not you"), times=3)
    for n in range(4):
        recorder.record(SHOT, "Normal", "Started", f"run {n}")
    await recorder.flush()
    assert await told(server) == [("Started", "run 3", 1)]
    assert recorder.dropped == 3
    assert caplog.text.count("not you") == 1


async def test_a_long_message_is_cut_at_a_character(recorder, server):
    recorder.record(SHOT, "Normal", "Started", "é" * 2000)
    await recorder.flush()
    message = server.requests[0].body["message"]
    assert message.strip("é") == "…"
    assert 1020 < len(message.encode()) <= 1024


async def test_what_is_recorded_is_sent_by_the_loop(recorder, server):
    task = asyncio.create_task(recorder.run())
    for n in range(3):
        recorder.record(SHOT, "Normal", "Started", f"run {n}")
        await server.until(lambda n=n: len(server.requests) == n + 1)
    task.cancel()
    assert len(await told(server)) == 3
