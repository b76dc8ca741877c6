"""`make bench-waste`: frames rendered per frame needed, when the same faults meet three ways to keep the books.

The farm, its faults and what is assumed of each scheme are described in `wasted`. Goal: at most 1.02 where
chunk-level retries cost 1.2 and more.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

from wasted.chunkwise import ChunkwiseFarm
from wasted.farm import Farm
from wasted.faults import Faults
from wasted.indexed import IndexedJob
from wasted.ours import Cluster, Near, ours
from wasted.real import killed_for_real
from wasted.scenario import CHUNK, NODES, SCENARIOS, SLOTS, Scenario

GOAL = 1.02


@dataclass
class Cost:
    """What one run cost."""

    ratio: float
    pods: int
    looks: int
    helped: int
    """How often somebody had to act by hand."""
    slots: float
    """Hours in which a slot was taken."""
    wall: float
    """Hours from the beginning to the end."""


def run(scenario: Scenario, seed: int, scheme: Callable[[Farm, Scenario], object]) -> Cost:
    """One scheme, in one farm."""
    farm = Farm(Faults(scenario, seed))
    with scheme(farm, scenario) as driver:
        farm.run(lambda: driver.finished)
    looks = getattr(driver, "looked", 0)
    return Cost(
        farm.rendered / scenario.asked,
        farm.pods,
        looks,
        driver.helped,
        farm.slot_seconds / 3600,
        farm.now / 3600,
    )


SCHEMES = {
    "Indexed Job": lambda farm, scenario: nullcontext(IndexedJob(farm, scenario)),
    "chunk-level, any node": lambda farm, scenario: nullcontext(ChunkwiseFarm(farm, scenario, any_node=True)),
    "chunk-level": lambda farm, scenario: nullcontext(ChunkwiseFarm(farm, scenario)),
    "ours, cluster": lambda farm, scenario: ours(Cluster, farm, scenario),
    "ours, near": lambda farm, scenario: ours(Near, farm, scenario),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--real", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    print(
        f"frames rendered per frame needed: {NODES * SLOTS} slots on {NODES} nodes, chunks of {CHUNK}, "
        f"mean (and worst) of {options.seeds} seeds"
    )
    above = []
    for scenario in SCENARIOS:
        print(f"\n{scenario.name} ({scenario.asked} frames)")
        print(
            f"  {'':<21}  rendered/needed  {'pods':>6} {'looks':>6} {'by hand':>8} {'slot-hours':>11} {'hours':>6}"
        )
        for name, scheme in SCHEMES.items():
            costs = [run(scenario, seed, scheme) for seed in range(options.seeds)]
            worst = max(cost.ratio for cost in costs)
            mean = Cost(*(statistics.mean(getattr(c, field) for c in costs) for field in vars(costs[0])))
            print(
                f"  {name:<21} {mean.ratio:7.3f} ({worst:5.3f})  {mean.pods:6.1f} {mean.looks:6.1f}"
                f" {mean.helped:8.1f} {mean.slots:11.2f} {mean.wall:6.2f}"
            )
            if name.startswith("ours") and mean.ratio > GOAL:
                above.append(f"{name}, {scenario.name}: {mean.ratio:.3f}")
    print(f"\ngoal: ours at most {GOAL}:", "; ".join(above) if above else "kept everywhere")
    if options.real:
        print(killed_for_real())


if __name__ == "__main__":
    main()
