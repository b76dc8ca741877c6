"""The cache tells news from echoes, keeps what is small, and of what is large no more than it may."""

from __future__ import annotations

from typing import Any

import pytest

from renderjob.manager import InvalidJobError
from renderjob.repositories import cache as module
from renderjob.repositories.cache import LARGE, ResourceCache
from support.jobs import manifest

Object = dict[str, Any]


def resource(uid: str = "u", version: int = 7, size: int = 0, **spec: Any) -> Object:
    body = manifest(uid, frames="1-10", **spec)
    body["spec"]["template"]["x"] = "y" * size
    body["metadata"] |= {
        "uid": uid,
        "resourceVersion": str(version),
        "generation": version,
        "namespace": "film",
    }
    return body


def test_what_we_wrote_ourselves_is_no_news_when_the_watch_tells_of_it():
    cache = ResourceCache()
    assert cache.note(resource())
    assert not cache.note(resource(version=8), ours=True)
    assert not cache.observe_version(resource(version=8)["metadata"])
    assert cache.observe_version(resource(version=9)["metadata"])
    assert not cache.current("u")


def test_what_a_watch_saw_is_there_when_it_is_told_of_and_needs_no_other_read():
    cache = ResourceCache()
    cache.prefetch(resource(version=7))
    assert cache.uids() == set()
    assert cache.observe_version(resource(version=7)["metadata"])
    assert cache.current("u")
    assert cache.job("u").spec.frames == "1-10"


def test_late_news_brings_nothing_back():
    cache = ResourceCache()
    cache.note(resource())
    cache.forget("u")
    cache.prefetch(resource(version=8))
    assert not cache.observe_version(resource(version=8)["metadata"])
    assert cache.job("u") is None


def test_the_last_used_are_kept_and_all_are_known(monkeypatch):
    monkeypatch.setattr(module, "MOST", 5 * LARGE)
    cache = ResourceCache()
    for number in range(10):
        cache.note(resource(f"large-{number}", size=LARGE))
        cache.note(resource(f"small-{number}"))
        cache.job("large-0")
    kept = {uid for uid in cache.uids() if cache.current(uid)}
    assert len(cache.uids()) == 20
    assert {"large-0", "small-8", "large-9", "small-9"} <= kept
    assert not {"large-1", "small-1"} & kept


def test_a_refusal_is_found_once_for_each_spec(monkeypatch):
    cache = ResourceCache()
    cache.note(resource(template={"spec": {"containers": []}}))
    with pytest.raises(InvalidJobError):
        cache.job("u")

    def again(_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("renderjob.repositories.resource._spec", again)
    status_written = resource(version=8, template={"spec": {"containers": []}})
    status_written["metadata"]["generation"] = 7
    cache.note(status_written, ours=True)
    for _ in range(2):
        with pytest.raises(InvalidJobError, match="containers"):
            cache.job("u")
