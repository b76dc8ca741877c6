"""Requests reach the server as meant, and every refusal and failure has its own face."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from renderjob.kube import ApiError, KubeApi, KubeError, UnreachableError
from support.fake_api import FakeApi, refusal

JOBS = "/apis/batch/v1/namespaces/film/jobs"
COLLECTION = "apis/batch/v1/jobs"


def job(name: str, **metadata):
    return {"metadata": {"name": name, **metadata}, "spec": {"parallelism": 1, "suspend": False}}


async def refused(awaitable) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await awaitable
    return caught.value


async def test_an_object_is_created_read_patched_and_deleted(api, server):
    made = await api.create(JOBS, job("shot"), fieldManager="renderjob")
    assert made["metadata"]["uid"]
    assert await api.get(f"{JOBS}/shot") == made
    patched = await api.merge_patch(f"{JOBS}/shot", {"spec": {"suspend": None, "parallelism": 2}})
    assert patched["spec"] == {"parallelism": 2}
    await api.delete(f"{JOBS}/shot", uid=made["metadata"]["uid"], grace=0)
    assert (await refused(api.get(f"{JOBS}/shot"))).not_found
    assert server.requests[0].query == {"fieldManager": "renderjob"}
    assert server.requests[2].headers["Content-Type"] == "application/merge-patch+json"
    assert server.requests[3].body == {
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "propagationPolicy": "Background",
        "gracePeriodSeconds": 0,
        "preconditions": {"uid": made["metadata"]["uid"]},
    }


async def test_another_object_of_the_name_is_neither_patched_nor_deleted(api, server):
    server.put(COLLECTION, "shot", "film")
    stranger = {"metadata": {"uid": "another"}, "spec": {}}
    for error in (
        await refused(api.merge_patch(f"{JOBS}/shot", stranger)),
        await refused(api.delete(f"{JOBS}/shot", uid="another")),
        await refused(api.delete(f"{JOBS}/shot", resource_version="1")),
    ):
        assert error.conflict
        assert not error.transient
        assert not error.permanent


async def test_query_values_are_written_as_kubernetes_reads_them(api, server):
    await api.get(JOBS, labelSelector="a=b,c in (d, e)", limit=5, dry=True, fieldSelector=None)
    assert server.requests[0].query == {"labelSelector": "a=b,c in (d, e)", "limit": "5", "dry": "true"}


async def test_a_list_comes_in_pages_of_one_version(api, server):
    for n in range(7):
        server.put(COLLECTION, f"shot-{n}", "film")
    version, pages = str(server.version), []
    async with aclosing(api.list_pages(JOBS, limit=3)) as listed:
        async for page in listed:
            pages.append([item["metadata"]["name"] for item in page["items"]])
            assert page["metadata"]["resourceVersion"] == version
            server.put(COLLECTION, "late", "film")
    assert pages == [["shot-0", "shot-1", "shot-2"], ["shot-3", "shot-4", "shot-5"], ["shot-6"]]


@pytest.mark.parametrize(
    ("status", "transient", "permanent"),
    [
        (refusal(400, "BadRequest"), False, True),
        (refusal(401, "Unauthorized"), True, False),
        (refusal(403, "Forbidden"), False, True),
        (refusal(404, "NotFound"), False, True),
        (refusal(405, "MethodNotAllowed"), False, True),
        (refusal(408, "Timeout"), True, False),
        (refusal(409, "AlreadyExists"), False, False),
        (refusal(409, "Conflict", kind="jobs"), False, False),
        (refusal(409, "Conflict", kind="resourcequotas"), True, False),
        (refusal(410, "Expired"), False, False),
        (refusal(413, "RequestEntityTooLarge"), False, True),
        (refusal(422, "Invalid"), False, True),
        (refusal(429, "TooManyRequests"), True, False),
        (refusal(500, "InternalError"), True, False),
        (refusal(503, "ServiceUnavailable"), True, False),
        (refusal(504, "Timeout"), True, False),
    ],
    ids=lambda value: f"{value['code']}-{value['reason']}" if isinstance(value, dict) else "",
)
async def test_a_refusal_says_whether_it_passes(api, server, status, transient, permanent):
    server.fail(status["code"], status)
    error = await refused(api.create(JOBS, job("shot")))
    assert (error.status, error.reason, error.message) == (status["code"], status["reason"], "no")
    assert (error.transient, error.permanent) == (transient, permanent)
    assert error.details == status["details"]
    assert error.gone == (error.status == 410)
    assert error.throttled == (error.status == 429)
    assert error.already_exists == (error.reason == "AlreadyExists")
    assert len(server.requests) == 1, "nothing is tried again behind the caller's back"


async def test_the_server_says_when_to_come_again(api, server):
    server.fail(429, headers={"Retry-After": "7"})
    assert (await refused(api.get(JOBS))).retry_after == 7
    server.fail(500, refusal(500, "ServerTimeout", retryAfterSeconds=3))
    assert (await refused(api.get(JOBS))).retry_after == 3
    server.fail(503, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"})
    assert (await refused(api.get(JOBS))).retry_after is None


async def test_what_is_no_status_is_shown_as_it_is(api, server):
    server.fail(502, "<html>\n  <b>bad gateway</b>\n</html>")
    error = await refused(api.get(JOBS))
    assert str(error) == "HTTP 502: <html> <b>bad gateway</b> </html>"
    assert error.transient


async def test_an_answer_that_is_no_json_is_as_good_as_none(api, server):
    server.fail(200, "welcome to the hotel's network")
    with pytest.raises(UnreachableError, match="no JSON object"):
        await api.get(JOBS)


async def test_dropped_silent_and_absent_servers_are_unreachable(server):
    async with server.api(timeout=0.05) as api:
        server.fail(200, drop=True)
        with pytest.raises(UnreachableError, match=r"POST .*/jobs"):
            await api.create(JOBS, job("shot"))
        server.fail(200, hang=True)
        with pytest.raises(UnreachableError, match="no answer in time") as caught:
            await api.create(JOBS, job("shot"))
        assert caught.value.transient
        assert not caught.value.permanent
    async with FakeApi() as closed:
        cluster = closed.cluster()
    async with KubeApi(cluster) as api:
        with pytest.raises(UnreachableError):
            await api.get(JOBS)


async def test_a_stream_gives_lines_as_they_come_and_ends_when_it_ends(api, server):
    lines = api.stream(JOBS, watch=True, resourceVersion=server.version)
    server.put(COLLECTION, "a", "film")
    assert b'"name": "a"' in await anext(lines)
    server.say(b"half")
    server.say(b"")
    server.end_watches()
    assert [line async for line in lines] == [b"half", b""]


async def test_a_silent_stream_is_given_up(api, server):
    async with aclosing(api.stream(JOBS, idle=0.05, watch=True, resourceVersion=server.version)) as lines:
        server.put(COLLECTION, "a", "film")
        await anext(lines)
        with pytest.raises(UnreachableError, match="no answer in time"):
            await anext(lines)


async def test_who_leaves_a_stream_leaves_no_connection(api, server):
    async with aclosing(api.stream(JOBS, watch=True, resourceVersion=server.version)) as lines:
        server.put(COLLECTION, "a", "film")
        await anext(lines)
    await server.until(lambda: server.put(COLLECTION, "a", "film") and server.watching == 0)


async def test_a_stream_that_is_refused_says_why(api, server):
    server.fail(410, refusal(410, "Expired"))
    assert (await refused(anext(api.stream(JOBS, watch=True)))).gone


async def test_many_requests_at_once_are_answered(api):
    made = await asyncio.gather(*(api.create(JOBS, job(f"shot-{n}")) for n in range(300)))
    assert len({m["metadata"]["uid"] for m in made}) == 300


async def test_text_is_read_as_text(api, server):
    server.fail(200, "Fra:1\nFra:2\n")
    assert await api.text("/api/v1/namespaces/film/pods/x/log") == "Fra:1\nFra:2\n"


async def test_an_expired_credential_is_read_anew_once_for_all_and_the_request_repeated(server):
    reads = 0
    cluster = server.cluster()

    async def reload() -> None:
        nonlocal reads
        reads += 1
        await asyncio.sleep(0)
        cluster.configuration.api_key["BearerToken"] = "Bearer new"

    cluster.configuration.api_key["BearerToken"] = "Bearer old"
    server.token = "new"
    async with KubeApi(replace(cluster, reload=reload)) as api:
        await asyncio.gather(*(api.create(JOBS, job(f"shot-{n}")) for n in range(5)))
        assert reads == 1
        server.token = "newer"
        error = await refused(api.get(JOBS))
        assert (error.status, error.transient, reads) == (401, True, 2)


async def test_all_errors_are_kube_errors():
    assert issubclass(ApiError, KubeError)
    assert issubclass(UnreachableError, KubeError)


async def test_pages_of_large_objects_hold_fewer_and_nothing_is_left_out(api, server, monkeypatch):
    monkeypatch.setattr("renderjob.kube.api.PAGE_BYTES", 10_000)
    for n in range(40):
        large = {"text": "x" * (20_000 if n == 7 else 600)}
        server.put(COLLECTION, f"job-{n:02}", "film", spec=large)
    seen = []
    async with aclosing(api.list_pages(JOBS, limit=40)) as pages:
        async for page in pages:
            seen += [item["metadata"]["name"] for item in page["items"]]
    assert seen == [f"job-{n:02}" for n in range(40)]
    assert [r.query["limit"] for r in server.requests[:2]] == ["40", "10"]
