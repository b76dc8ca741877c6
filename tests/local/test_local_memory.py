"""resources.limits.memory on a laptop: what uses more is ended, and may get more."""

from __future__ import annotations

import sys

import pytest

from renderjob.api import State
from support.local import farm

LIMIT = {"resources": {"limits": {"memory": "64Mi"}}}
GREEDY = "import sys; a = b'x' * (int(sys.argv[1]) << 20); print('has it', flush=True); sys.stdin.read(); "


def python(code: str, *args: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code, *args]


HOG = python(GREEDY + "import time; time.sleep(600)", "200")


async def test_a_chunk_that_uses_too_much_is_out_of_memory(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run(HOG, container=LIMIT, retries={"perChunk": 0, "onFailure": "Stop"})
    (failure,) = job.status.failures
    assert job.status.state is State.FAILED
    assert failure.failure_class == "OutOfMemory"
    assert failure.exit_code == 137
    assert "64Mi" in failure.message
    assert job.status.attempts.out_of_memory == 1


async def test_a_childs_memory_counts_too(tmp_path):
    async with farm(tmp_path) as here:
        hog = ["sh", "-c", '"$@"; exit 0', "sh", *HOG]
        job = await here.run(hog, container=LIMIT, retries={"perChunk": 0, "onFailure": "Stop"})
    assert [f.failure_class for f in job.status.failures] == ["OutOfMemory"]


async def test_memory_is_raised_for_the_next_attempt_at_no_cost_of_retries(tmp_path):
    # It wants 200 MiB, and keeps them until the test has seen that its limit leaves it alone.
    code = GREEDY + "import os, time\nwhile not os.path.exists('go'): time.sleep(0.02)"
    async with farm(tmp_path) as here:
        uid = await here.submit(
            python(code, "200"),
            container=LIMIT,
            retries={"perChunk": 0, "onFailure": "Stop", "memory": {"factor": 10, "max": "640Mi"}},
        )
        await here.reached(uid, lambda job: job.status.attempts.out_of_memory == 1 and job.status.active == 1)
        (attempt,) = here.executor.attempts(uid)
        assert attempt.memory == 640 << 20
        here.go()
        job = await here.end(uid)
    assert job.status.state is State.COMPLETED
    assert job.status.attempts.out_of_memory == 1


async def test_memory_is_raised_no_further_than_allowed(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run(
            HOG,
            container={"resources": {"limits": {"memory": "32Mi"}}},
            retries={"perChunk": 0, "onFailure": "Stop", "memory": {"factor": 2, "max": "64Mi"}},
        )
    assert job.status.state is State.FAILED
    assert job.status.attempts.out_of_memory == 2
    assert "64Mi" in job.status.failures[-1].message


@pytest.mark.parametrize("code", [33, 34])
async def test_a_renderers_own_code_may_mean_memory(tmp_path, code):
    rules = [{"exitCodes": [33], "action": "RaiseMemory"}]
    async with farm(tmp_path) as here:
        job = await here.run(
            f"[ $RENDER_ATTEMPT = 2 ] || exit {code}",
            container=LIMIT,
            retries={"perChunk": 1, "onFailure": "Stop", "rules": rules, "memory": {"max": "64Mi"}},
        )
    assert job.status.state is State.COMPLETED
    assert job.status.attempts.out_of_memory == (code == 33)
