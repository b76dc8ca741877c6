"""What is known of a collection stays right, in whatever order the news comes."""

from __future__ import annotations

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from renderjob.kube.store import Store

View = tuple[str, str]  # (owner, version)


def store() -> Store[View]:
    return Store(lambda view: view[0] or None)


def take(store: Store[View], uid: str, version: str, owner: str = "o") -> bool:
    if not store.accepts(uid, version):
        return False
    store.put(uid, version, (owner, version))
    return True


def test_only_news_is_accepted():
    s = store()
    assert take(s, "a", "9")
    assert not take(s, "a", "9")
    assert not take(s, "a", "8")
    assert take(s, "a", "10")
    assert s.version("a") == "10"


def test_versions_that_are_no_numbers_are_news_when_they_differ():
    s = store()
    assert take(s, "a", "x1")
    assert not take(s, "a", "x1")
    assert take(s, "a", "x0")


def test_the_index_follows_every_change():
    s = store()
    take(s, "a", "1", "film")
    take(s, "b", "2", "film")
    take(s, "c", "3", "")
    assert set(s.indexed("film")) == {"a", "b"}
    take(s, "a", "4", "series")
    assert (set(s.indexed("film")), set(s.indexed("series"))) == ({"b"}, {"a"})
    s.remove("b", "5")
    assert not s.indexed("film")
    assert len(s) == 2


def test_what_was_deleted_does_not_come_back_by_late_news():
    s = store()
    take(s, "a", "3")
    assert s.remove("a", "5") == ("o", "3")
    assert not take(s, "a", "4")
    assert not take(s, "a", "5")
    assert take(s, "a", "6"), "it left a selector, and came back"


def test_what_we_deleted_ourselves_comes_back_by_a_later_list_only():
    s = store()
    take(s, "a", "3")
    s.remove("a", None)
    assert not take(s, "a", "99")
    s.trust("a", time.monotonic() - 60)
    assert not take(s, "a", "99"), "the list began before the deletion"
    s.trust("a", time.monotonic() + 60)
    assert take(s, "a", "99")


def test_a_deletion_older_than_what_is_known_is_none():
    s = store()
    take(s, "a", "7")
    assert s.remove("a", "6") is None
    assert s.get("a") == ("o", "7")


def test_a_list_tells_what_is_gone_but_not_of_what_came_after_it():
    s = store()
    take(s, "a", "1")
    take(s, "b", "2")
    take(s, "later", "9")
    assert s.absent_from_list({"b"}, "5") == ["a"]


def test_the_memory_of_deletions_is_bounded(monkeypatch):
    clock = 1000.0
    monkeypatch.setattr("renderjob.kube.store.time.monotonic", lambda: clock)
    s = store()
    for n in range(100):
        clock += 10
        take(s, str(n), str(n))
        s.remove(str(n), None)
    assert len(s._gone) <= 32


@given(st.data())
def test_any_order_of_a_life_s_news_ends_alike(data):
    """Created, changed, deleted, told by the watch in order; our own writes' answers come at any time."""
    life = [("put", "1"), ("put", "2"), ("put", "3"), ("gone", "4")]
    told = data.draw(st.lists(st.integers(0, 3), max_size=6))  # which event's answer comes before which
    s, versions = store(), []
    for position, (what, version) in enumerate(life):
        for note in told:
            if note % 4 == position and note < 3:
                take(s, "a", life[note][1])
                versions.append(s.version("a"))
        if what == "put":
            take(s, "a", version)
        else:
            s.remove("a", version)
        versions.append(s.version("a"))
    for note in told:
        if note < 3:
            take(s, "a", life[note][1])
    assert s.get("a") is None
    assert not s.indexed("o")
    known = [int(v) for v in versions if v]
    assert all(a <= b for a, b in pairwise(known)), "what is known never grows older"
