"""What an API server does with writes of a custom resource that has a status subresource. The fake one and a real one
are held to it, so that what a repository is shown to do against the fake one holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from harness.api import Api, ApiError
from support.jobs import manifest

Object = dict[str, Any]

MERGE = "application/merge-patch+json"


class RenderJobs:
    """The RenderJobs of a namespace, by plain requests."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._path = f"/apis/renderjob.dev/v1alpha1/namespaces/{namespace}/renderjobs"

    async def create(self, body: Object) -> Object:
        return await asyncio.to_thread(self._api, "POST", self._path, body)

    async def get(self, name: str) -> Object:
        return await asyncio.to_thread(self._api, "GET", f"{self._path}/{name}")

    async def put(self, name: str, body: Object) -> Object:
        return await asyncio.to_thread(self._api, "PUT", f"{self._path}/{name}", body)

    async def patch(self, name: str, body: Object) -> Object:
        return await asyncio.to_thread(self._api, "PATCH", f"{self._path}/{name}", body, MERGE)

    async def delete(self, name: str, body: Object | None = None) -> Object:
        return await asyncio.to_thread(self._api, "DELETE", f"{self._path}/{name}", body)


def edited(thing: Object, **spec: Any) -> Object:
    return {**thing, "spec": {**thing["spec"], **spec}}


def meta(thing: Object, *fields: str) -> list[Any]:
    return [thing["metadata"].get(field) for field in fields]


async def refused(code: int, awaitable: Any) -> None:
    with pytest.raises(ApiError) as caught:
        await awaitable
    assert caught.value.code == code


class ApiServerSuite:
    """Tests that take `renderjobs`, and `shot`: what it takes to create one."""

    @pytest.fixture
    def shot(self) -> Callable[[], Object]:
        def body() -> Object:
            made = manifest("a", cancel=False)
            made["spec"]["template"]["spec"]["containers"][0]["image"] = "example/none:1"
            return made

        return body

    async def test_the_server_sets_what_is_its_own(self, renderjobs, shot):
        body = shot()
        body["metadata"] |= {"uid": "mine", "generation": 7, "creationTimestamp": "2001-01-01T00:00:00Z"}
        made = await renderjobs.create({**body, "status": {"progress": 5}})
        uid, generation, created = meta(made, "uid", "generation", "creationTimestamp")
        assert uid != "mine"
        assert generation == 1
        assert datetime.fromisoformat(created).year > 2001
        assert "progress" not in made.get("status", {})
        assert await renderjobs.get("a") == made
        await refused(409, renderjobs.create(shot()))

    @pytest.mark.parametrize("way", ["put", "patch"])
    async def test_a_write_of_the_resource_leaves_its_status(self, renderjobs, shot, way):
        await renderjobs.create(shot())
        running = await renderjobs.patch("a/status", {"status": {"progress": 5}})
        edit = {**edited(running, cancel=True), "status": {"progress": 99}}
        written = await getattr(renderjobs, way)("a", edit)
        assert written["status"]["progress"] == 5
        assert written["spec"]["cancel"] is True
        assert meta(written, "uid", "creationTimestamp") == meta(running, "uid", "creationTimestamp")

    @pytest.mark.parametrize("way", ["put", "patch"])
    async def test_a_write_of_the_status_leaves_the_rest(self, renderjobs, shot, way):
        made = await renderjobs.create(shot())
        other = edited(made, cancel=True)
        other["metadata"] = {**made["metadata"], "labels": {"a": "b"}}
        written = await getattr(renderjobs, way)("a/status", {**other, "status": {"progress": 7}})
        assert written["status"]["progress"] == 7
        assert written["spec"] == made["spec"]
        assert meta(written, "labels", "generation") == [None, 1]
        assert meta(written, "resourceVersion") != meta(made, "resourceVersion")

    async def test_the_generation_counts_edits_of_the_spec(self, renderjobs, shot):
        await renderjobs.create(shot())
        labelled = await renderjobs.patch("a", {"metadata": {"labels": {"a": "b"}}})
        edit = await renderjobs.patch("a", {"spec": {"cancel": True}, "metadata": {"generation": 70}})
        assert [*meta(labelled, "generation"), *meta(edit, "generation")] == [1, 2]

    async def test_a_patch_removes_by_null_and_replaces_lists(self, renderjobs, shot):
        made = await renderjobs.create(edited(shot(), timeouts={"stall": "5m", "start": "6m"}))
        container = {"name": "other", "image": "example/none:2"}
        patch = {"timeouts": {"stall": None}, "template": {"spec": {"containers": [container]}}}
        patched = await renderjobs.patch("a", {"spec": patch})
        assert made["spec"]["timeouts"]["stall"] == "5m"
        assert patched["spec"]["timeouts"]["start"] == "6m"
        assert "stall" not in patched["spec"]["timeouts"]
        assert patched["spec"]["template"]["spec"]["containers"] == [container]

    async def test_a_write_that_changes_nothing_makes_no_version(self, renderjobs, shot):
        await renderjobs.create(shot())
        edit = await renderjobs.patch("a", {"spec": {"cancel": True}})
        assert await renderjobs.patch("a", {"spec": {"cancel": True}}) == edit
        status = await renderjobs.patch("a/status", {"status": {"progress": 3}})
        assert await renderjobs.patch("a/status", {"status": {"progress": 3}}) == status

    @pytest.mark.parametrize("place", ["a", "a/status"])
    async def test_a_write_is_meant_for_one_version_of_one_object(self, renderjobs, shot, place):
        old = await renderjobs.create(shot())
        now = await renderjobs.patch("a", {"spec": {"cancel": True}})
        change = {"spec": {"cancel": False}, "status": {"progress": 1}}
        version = {"resourceVersion": old["metadata"]["resourceVersion"]}
        await refused(409, renderjobs.patch(place, {**change, "metadata": version}))
        await refused(409, renderjobs.put(place, {**old, **change, "spec": old["spec"]}))
        another = {**now["metadata"], "uid": "another"}
        await refused(409, renderjobs.put(place, {**now, "metadata": another}))
        anyway = {key: value for key, value in now["metadata"].items() if key != "resourceVersion"}
        await refused(422, renderjobs.put(place, {**now, "metadata": anyway}))
        assert await renderjobs.get("a") == now
        await refused(409, renderjobs.delete("a", {"preconditions": {"uid": "another"}}))
        # Of a status' patch a uid is not read: only the version tells apart two objects of one name.
        await refused(422, renderjobs.patch("a", {**change, "metadata": {"uid": "another"}}))
        await renderjobs.patch("a/status", {**change, "metadata": {"uid": "another"}})
        await renderjobs.delete("a", {"preconditions": {"uid": now["metadata"]["uid"]}})
        for gone in (renderjobs.get("a"), renderjobs.patch(place, change), renderjobs.put(place, now)):
            await refused(404, gone)
