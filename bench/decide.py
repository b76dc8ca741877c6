"""`make bench`, second part: one decision of a job of 10,000 chunks and 100,000 frames, and its status's size.

Every decision settles and starts a whole window of chunks, some of which fail: as much as can happen at once.
CPU time of this process, so that what else the machine does counts less.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from renderjob.api import RenderJob, RenderJobStatus
from renderjob.core import AttemptObservation, Forget, Observed, Phase, Start, decide

ROUNDS = 60
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def spec_of(frames: str, order: str, parallelism: int):
    manifest = {
        "metadata": {"name": "bench"},
        "spec": {
            "frames": frames,
            "chunks": {"size": 10, "order": order},
            "parallelism": parallelism,
            "retries": {"backoff": {"initial": "1h"}},
            "template": {"spec": {"containers": [{"name": "render", "command": ["render"]}]}},
        },
    }
    return RenderJob.model_validate(manifest).spec


def measure(frames: str, order: str, parallelism: int) -> tuple[list[float], int, int]:
    """Seconds of each decision, the largest status in bytes, and the frames that were rendered."""
    spec, status, now = spec_of(frames, order, parallelism), RenderJobStatus(), NOW
    attempts: dict[int, AttemptObservation] = {}
    dice, seconds, largest = random.Random(1), [], 0
    for _ in range(ROUNDS):
        observed = Observed(uid="bench", generation=1, attempts=tuple(attempts.values()))
        start = time.process_time()
        decision = decide(spec, status, observed, now)
        seconds.append(time.process_time() - start)
        status = decision.status
        largest = max(largest, len(status.model_dump_json()))
        for action in decision.actions:
            if isinstance(action, Start):
                id_ = action.attempt.id
                attempts[id_] = AttemptObservation(id=id_, phase=Phase.RUNNING, started_at=now)
            elif isinstance(action, Forget):
                attempts.pop(action.id)
        now += timedelta(seconds=20)
        for id_, seen in attempts.items():
            if seen.phase is Phase.RUNNING and dice.random() < 0.9:
                phase = Phase.FAILED if dice.random() < 0.03 else Phase.SUCCEEDED
                attempts[id_] = replace(
                    seen, phase=phase, finished_at=now, exit_code=int(phase is Phase.FAILED)
                )
    return seconds, largest, status.completed_frames


def main() -> None:
    gc.freeze()  # as the operator does: what is loaded stays
    print("one decision of 10,000 chunks of 10 frames; goal: at most 20 ms, and 64 KiB of status")
    print("  frames       order    window   median     95 %      most   status")
    for frames, order, parallelism in (
        ("1-100000", "Forward", 20),
        ("1-100000", "Forward", 100),
        ("1-100000", "Bisect", 100),
        ("1-100000", "Stride", 100),
        ("1-200000x2", "Forward", 100),
        ("1-100000", "Forward", 500),
    ):
        seconds, largest, _ = measure(frames, order, parallelism)
        ordered = sorted(seconds)
        print(
            f"  {frames:<11}  {order:<8} {parallelism:>5}"
            f" {statistics.median(seconds) * 1e3:7.1f} ms {ordered[len(ordered) * 95 // 100] * 1e3:6.1f} ms"
            f" {ordered[-1] * 1e3:6.1f} ms {largest / 1024:5.1f} KiB"
        )


if __name__ == "__main__":
    main()
