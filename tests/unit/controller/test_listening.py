"""kopf is told which RenderJobs there are, in which version, and nothing that a user wrote."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import kopf
import pytest
from aiohttp import ClientPayloadError

from renderjob.controller.identities import event, identity
from renderjob.controller.kopf_adapter import connection
from renderjob.repositories.cache import LARGE
from support.fake_api import FakeApi
from support.leftovers import nothing_is_left
from support.silent_server import SilentServer, Until, silent_server

JOBS = "apis/renderjob.dev/v1alpha1/renderjobs"
OURS = {"kopf.zalando.org/last-handled-configuration": "[" * 10_000}
"""What kopf would read as its own."""


class Ears:
    """Who listens."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.seen: list[tuple[str, int]] = []

    def report_access(self, trouble: str) -> None:
        self.said.append(trouble)

    def observe_object(self, raw: dict[str, Any], size: int) -> None:
        self.seen.append((raw["metadata"]["uid"], size))


def line(kind: str, **metadata: Any) -> bytes:
    thing = {
        "metadata": {"uid": "u", "name": "a", "resourceVersion": "7", **metadata},
        "spec": {"frames": "1"},
    }
    return json.dumps({"type": kind, "object": thing}).encode()


def test_an_event_keeps_no_more_than_it_takes_to_know_which_it_is():
    told = json.loads(event(line("ADDED", annotations=OURS, managedFields=[{"x": 1}])) or b"")
    assert told["type"] == "ADDED"
    assert told["object"]["metadata"] == {"uid": "u", "name": "a", "resourceVersion": "7"}
    assert "spec" not in told["object"]


@pytest.mark.parametrize("spec", [b'"x"', b"[]", b'{"":{}}', b"[" * 5_000 + b"]" * 5_000])
def test_of_a_large_event_the_same_is_told_and_nothing_is_kept(spec: bytes):
    seen: list[Any] = []
    many = b"[%b]" % b",".join([spec] * (200_000 // len(spec)))
    metadata = b'{"name":"a","uid":"u","generation":3,"resourceVersion":"7","labels":%b}' % many
    text = b'{"type":"MODIFIED","object":{"kind":"RenderJob","metadata":%b,"spec":{"x":%b}}}' % (
        metadata,
        many,
    )
    told = json.loads(event(text, lambda raw, size: seen.append(size)) or b"")
    assert told["object"]["metadata"] == {"name": "a", "uid": "u", "generation": 3, "resourceVersion": "7"}
    assert all(size > LARGE for size in seen)


@pytest.mark.parametrize("levels", [250, 5_000, 9_990])
def test_an_event_of_any_depth_is_told(levels: int):
    deep = b'{"a":' * levels + b"1" + b"}" * levels
    text = b'{"type":"MODIFIED","object":{"metadata":{"uid":"u","resourceVersion":"7"},"spec":%b}}' % deep
    assert json.loads(event(text) or b"")["object"]["metadata"]["uid"] == "u"


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"type": "ADDED"}', b"<html>", b'"x"'])
def test_what_is_no_event_makes_kopf_list_anew(text: bytes):
    told = json.loads(event(text) or b"")
    assert (told["type"], told["object"]["code"]) == ("ERROR", 410)


def test_what_an_object_says_goes_to_who_wants_it_but_for_one_that_is_gone():
    ears = Ears()
    for kind in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK"):
        event(line(kind), ears.observe_object)
    assert ears.seen == [("u", len(line("ADDED"))), ("u", len(line("MODIFIED")))]


def test_bookmarks_and_errors_are_passed_on():
    assert json.loads(event(line("BOOKMARK")) or b"")["object"] == {"metadata": {"resourceVersion": "7"}}
    error = b'{"type":"ERROR","object":{"code":410}}'
    assert event(error) == error


@pytest.mark.parametrize("thing", [None, 7, {}, {"metadata": None}, {"metadata": {"uid": "u"}}])
def test_what_has_no_identity_is_left_out(thing: object):
    assert identity(thing) is None
    assert event(json.dumps({"type": "ADDED", "object": thing}).encode()) is None


async def test_a_list_is_one_of_identities_and_only_metadata_is_asked_for():
    async with FakeApi() as server:
        for name in ("a", "b"):
            server.put(JOBS, name, metadata={"annotations": OURS}, spec={"frames": "1"})
        session = connection(kopf.ConnectionInfo(server=server.url), Ears()).aiohttp_session
        async with session, session.get(f"{server.url}/{JOBS}") as response:
            items = (await response.json())["items"]
    assert [item["metadata"]["name"] for item in items] == ["a", "b"]
    assert not any(item.keys() - {"apiVersion", "kind", "metadata"} for item in items)
    assert not any("annotations" in item["metadata"] for item in items)
    assert "PartialObjectMetadataList" in server.requests[0].headers["Accept"]


async def test_an_answer_that_is_no_json_is_tried_again_like_one_that_was_cut_short():
    async with FakeApi() as server:
        server.fail(200, "<html>")
        session = connection(kopf.ConnectionInfo(server=server.url), Ears()).aiohttp_session
        async with session, session.get(f"{server.url}/{JOBS}") as response:
            with pytest.raises(ClientPayloadError):
                await response.json()


async def test_why_nothing_is_heard_is_told_until_it_is():
    ears = Ears()
    async with FakeApi() as server:
        server.fail(403)
        session = connection(kopf.ConnectionInfo(server=server.url), ears).aiohttp_session
        async with session:
            for _ in range(2):
                async with session.get(f"{server.url}/{JOBS}"):
                    pass
            async with session.get(f"{server.url}/api/v1/namespaces"):
                pass
        with pytest.raises(RuntimeError):
            await session.get(f"{server.url}/{JOBS}")
    assert ears.said == ["HTTP 403 Forbidden", ""]


def test_a_watch_that_is_broken_off_leaves_no_connection(tmp_path):
    async def listen(server: SilentServer) -> None:
        ca = server.cluster.configuration.ssl_ca_cert
        info = kopf.ConnectionInfo(server=server.cluster.server, ca_path=ca)
        session = connection(info, Ears()).aiohttp_session
        asked = asyncio.create_task(session.get(f"{info.server}/{JOBS}", params={"watch": "true"}))
        await asyncio.to_thread(server.reached.acquire)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        await session.close()

    with silent_server(Until.ASKED, tmp_path) as server, nothing_is_left():
        asyncio.run(listen(server))
