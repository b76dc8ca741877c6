"""What `make bench-waste` measures stays as good: a few of its runs, in virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def waste(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import waste

    return waste


@pytest.mark.parametrize("kind", ["ours, cluster", "ours, near"])
@pytest.mark.parametrize("seed", [3, 4])
def test_all_faults_together_cost_next_to_nothing(waste, kind, seed):
    from wasted.scenario import ALL

    cost = waste.run(ALL, seed, waste.SCHEMES[kind])
    assert cost.ratio <= waste.GOAL
    assert cost.helped == 0


@pytest.mark.parametrize("kind", ["ours, cluster", "ours, near"])
def test_a_node_that_eats_chunks_loses_no_job(waste, kind):
    from wasted.scenario import BLACK_HOLE

    cost = waste.run(BLACK_HOLE, 1, waste.SCHEMES[kind])
    assert cost.helped == 0
    assert cost.pods <= 40 + 10, "the canary holds what the bad node would eat"


def test_the_farm_is_the_same_for_every_scheme(waste):
    from wasted.scenario import DISRUPTED

    chunkwise = waste.run(DISRUPTED, 3, waste.SCHEMES["chunk-level"])
    indexed = waste.run(DISRUPTED, 3, waste.SCHEMES["Indexed Job"])
    assert chunkwise == indexed, "where both do the same, they cost the same"
    assert chunkwise.ratio > 1


def test_frames_that_are_added_cost_nobody_a_frame_more(waste):
    from wasted.scenario import EDITED

    for name, scheme in waste.SCHEMES.items():
        assert waste.run(EDITED, 3, scheme).ratio == pytest.approx(1), name
