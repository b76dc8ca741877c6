"""The layer below the operator, against a real API server: what the fake one only pretends to be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import pytest

from harness import ControlPlane
from harness.waiting import patient, slowness
from renderjob.kube import (
    ApiError,
    EventRecorder,
    Informer,
    KubeApi,
    LeaderElection,
    UnreachableError,
    WriteLimiter,
)
from support.leftovers import nothing_is_left

LABEL = "kube-layer"


def config_map(name: str, value: int = 0, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {LABEL: "yes"}, **metadata}, "data": {"value": str(value)}}


def read_value(raw: dict[str, Any]) -> tuple[str, int]:
    return raw["metadata"]["name"], int(raw["data"]["value"])


def maps(namespace: str, name: str = "") -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps" + (f"/{name}" if name else "")


async def refused(awaitable) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await awaitable
    return caught.value


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(patient()):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(informer: Informer[Any]) -> AsyncIterator[None]:
    task = asyncio.create_task(informer.run())
    try:
        await asyncio.wait_for(informer.synced.wait(), patient())
        yield
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def informing(api: KubeApi, namespace: str, **options: Any) -> AsyncIterator[Informer[tuple[str, int]]]:
    informer = Informer(api, maps(namespace), read_value, query={"labelSelector": LABEL}, **options)
    async with running(informer):
        yield informer


@pytest.fixture
async def api(control_plane: ControlPlane) -> AsyncIterator[KubeApi]:
    async with await KubeApi.connect(control_plane.kubeconfig) as api:
        yield api


@pytest.fixture
def own_plane():
    """A control plane that a test may break."""
    with ControlPlane.start(nodes=0) as plane:
        yield plane


async def test_writes_are_conditional_on_uid_and_version(api: KubeApi, namespace: str):
    made = await api.create(maps(namespace), config_map("a"))
    uid, version = made["metadata"]["uid"], made["metadata"]["resourceVersion"]
    path = maps(namespace, "a")
    assert (await refused(api.create(maps(namespace), config_map("a")))).already_exists
    changed = await api.merge_patch(path, {"metadata": {"uid": uid}, "data": {"value": "1", "more": None}})
    assert changed["data"] == {"value": "1"}
    assert (await refused(api.merge_patch(path, {"metadata": {"uid": "another"}}))).conflict
    assert (
        await refused(api.merge_patch(path, {"metadata": {"resourceVersion": version}, "data": {}}))
    ).conflict
    assert (await refused(api.delete(path, uid="another"))).conflict
    assert (await refused(api.delete(path, resource_version=version))).conflict
    answer = await api.delete(path, uid=uid, propagation="Foreground", grace=0)
    assert answer["metadata"].get("deletionTimestamp") or answer["status"] == "Success"
    await until_gone(api, path)
    assert (await refused(api.delete(path))).not_found


async def until_gone(api: KubeApi, path: str) -> None:
    async with asyncio.timeout(patient()):
        while True:
            try:
                await api.get(path)
            except ApiError as e:
                assert e.not_found
                return
            await asyncio.sleep(0.05)


async def test_refusals_are_told_apart(api: KubeApi, control_plane: ControlPlane, namespace: str):
    invalid = await refused(api.create(maps(namespace), config_map("Not A Name")))
    assert (invalid.status, invalid.reason, invalid.permanent) == (422, "Invalid", True)
    assert invalid.details["causes"][0]["field"] == "metadata.name"
    nowhere = await refused(api.create(maps("nowhere"), config_map("a")))
    assert nowhere.not_found
    assert nowhere.permanent
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"count/configmaps": "0"}}}
    await api.create(f"/api/v1/namespaces/{namespace}/resourcequotas", quota)

    async def over_quota() -> bool:
        try:
            made = await api.create(maps(namespace), config_map("a"))
        except ApiError as e:
            assert (e.status, e.reason, e.permanent) == (403, "Forbidden", True)
            assert "quota" in e.message
            return True
        await api.delete(maps(namespace, made["metadata"]["name"]))
        return False

    async with asyncio.timeout(patient()):
        while not await over_quota():
            await asyncio.sleep(0.1)
    async with await KubeApi.connect(control_plane.kubeconfig_for(namespace, "default")) as nobody:
        assert nobody.namespace == namespace
        error = await refused(nobody.get(maps(namespace)))
        assert (error.reason, error.permanent) == ("Forbidden", True)
        assert f"system:serviceaccount:{namespace}:default" in error.message
        nobody.cluster.configuration.api_key["BearerToken"] = "Bearer wrong"
        # The kubeconfig is read again, and the request is made with what it says.
        assert (await refused(nobody.get(maps(namespace)))).reason == "Forbidden"


async def test_a_list_in_pages_is_of_one_moment(api: KubeApi, namespace: str):
    await asyncio.gather(*(api.create(maps(namespace), config_map(f"m-{n:03}")) for n in range(60)))
    seen, versions = [], set()
    async with aclosing(api.list_pages(maps(namespace), limit=25, labelSelector=LABEL)) as pages:
        async for page in pages:
            seen += [item["metadata"]["name"] for item in page["items"]]
            versions.add(page["metadata"]["resourceVersion"])
            await api.create(maps(namespace), config_map(f"m-{900 + len(seen)}"))
    assert seen == [f"m-{n:03}" for n in range(60)]
    assert len(versions) == 1


async def test_an_informer_follows_writes_of_its_own_and_of_others(api: KubeApi, namespace: str):
    told: list[str] = []
    await api.create(maps(namespace), config_map("before"))
    async with informing(api, namespace, watch=2, page=1) as informer:
        informer.subscribe(lambda event, old, new: told.append(f"{event} {(new or old)[0]}"))

        async def one(n: int) -> None:
            informer.note(await api.create(maps(namespace), config_map(f"m-{n}")))
            changed = await api.merge_patch(maps(namespace, f"m-{n}"), {"data": {"value": str(n)}})
            assert informer.note(changed) == (f"m-{n}", n)
            if n % 3 == 0:
                await api.delete(maps(namespace, f"m-{n}"))
                informer.note_deleted(changed["metadata"]["uid"])

        for _ in range(4):  # across several ends of the watch
            await asyncio.gather(*(one(n) for n in range(30)))
            expected = sorted([("before", 0), *((f"m-{n}", n) for n in range(30) if n % 3)])
            assert sorted(informer.objects()) == expected, "our own writes are known at once"
            await asyncio.sleep(0.7)
            assert sorted(informer.objects()) == expected, "and the watch, which is late, undoes none of them"
            await asyncio.gather(*(api.delete(maps(namespace, f"m-{n}")) for n in range(30) if n % 3))
            await until(lambda: informer.objects() == [("before", 0)])
        assert {f"DELETED m-{n}" for n in range(30) if n % 3} <= set(told)
        assert informer.relists == 0
        assert informer.reconnects >= 1


async def test_an_object_that_leaves_the_selector_and_returns_is_followed(api: KubeApi, namespace: str):
    told: list[str] = []
    async with informing(api, namespace) as informer:
        informer.subscribe(lambda event, *_: told.append(event))
        await api.create(maps(namespace), config_map("a"))
        await api.merge_patch(maps(namespace, "a"), {"metadata": {"labels": None}})
        await until(lambda: told == ["ADDED", "DELETED"])
        await api.merge_patch(maps(namespace, "a"), {"metadata": {"labels": {LABEL: "again"}}})
        await until(lambda: told == ["ADDED", "DELETED", "ADDED"])
        assert informer.objects() == [("a", 0)]


@pytest.mark.slow
async def test_an_informer_survives_the_server_s_end_and_a_compaction(own_plane: ControlPlane):
    told: list[str] = []
    async with await KubeApi.connect(own_plane.kubeconfig) as api:
        informer = Informer(api, maps("default"), read_value, query={"labelSelector": LABEL})
        informer.subscribe(lambda event, old, new: told.append(f"{event} {(new or old)[0]}"))
        async with running(informer):
            await api.create(maps("default"), config_map("stays"))
            goes = await api.create(maps("default"), config_map("goes"))
            await until(lambda: len(informer) == 2)
            await asyncio.to_thread(own_plane.stop_apiserver)
            with pytest.raises(UnreachableError):
                await api.get(maps("default"))
            await asyncio.to_thread(own_plane.start_apiserver)
            await api.create(maps("default"), config_map("new"))
            await until(lambda: len(informer) == 3)
            # It goes on where it was, unless the new server's memory begins later.
            before = informer.relists
            assert before <= 1
        # While nobody watches, an object goes; and then the server forgets that it did.
        await api.delete(maps("default", goes["metadata"]["name"]))
        await asyncio.to_thread(own_plane.compact)
        told.clear()
        async with running(informer):
            await until(lambda: told)
        assert told == ["DELETED goes"]
        assert informer.relists == before + 1
        assert sorted(informer.objects()) == [("new", 0), ("stays", 0)]


async def test_a_lease_has_one_holder_and_is_handed_over(api: KubeApi, namespace: str):
    slow = slowness()

    def candidate(identity: str) -> LeaderElection:
        times = {"duration": 3 * slow, "renew_deadline": 2 * slow, "retry": 0.4 * slow}
        return LeaderElection(api, namespace, "operator", identity, **times)

    a, b = candidate("a"), candidate("b")
    await a.acquire()
    waiting = asyncio.create_task(b.acquire())
    await asyncio.sleep(4 * slow)
    assert a.is_leader
    assert not waiting.done()
    await a.release()
    await asyncio.wait_for(waiting, patient())
    assert b.is_leader
    lease = await api.get(f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/operator")
    assert (lease["spec"]["holderIdentity"], lease["spec"]["leaseTransitions"]) == ("b", 1)
    await b.release()


async def test_events_are_shown_and_counted(api: KubeApi, control_plane: ControlPlane, namespace: str):
    made = await api.create(maps(namespace), config_map("shot"))
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "namespace": namespace, "name": "shot"}
    recorder = EventRecorder(api, WriteLimiter(), "renderjob-operator")
    for _ in range(2):
        for _ in range(3):
            recorder.record(
                {**reference, "uid": made["metadata"]["uid"]}, "Warning", "ChunkFailed", "frame 7: no"
            )
        await recorder.flush()
    assert recorder.dropped == 0
    shown = await asyncio.to_thread(control_plane.kubectl, "describe", "configmap", "shot", "-n", namespace)
    line = next(line for line in shown.splitlines() if "ChunkFailed" in line)
    assert "x6 over" in line
    assert "frame 7: no" in line
    assert "renderjob-operator" in line


async def test_a_storm_of_writes_is_kept_to_the_rate_that_the_server_takes(api: KubeApi, namespace: str):
    limiter = WriteLimiter(rate=200, burst=50, in_flight=16)
    async with informing(api, namespace) as informer:

        async def one(n: int) -> None:
            async with limiter.turn(f"job-{n % 7}"):
                informer.note(await api.create(maps(namespace), config_map(f"m-{n}", n)))

        await asyncio.gather(*(one(n) for n in range(400)))
        assert len(informer) == 400
        assert limiter.in_flight == limiter.waiting == 0
        await asyncio.sleep(0.5)
        assert sorted(value for _, value in informer.objects()) == list(range(400))


def test_a_request_that_is_broken_off_leaves_no_connection(control_plane: ControlPlane):
    """In whichever moment: while the connection is made, its handshake is under way, or the answer comes."""

    async def broken_off(after: float) -> None:
        async with await KubeApi.connect(control_plane.kubeconfig) as api:
            asked = asyncio.create_task(api.get("/api/v1/namespaces"))
            await asyncio.sleep(after)
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)

    with nothing_is_left():
        for moment in range(60):
            asyncio.run(broken_off(moment * 0.0005))
