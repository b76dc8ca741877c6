"""`make bench`, second part: one decision of a job of 10,000 chunks and 100,000 frames, and its status's size.

Every decision settles and starts a whole window of chunks, some of which fail: as much as can happen at once.
CPU time of this process, so that what else the machine does counts less; how much it counts all the same, a loop tells
that is measured before each row.
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


def reference() -> float:
    """Seconds of CPU that some plain Python takes on this machine, now: about 0.03 where nothing else runs."""
    start, numbers = time.process_time(), {}
    for number in range(150_000):
        numbers[number % 1000] = (number, str(number))
    return time.process_time() - start


def spec_of(frames: str, order: str, parallelism: int, size: int = 10, **retries: object):
    manifest = {
        "metadata": {"name": "bench"},
        "spec": {
            "frames": frames,
            "chunks": {"size": size, "order": order},
            "parallelism": parallelism,
            "retries": {"backoff": {"initial": "1h"}} | retries,
            "tolerate": {"failedFrames": "100%"},
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


def whole_window(window: int, *, bad: int, size: int) -> tuple[float, int, int]:
    """Seconds of the quickest decision in which all attempts of a window end, every `bad`-th badly, and others start;
    the least and the most that were settled in one."""
    spec, status, now = spec_of("1-100000", "Forward", window, size, canary=False), RenderJobStatus(), NOW
    attempts: dict[int, AttemptObservation] = {}
    seconds, settled = [], []
    for _ in range(9):
        observed = Observed(uid="bench", generation=1, attempts=tuple(attempts.values()))
        start = time.process_time()
        decision = decide(spec, status, observed, now)
        seconds.append(time.process_time() - start)
        status = decision.status
        settled.append(sum(isinstance(action, Forget) for action in decision.actions))
        for action in decision.actions:
            if isinstance(action, Start):
                id_ = action.attempt.id
                attempts[id_] = AttemptObservation(
                    id=id_, phase=Phase.RUNNING, started_at=now, node=f"n{id_ % 50}"
                )
            elif isinstance(action, Forget):
                attempts.pop(action.id)
        now += timedelta(seconds=20)
        for id_, seen in attempts.items():
            if not seen.finished:
                phase = Phase.FAILED if bad and id_ % bad == 0 else Phase.SUCCEEDED
                attempts[id_] = replace(
                    seen, phase=phase, finished_at=now, exit_code=int(phase is Phase.FAILED)
                )
    return min(seconds[1:]), min(settled[1:]), max(settled[1:])


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
    print(
        "one decision in which a whole window of 1,000 ends, and as much starts; goal: 50 ms on a quiet machine"
    )
    print("  bad          chunk     best   settled   a loop that takes 30 ms on a quiet machine")
    for bad, size in ((0, 10), (10, 10), (2, 1)):
        loop = min(reference() for _ in range(5))
        quickest, least, most = whole_window(1000, bad=bad, size=size)
        share = f"every {bad}th" if bad else "none"
        print(f"  {share:<11} {size:>5} {quickest * 1e3:7.1f} ms  {least}-{most}  {loop * 1e3:5.1f} ms")


if __name__ == "__main__":
    main()
