"""Failures by class, with renderers that misbehave: what each costs, and what of it is rendered again."""

from __future__ import annotations

import asyncio
import sys
from itertools import pairwise

import pytest

from renderjob.api import FailureClass, State
from renderjob.core import Kind, Start
from renderjob.frames import FrameSet
from support.local import HOLD, PNG, WRITE, each_frame, farm, until

RULES = [
    {"exitCodes": [33], "action": "RaiseMemory"},
    {"log": "license server unavailable", "action": "BackOff"},
    {"exitCodes": [76], "action": "Ignore"},
]
SOON = {"initial": "50ms", "factor": 1}
LIMIT = {"resources": {"limits": {"memory": "64Mi"}}}
TOLD = 'echo "$RENDER_ATTEMPT $RENDER_FRAMES" >> told; '
SAVED = "echo \"Saved: '$RENDER_OUTPUT/$n.png'\""
# Each file gets a time of its own, however coarse the clock: the loop goes on when the next would be newer.
APART = (
    "echo frame > $RENDER_OUTPUT/$n.png; "
    "until touch probe && [ probe -nt $RENDER_OUTPUT/$n.png ]; do :; done; "
)


def counts(job) -> dict[str, int]:
    return {name: n for name, n in job.status.attempts if n}


def starts(here) -> list:
    """The attempts at chunks that were started, in order."""
    actions = (action for _, decision in here.decisions for action in decision.actions)
    begun = {a.attempt.id: a.attempt for a in actions if isinstance(a, Start)}
    return [attempt for attempt in begun.values() if attempt.kind is Kind.RENDER]


def tries(*what: str) -> str:
    """A script that does at its nth run what the nth says, and renders when nothing is left to say."""
    cases = " ".join(f"{n}) {script};;" for n, script in enumerate(what, 1))
    return f"echo x >> tries; case $(wc -l < tries) in {cases} *) {WRITE};; esac"


# -- each class is counted as itself -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "first", "spec"),
    [
        ("error", "exit 7", {}),
        ("out_of_memory", "exit 33", {"retries": {"perChunk": 1, "onFailure": "Stop", "rules": RULES}}),
        ("stalled", "exec sleep 600", {"timeouts": {"stall": "2s"}}),
        ("timed_out", "while :; do echo working; sleep 0.05; done", {"timeouts": {"chunk": "2s"}}),
        ("too_fast", "exit 0", {"timeouts": {"minimum": "1500ms"}}),
        ("no_output", "echo all done", {}),
    ],
)
async def test_a_failure_is_of_its_class_and_the_retry_completes(tmp_path, name, first, spec):
    wait = "sleep 2; " if name == "too_fast" else ""
    async with farm(tmp_path) as here:
        script = f"if [ $RENDER_ATTEMPT = 1 ]; then {first}; else {wait}{WRITE}; fi"
        job = await here.run(script, output=PNG, **({"retries": {"perChunk": 1, "onFailure": "Stop"}} | spec))
    assert job.status.state is State.COMPLETED
    assert counts(job) == {"succeeded": 1, "failed": 1, name: 1}
    (failure,) = job.status.failures
    assert failure.failure_class.value.lower() == name.replace("_", "")
    assert failure.frames == "1-10"
    assert failure.attempt == 1


async def test_a_renderer_that_is_slow_but_talks_is_left_alone(tmp_path):
    """It takes three times as long as it may be silent."""
    script = f"for i in $(seq 60); do echo sample $i; sleep 0.1; done; {WRITE}"
    async with farm(tmp_path) as here:
        job = await here.run(
            script, output=PNG, timeouts={"stall": "2s"}, retries={"perChunk": 0, "onFailure": "Stop"}
        )
    assert job.status.state is State.COMPLETED
    assert counts(job) == {"succeeded": 1}


async def test_the_renderers_own_word_is_final_for_its_chunk_and_no_other(tmp_path):
    script = f"[ $RENDER_START != 3 ] || {{ echo openjd_fail: no camera in the scene; exit 0; }}; {WRITE}"
    async with farm(tmp_path) as here:
        job = await here.run(script, frames="1-6", chunks={"size": 1}, tolerate={"failedFrames": 1})
        assert sorted(here.lines()) == ["1", "2", "4", "5", "6"]
    assert job.status.state is State.COMPLETED
    assert job.status.result.missing_frames == "3"
    assert counts(job) == {"succeeded": 5, "failed": 1, "renderer": 1}
    (failure,) = job.status.failures
    assert (failure.failure_class, failure.message) == (FailureClass.RENDERER, "no camera in the scene")


# -- waits for a resource ------------------------------------------------------------------------------------


async def test_a_licence_that_is_missing_makes_the_job_wait_and_one_chunk_tries_first(tmp_path):
    script = f"[ -e licence ] || {{ echo license server unavailable; exit 5; }}; {WRITE}"
    async with farm(tmp_path) as here:
        uid = await here.submit(
            script,
            frames="1-8",
            chunks={"size": 1},
            parallelism=4,
            retries={"perChunk": 0, "onFailure": "Stop", "rules": RULES, "backoff": SOON},
        )
        await here.reached(uid, lambda job: job.status.backoffs >= 6)
        waiting = [d.status for _, d in here.decisions if d.status.backoffs]
        (here.home / "licence").touch()
        job = await here.end(uid)
        assert sorted(map(int, here.lines())) == list(range(1, 9))
    assert job.status.state is State.COMPLETED
    assert counts(job) == {"succeeded": 8, "backed_off": job.status.attempts.backed_off}
    assert job.status.backoffs == 0
    assert any("license server" in c.message for c in waiting[0].conditions)
    begun = [
        (before, after) for before, after in pairwise(waiting) if after.next_attempt > before.next_attempt
    ]
    assert begun
    assert all(len(after.in_flight) == 1 for _, after in begun), "one chunk tries for all"


# -- memory --------------------------------------------------------------------------------------------------


async def test_a_rule_raises_memory_as_far_as_it_may_and_spends_no_retry(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run(
            tries("exit 33", "exit 33"),
            container=LIMIT,
            retries={
                "perChunk": 0,
                "onFailure": "Stop",
                "rules": RULES,
                "memory": {"factor": 2, "max": "256Mi"},
            },
        )
        assert [a.memory for a in starts(here)] == [None, 128 << 20, 256 << 20]
    assert job.status.state is State.COMPLETED
    assert counts(job) == {"succeeded": 1, "failed": 2, "out_of_memory": 2}


async def test_what_was_enough_is_remembered_for_the_chunks_that_follow(tmp_path):
    # The first try wants more than it may, until it is ended for that; the others take it, and go.
    hog = (
        "import os, sys, time; first = not os.path.exists('tried'); open('tried', 'w').close(); "
        "a = b'x' * (96 << 20); time.sleep(600 if first else 0.5)"
    )
    async with farm(tmp_path) as here:
        job = await here.run(
            [sys.executable, "-I", "-S", "-c", hog],
            frames="1-3",
            chunks={"size": 1},
            container=LIMIT,
            retries={"perChunk": 0, "onFailure": "Stop", "memory": {"factor": 4, "max": "1Gi"}},
        )
        assert [(str(a.frames), a.memory) for a in starts(here)] == [
            ("1", None),
            ("1", 256 << 20),
            ("2", 256 << 20),
            ("3", 256 << 20),
        ]
    assert job.status.state is State.COMPLETED
    assert counts(job) == {"succeeded": 3, "failed": 1, "out_of_memory": 1}
    assert job.status.learned_memory == "256Mi"


# -- budgets -------------------------------------------------------------------------------------------------

SHORT = "echo license server unavailable; exit 5"


async def test_a_classs_budget_never_pays_for_anothers_failures(tmp_path):
    """Two errors are allowed; memory, a licence and an interruption in between change nothing of that."""
    script = tries("exit 33", SHORT, "exit 1", "exit 76", SHORT, "exit 33", "exit 2", "exit 76")
    async with farm(tmp_path) as here:
        job = await here.run(
            script,
            container=LIMIT,
            retries={
                "perChunk": 2,
                "onFailure": "Stop",
                "rules": RULES,
                "backoff": {"initial": "0s"},
                "memory": {"factor": 2, "max": "256Mi"},
            },
        )
        assert len(here.lines("tries")) == 9
    assert job.status.state is State.COMPLETED
    assert counts(job) == {
        "succeeded": 1,
        "failed": 4,
        "error": 2,
        "out_of_memory": 2,
        "backed_off": 2,
        "disrupted": 2,
    }


async def test_one_error_more_than_is_allowed_fails_the_chunk_whatever_came_between(tmp_path):
    script = tries("exit 1", SHORT, "exit 33", "exit 2", "exit 76", "exit 76", "exit 3", "exit 0")
    async with farm(tmp_path) as here:
        job = await here.run(
            script,
            container=LIMIT,
            retries={
                "perChunk": 2,
                "onFailure": "Stop",
                "rules": RULES,
                "backoff": {"initial": "0s"},
                "memory": {"factor": 2, "max": "256Mi"},
            },
        )
        assert len(here.lines("tries")) == 7
    assert job.status.state is State.FAILED
    assert job.status.attempts.error == 3
    assert job.status.failures[-1].exit_code == 3


async def test_memory_that_can_not_grow_further_spends_retries(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run(
            "exit 33",
            container=LIMIT,
            retries={
                "perChunk": 1,
                "onFailure": "Stop",
                "rules": RULES,
                "memory": {"factor": 2, "max": "128Mi"},
            },
        )
    assert job.status.state is State.FAILED
    assert counts(job) == {"failed": 3, "out_of_memory": 3}, "once more memory, once again, and the first"


# -- the canary ----------------------------------------------------------------------------------------------


async def test_a_broken_manifest_costs_a_few_chunks_not_all(tmp_path):
    script = 'echo "blender: unknown option, frame $RENDER_START"; exit 1'
    many = {"frames": "1-500", "chunks": {"size": 1}, "parallelism": 4}
    async with farm(tmp_path) as here:
        job = await here.run(script, **many, retries={"backoff": {"initial": "1s"}})
        assert len(starts(here)) <= 20
    assert job.status.state is State.FAILED
    assert "unknown option" in job.status.error
    assert [c.reason for c in job.status.conditions if c.type == "Failed"] == ["CanaryFailed"]


async def test_the_canary_can_be_turned_off(tmp_path):
    many = {"frames": "1-30", "chunks": {"size": 1}, "parallelism": 4}
    async with farm(tmp_path) as here:
        job = await here.run(
            "exit 1",
            **many,
            retries={"perChunk": 0, "onFailure": "Stop", "canary": False},
            tolerate={"failedFrames": "100%"},
        )
    assert job.status.attempts.error == 30


async def test_the_canary_sings_when_something_has_worked(tmp_path):
    script = f"[ $RENDER_START = 1 ] || exit 1; {WRITE}"
    many = {"frames": "1-30", "chunks": {"size": 1}, "parallelism": 1}
    async with farm(tmp_path) as here:
        job = await here.run(
            script, **many, retries={"perChunk": 0, "onFailure": "Stop"}, tolerate={"failedFrames": "100%"}
        )
    assert job.status.frames.failed == "2-30"


# -- nothing is rendered twice -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("says", "again"), [(f"{SAVED}; ", "41-50"), ("", "40-50")], ids=["says each frame", "says nothing"]
)
async def test_a_chunk_that_is_killed_after_40_of_50_frames_is_rendered_again_for_10(tmp_path, says, again):
    """Of a renderer that says nothing the newest file may be cut short: it is not trusted."""
    script = each_frame(f"{APART}{says}[ $RENDER_ATTEMPT = 2 ] || [ $f != 40 ] || kill -9 $$$$")
    async with farm(tmp_path) as here:
        job = await here.run(TOLD + script, frames="1-50", chunks={"size": 50}, output=PNG)
        assert here.lines("told") == ["1 1-50", f"2 {again}"]
    assert job.status.state is State.COMPLETED
    (failure,) = job.status.failures
    assert failure.frames == again
    assert failure.exit_code == 137


async def test_more_frames_while_it_runs_cost_only_the_new_ones(tmp_path):
    script = f"{HOLD}; {WRITE}"
    async with farm(tmp_path) as here:
        uid = await here.submit(script, frames="1-10", chunks={"size": 4}, parallelism=3, output=PNG)
        await here.reached(uid, lambda job: job.status.active == 3)
        await here.manager.edit(uid, lambda spec: spec.model_copy(update={"frames": "1-11"}))
        await here.reached(uid, lambda job: job.status.total_frames == 11)
        here.go()
        job = await here.end(uid)
        assert sorted(map(int, here.lines())) == list(range(1, 12))
    assert job.status.state is State.COMPLETED
    assert counts(job) == {"succeeded": 4}


def edited(spec, **container):
    """The spec with its container changed."""
    template = spec.template.to_wire()
    template["spec"]["containers"][0] |= container
    return type(spec).model_validate(spec.to_wire() | {"template": template})


@pytest.mark.parametrize("when", ["completed", "running"])
async def test_a_changed_command_renders_again_what_the_old_one_rendered(tmp_path, when):
    script = each_frame("echo old > $RENDER_OUTPUT/$n.png; echo $f >> frames")
    if when == "running":
        script = f"[ $RENDER_START = 1 ] || {{ {HOLD}; }}; {script}"
    async with farm(tmp_path) as here:
        uid = await here.submit(script, frames="1-4", chunks={"size": 2}, output=PNG)
        await here.reached(uid, lambda job: job.status.frames.completed in ("1-2", "1-4"))
        if when == "completed":
            await here.end(uid)
        new = ["sh", "-c", each_frame("echo new > $RENDER_OUTPUT/$n.png; echo $f >> again")]
        await here.manager.edit(uid, lambda spec: edited(spec, command=new))
        job = await here.end(uid)
        assert sorted(here.lines("again")) == ["1", "2", "3", "4"]
        assert {(here.out / name).read_text() for name in here.pictures()} == {"new\n"}
    assert job.status.state is State.COMPLETED
    assert job.status.attempts.failed == 0


async def test_changed_resources_render_nothing_again(tmp_path):
    async with farm(tmp_path) as here:
        uid = await here.submit(f"{HOLD}; {WRITE}", frames="1-4", chunks={"size": 2}, output=PNG)
        await here.reached(uid, lambda job: job.status.active == 1)
        more = {"limits": {"memory": "4Gi"}, "requests": {"cpu": "2"}}
        await here.manager.edit(uid, lambda spec: edited(spec, resources=more))
        here.go()
        await here.end(uid)
        await here.manager.edit(uid, lambda spec: edited(spec, resources={}))
        job = await here.reached(
            uid, lambda job: job.status.observed_generation == job.metadata.generation == 3
        )
        assert sorted(here.lines()) == ["1", "2", "3", "4"]
    assert job.status.state is State.COMPLETED
    assert counts(job) == {"succeeded": 2}


async def test_a_job_that_was_deleted_by_mistake_costs_nothing(tmp_path):
    async with farm(tmp_path) as here:
        first = await here.run(WRITE, chunks={"size": 5}, output=PNG)
        await here.manager.delete(first.metadata.uid)
        job = await here.run(WRITE, frames="1-12", chunks={"size": 5}, output={**PNG, "adopt": True})
        assert sorted(map(int, here.lines())) == list(range(1, 13)), "frames 11 and 12 are new"
    assert job.status.state is State.COMPLETED
    assert job.status.frames.completed == "1-12"


FAILS_SOME = each_frame(
    "[ -e fixed ] || [ $f != 3 ] || exit 1; echo frame > $RENDER_OUTPUT/$n.png; echo $f >> frames"
)


@pytest.mark.parametrize("state", [State.FAILED, State.COMPLETED, State.CANCELLED, State.SUSPENDED])
async def test_retry_renders_only_what_is_missing(tmp_path, state):
    """Frame 3 fails until it is fixed; a job that tolerates that completes without it."""
    async with farm(tmp_path) as here:
        tolerate = {"failedFrames": 1 if state is State.COMPLETED else 0}
        uid = await here.submit(
            FAILS_SOME,
            frames="1-6",
            chunks={"size": 1},
            output=PNG,
            retries={"perChunk": 0, "onFailure": "Stop"},
            tolerate=tolerate,
            preview={"frames": "1,2,4", "approval": "Required"} if state is State.SUSPENDED else None,
        )
        if state is State.CANCELLED:
            await here.reached(uid, lambda job: "3" in job.status.frames.failed)
            await here.manager.cancel(uid)
        seen = await here.reached(uid, lambda job: job.status.state.terminal or job.status.state is state)
        if state is State.COMPLETED:
            assert seen.status.result.missing_frames == "3"
        if state is not State.SUSPENDED:
            assert "3" in seen.status.frames.failed, "it is named"
        (here.home / "fixed").touch()
        approved = {"preview": None} if state is State.SUSPENDED else {}
        await here.manager.edit(uid, lambda spec: spec.model_copy(update=approved))
        await here.manager.retry(uid)
        job = await here.reached(uid, lambda job: job.status.frames.completed == "1-6")
        job = await here.end(uid)
        assert sorted(here.lines()) == ["1", "2", "3", "4", "5", "6"], "none was rendered twice"
    assert job.status.state is State.COMPLETED
    assert not FrameSet.parse(job.status.frames.failed)


async def test_of_failed_attempts_the_last_logs_are_kept_and_nothing_of_their_volumes(tmp_path):
    """A log is no child of the job: the time for which children are kept is not its own."""
    container = {
        "name": "render",
        "command": ["sh", "-c", "echo broken; touch /scratch/large; exit 3"],
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
    }
    async with farm(tmp_path) as here:
        done = await here.run(
            template={"spec": {"containers": [container], "volumes": [{"name": "scratch", "emptyDir": {}}]}},
            frames="1-4",
            chunks={"size": 1},
            parallelism=1,
            retries={"perChunk": 0, "onFailure": "Continue", "canary": False},
            cleanup={"keepFailedChunks": 2, "ttlSecondsAfterFinished": 0},
        )
        assert counts(done)["failed"] == 4
        uid = done.metadata.uid
        await until(lambda: len(here.logs(uid)) == 2, "for all but the last two to be removed")
        assert [log.name.split("_")[0] for log in here.logs(uid)] == ["000003", "000004"]
        assert not list((here.store.job(uid) / "volumes").glob("*"))
        here.manager.wake(uid)
        await asyncio.sleep(0.1)
        assert len(here.logs(uid)) == 2
