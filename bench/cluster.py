"""`make bench-cluster`: what the operator adds to Kubernetes' own cost of a chunk, on a real control plane.

On the same control plane, one after the other: a bare client loop that keeps a window of one-pod Jobs and deletes
what is done (the floor: nobody who uses Jobs can be cheaper), one RenderJob of as many chunks, and many RenderJobs
of ten chunks. Pods end at once. `--full` takes 2,000 chunks and 200 RenderJobs. Trust the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import from_json

sys.path[:0] = [str(Path(__file__).parents[1] / "tests")]

from harness import ControlPlane  # noqa: E402
from renderjob.kube import KubeApi, UnreachableError  # noqa: E402
from support.kube import one_pod_job  # noqa: E402
from support.operator_process import OperatorProcess  # noqa: E402

WINDOW = 100
CRD = Path(__file__).parents[1] / "crds" / "renderjobs.renderjob.dev.yaml"
JOBS = "/apis/batch/v1/namespaces/{}/jobs"
RENDERJOBS = "/apis/renderjob.dev/v1alpha1/namespaces/{}/renderjobs"


@dataclass(frozen=True)
class Result:
    """How a run went."""

    name: str
    chunks: int
    seconds: float
    cpu: float
    """Seconds of processor time of whoever started the Jobs."""
    rss: float | None = None
    """The operator's memory in MiB, at the end."""
    requests: Counter[str] | None = None
    """Its requests by verb."""


async def bare_loop(api: KubeApi, namespace: str, chunks: int) -> float:
    """Keep a window of Jobs, delete what is complete; the seconds it took."""
    path, began = JOBS.format(namespace), time.monotonic()
    left = iter(range(chunks))
    done = 0

    async def start() -> None:
        number = next(left, None)
        if number is not None:
            await api.create(path, one_pod_job(f"bare-{number}"))

    async def replace(name: str) -> None:
        await api.delete(f"{path}/{name}")
        await start()

    version = (await api.get(path))["metadata"]["resourceVersion"]
    await asyncio.gather(*(start() for _ in range(WINDOW)))
    tasks, counted = set(), set()
    while done < chunks:
        try:
            async with aclosing(api.stream(path, watch=True, resourceVersion=version, idle=60)) as lines:
                async for line in lines:
                    job = from_json(line)["object"]
                    version, name = job["metadata"]["resourceVersion"], job["metadata"]["name"]
                    if name in counted or not job.get("status", {}).get("completionTime"):
                        continue
                    counted.add(name)
                    done += 1
                    tasks.add(asyncio.create_task(replace(name)))
                    if done == chunks:
                        break
        except UnreachableError:
            continue
    await asyncio.gather(*tasks)
    return time.monotonic() - began


def render_job(name: str, chunks: int, parallelism: int) -> dict[str, Any]:
    """A RenderJob of chunks of one frame whose pods end at once."""
    container = {"name": "render", "image": "example/none:1"}
    return {
        "apiVersion": "renderjob.dev/v1alpha1",
        "kind": "RenderJob",
        "metadata": {"name": name},
        "spec": {
            "frames": f"1-{chunks}",
            "chunks": {"size": 1},
            "parallelism": parallelism,
            "template": {"spec": {"containers": [container]}},
        },
    }


async def rendered(api: KubeApi, namespace: str, jobs: list[dict[str, Any]]) -> float:
    """Create RenderJobs and wait until all are complete; the seconds it took."""
    path, began = RENDERJOBS.format(namespace), time.monotonic()
    await asyncio.gather(*(api.create(path, job) for job in jobs))
    while True:
        await asyncio.sleep(0.5)
        found = (await api.get(path))["items"]
        states = Counter(job.get("status", {}).get("state", "Pending") for job in found)
        if states["Completed"] == len(jobs):
            return time.monotonic() - began
        if states["Failed"]:
            raise SystemExit(f"a job failed: {states}")


async def operator_run(
    plane: ControlPlane, directory: Path, name: str, jobs: list[dict[str, Any]], chunks: int
) -> Result:
    """Measure a new operator process that renders these."""
    namespace = f"bench-{name}"
    plane.create_namespace(namespace)
    operator = OperatorProcess(plane.kubeconfig, namespace, directory / f"{name}.log")
    operator.start()
    try:
        async with await KubeApi.connect(plane.kubeconfig) as api:
            await asyncio.sleep(4)
            mark, before = plane.audit_mark(), operator.process.cpu_times()
            seconds = await rendered(api, namespace, jobs)
            after, rss = operator.process.cpu_times(), operator.process.memory_info().rss
            asked = Counter(r.verb for r in plane.audit(since=mark, agent="renderjob-operator"))
            cpu = after.user + after.system - before.user - before.system
            return Result(name, chunks, seconds, cpu, rss / 2**20, asked)
    finally:
        operator.stop()


def show(floor: Result, results: list[Result]) -> None:
    """The table."""
    print(
        f"{'run':<26}{'chunks/s':>9}{'of bare':>9}{'cpu/chunk':>11}{'writes/chunk':>14}{'reads':>7}{'memory':>9}"
    )
    speed = floor.chunks / floor.seconds
    print(f"{floor.name:<26}{speed:>9.1f}{'1.00':>9}{1000 * floor.cpu / floor.chunks:>8.1f} ms")
    for result in results:
        assert result.requests is not None and result.rss is not None
        here = result.chunks / result.seconds
        writes = sum(result.requests[verb] for verb in ("create", "patch", "update", "delete"))
        reads = result.requests["get"] + result.requests["list"]
        print(
            f"{result.name:<26}{here:>9.1f}{here / speed:>9.2f}{1000 * result.cpu / result.chunks:>8.1f} ms"
            f"{writes / result.chunks:>14.2f}{reads:>7}{result.rss:>5.0f} MiB"
        )
    print(
        "goals: at least 0.90 of bare, at most 5 ms of CPU (a machine that needs more than 2 ms for bare is slow), "
        "at most 3 writes a chunk, no reads"
    )


async def main(chunks: int, many: int) -> None:
    """All runs on one control plane."""
    with tempfile.TemporaryDirectory() as directory, ControlPlane.start("fast", nodes=10) as plane:
        plane.crd(CRD)
        plane.create_namespace("bench-bare")
        async with await KubeApi.connect(plane.kubeconfig) as api:
            before = time.process_time()
            seconds = await bare_loop(api, "bench-bare", chunks)
            floor = Result("bare client loop", chunks, seconds, time.process_time() - before)
        one = [render_job("one", chunks, WINDOW)]
        small = [render_job(f"small-{number}", 10, 10) for number in range(many)]
        results = [
            await operator_run(plane, Path(directory), "one", one, chunks),
            await operator_run(plane, Path(directory), "many", small, 10 * many),
        ]
        show(floor, results)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="2,000 chunks and 200 RenderJobs of ten")
    told = parser.parse_args()
    asyncio.run(main(*((2000, 200) if told.full else (500, 50))))
