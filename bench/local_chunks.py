"""`make bench`: what this project's bookkeeping costs, beside a loop that keeps no books, in one run.

A job of 2,000 chunks of `true` through JobManager, SQLite and the local executor, against a bare asyncio
subprocess loop over the same 2,000; then one decision of a job of 10,000 chunks and 100,000 frames.
Timings are noisy: the two sides take turns, and the ratio of their medians is what counts.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from renderjob.api import RenderJob
from renderjob.executors.local import LocalExecutor, Mounts, Store
from renderjob.manager import JobManager
from renderjob.repositories import SQLiteJobRepository

PARALLELISM = 4


async def bare_loop(chunks: int) -> None:
    """The floor: so many processes, so many at a time, and nothing else."""
    slots = asyncio.Semaphore(PARALLELISM)

    async def chunk() -> None:
        async with slots:
            process = await asyncio.create_subprocess_exec("true")
            await process.wait()

    await asyncio.gather(*(chunk() for _ in range(chunks)))


def job_of(chunks: int, directory: Path) -> RenderJob:
    return RenderJob.model_validate(
        {
            "metadata": {"name": "bench", "annotations": Mounts().annotations(directory)},
            "spec": {
                "frames": f"1-{chunks * 10}",
                "chunks": {"size": 10},
                "parallelism": PARALLELISM,
                "template": {"spec": {"containers": [{"name": "render", "command": ["true"]}]}},
            },
        }
    )


async def through_the_manager(chunks: int) -> None:
    """The same processes as chunks of a job: written down, started, logged, counted, saved."""
    with tempfile.TemporaryDirectory() as directory:
        store = Store(Path(directory))
        async with (
            SQLiteJobRepository(store.database) as repository,
            LocalExecutor(store) as executor,
            JobManager(repository, executor) as manager,
        ):
            job = await manager.wait(await manager.submit(job_of(chunks, Path(directory))))
    if job is None or job.status.completed_chunks != chunks:
        raise SystemExit(f"the job did not complete: {job}")


def timed(coroutine: object) -> float:
    start = time.perf_counter()
    asyncio.run(coroutine)  # type: ignore[arg-type]
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    floor, ours = [], []
    for _ in range(options.rounds):
        floor.append(timed(bare_loop(options.chunks)))
        ours.append(timed(through_the_manager(options.chunks)))
    bare, managed = statistics.median(floor), statistics.median(ours)
    print(f"{options.chunks} chunks of `true`, {PARALLELISM} at a time, median of {options.rounds}")
    print(f"  bare asyncio subprocess loop    {bare:6.2f} s   {options.chunks / bare:6.0f} chunks/s")
    print(f"  JobManager, SQLite, local       {managed:6.2f} s   {options.chunks / managed:6.0f} chunks/s")
    print(f"  ratio                           {managed / bare:6.2f}     goal: at most 1.50")


if __name__ == "__main__":
    main()
