"""However many RenderJobs there are, and however large, what is kept of them fits into so much memory."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from pydantic_core import from_json, to_json

from renderjob.manager import InvalidJobError
from renderjob.repositories import cache
from renderjob.repositories.cache import ResourceCache
from renderjob.repositories.resource import read_job
from renderjob.repositories.weight import weigh
from support.jobs import manifest

Object = dict[str, Any]


def raw(uid: str = "u", version: int = 1, status: Object | None = None, **spec: Any) -> Object:
    body = manifest("a", **spec)
    meta = {"namespace": "film", "uid": uid, "generation": 1, "resourceVersion": str(version)}
    found: Object = {**body, "metadata": {**body["metadata"], **meta}}
    return {**found, "status": status} if status else found


def listed(chunks: int) -> Object:
    return {"frames": f"1-{chunks}", "chunks": {"explicit": [{"frames": str(n + 1)} for n in range(chunks)]}}


def wordy(variables: int) -> Object:
    env = [{"name": f"V{n}", "value": "x" * 1000} for n in range(variables)]
    container = {"name": "render", "image": "x", "command": ["true"], "env": env}
    return {"template": {"spec": {"containers": [container]}}}


@pytest.mark.parametrize("spec", [listed(5000), wordy(500)], ids=["listed", "wordy"])
def test_a_weight_is_about_the_memory_of_what_was_read(spec: Object) -> None:
    text = to_json(raw(**spec))
    read_job(from_json(text))
    tracemalloc.start()
    try:
        job = read_job(from_json(text))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert job.spec.frames
    assert taken / 2 < weigh(raw(**spec)).memory < taken * 2


def test_what_was_not_used_for_the_longest_time_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST", 3 * weigh(raw(**listed(100))).memory + 20_000)
    known = ResourceCache()
    for uid in "abc":
        known.note(raw(uid, **listed(100)))
        assert known.job(uid) is not None
    known.job("a")
    known.note(raw("d", **listed(100)))
    assert [uid for uid in "abcd" if known.current(uid)] == ["a", "c", "d"]
    assert known.uids() == set("abcd")
    assert known.identity("b") is not None, "it can be asked for"
    known.note(raw("b", **listed(100)))
    assert known.job("b") is not None


def test_versions_and_deletions_of_one_resource_weigh_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST", 4 * weigh(raw(**listed(100))).memory)
    known = ResourceCache()
    known.note(raw("small"))
    for version in range(1, 50):
        known.note(raw("a", version, **listed(100)))
        known.job("a")
    assert known.current("small")
    for uid in map(str, range(50)):
        known.note(raw(uid, **listed(100)))
        known.forget(uid)
    known.note(raw("b", **listed(100)))
    assert known.current("b")
    assert known.job("b") is not None


def test_one_that_is_larger_than_all_there_may_be_is_kept_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST", 10_000)
    known = ResourceCache()
    known.note(raw("small"))
    known.note(raw("large", **listed(1000)))
    assert known.job("large") is not None
    assert not known.current("small")


def test_a_status_weighs_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST", 200_000)
    known = ResourceCache()
    for number in range(10):
        known.note(raw(str(number), status={"error": "x" * 40_000}))
    assert sum(known.current(str(number)) for number in range(10)) == 2


def test_nothing_is_kept_of_a_refusal_that_made_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal has all of the metadata and the status: a megabyte of labels, of each of a thousand RenderJobs."""
    monkeypatch.setattr(cache, "MOST", 200_000)
    known = ResourceCache()
    tracemalloc.start()
    try:
        for number in range(100):
            body = raw(str(number), frames="nonsense")
            body["metadata"]["annotations"] = {"large": f"{number}" * 40_000}
            known.note(from_json(to_json(body)))
            with pytest.raises(InvalidJobError):
                known.job(str(number))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 2_000_000
    assert known.identity("1") is not None
