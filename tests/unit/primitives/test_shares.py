"""Of scarce places a group has so many at a time; what waits comes in the order in which it came."""

from __future__ import annotations

from renderjob.primitives import Shares


def test_a_group_has_so_many_places_and_another_has_its_own():
    shares: Shares[str] = Shares(2)
    assert [shares.take("a", item) for item in ("a1", "a2", "a3", "a4")] == [True, True, False, False]
    assert shares.take("b", "b1")
    assert len(shares) == 2
    assert shares.next("a") is None
    shares.release("a")
    assert shares.next("a") == "a3"
    assert shares.take("a", "a3")
    assert not shares.take("a", "a5")
    shares.release("a")
    assert [shares.next("a"), shares.next("a"), shares.next("a")] == ["a4", "a5", None]
    assert len(shares) == 0


def test_nothing_is_kept_of_groups_that_have_nothing():
    shares: Shares[str] = Shares(1)
    for number in range(10):
        assert shares.take(number, "x")
        shares.release(number)
        assert shares.next(number) is None
    assert not shares._taken
    assert not shares._waiting
