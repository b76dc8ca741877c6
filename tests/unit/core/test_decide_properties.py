"""What holds whatever happens: any order of events, losses, doubles, edits, and a restart at any point."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from renderjob.api import State, frames_of
from renderjob.core import Kind, Phase, Start
from renderjob.frames import EMPTY, FrameSet
from support.blocked import blocked_by
from support.jobs import spec
from support.world import World

MERGE = {"template": {"spec": {"containers": [{"name": "merge", "command": ["merge"]}]}}}
BUILT_IN = {"ffmpeg": {"file": "o.mp4"}}

FRAMES = st.sampled_from(["1-12", "1-30x3", "5", "-4-9", "1-10,20,30-34", "1-40"])
CHUNKS = st.fixed_dictionaries(
    {
        "size": st.integers(1, 9),
        "order": st.sampled_from(["Forward", "Reverse", "EndsFirst", "Stride", "Bisect"]),
        "stride": st.integers(2, 4),
    }
)

PREVIEWS = st.sampled_from(
    [
        None,
        {"frames": "Ends"},
        {"frames": "Stride"},
        {"frames": "2,7"},
        {"frames": "7", "approval": "Required"},
        {"frames": "2,6", "approval": "Required"},
    ]
)


def said(status):
    return " ".join(c.message for c in status.conditions if c.type.value == "Ready")


class AnyHistory(RuleBasedStateMachine):
    """One job under everything that can happen to it."""

    @initialize(
        frames=FRAMES,
        chunks=CHUNKS,
        parallelism=st.integers(0, 5),
        per_chunk=st.integers(0, 2),
        per_job=st.integers(0, 2),
        tolerate=st.sampled_from([0, 2, "30%"]),
        merge=st.sampled_from([None, MERGE, BUILT_IN]),
        output=st.sampled_from(
            [None, {"path": "/o", "file": "####.png"}, {"path": "/o", "chunkFile": "$(RENDER_CHUNK).mkv"}]
        ),
        initial=st.sampled_from(["0s", "10s"]),
        preview=PREVIEWS,
        on_edit=st.sampled_from(["Rerender", "Keep"]),
        adaptive=st.booleans(),
        canary=st.booleans(),
        looks=st.booleans(),
    )
    def begin(
        self,
        frames,
        chunks,
        parallelism,
        per_chunk,
        per_job,
        tolerate,
        merge,
        output,
        initial,
        preview,
        on_edit,
        adaptive,
        canary,
        looks,
    ):
        if adaptive and "chunkFile" not in (output or {}):
            chunks = {k: v for k, v in chunks.items() if k != "size"} | {"targetDuration": "30s"}
        fields = {
            "frames": frames,
            "chunks": chunks,
            "parallelism": parallelism,
            "retries": {
                "perChunk": per_chunk,
                "perJob": per_job,
                "canary": canary,
                "backoff": {"initial": initial},
                "memory": {"factor": 2, "max": "4Gi"},
                "rules": [{"exitCodes": [75], "action": "BackOff"}, {"exitCodes": [76], "action": "Ignore"}],
            },
            "tolerate": {"failedFrames": tolerate},
            "timeouts": {"stall": "5m", "job": "30d"},
            "onEdit": on_edit,
        }
        if merge and (output or merge is not BUILT_IN):
            fields["merge"] = merge
        if output:
            fields["output"] = output
        if preview:
            fields["preview"] = preview
        self.world = World(spec(**fields))
        self.world.extra = {"looks": looks}
        self.progress = 0
        self.may_fall = True
        self.ended: dict[int, Phase] = {}

    # -- the operator ----------------------------------------------------------------------------------------

    @rule()
    def reconcile(self):
        self._step()

    @rule(acts=st.integers(0, 2))
    def die_after_some_actions(self, acts):
        self._step(acts=acts)

    @rule()
    def die_before_the_save(self):
        self.world.step(saves=False)

    @rule()
    def act_twice(self):
        decision = self._step()
        for action in decision.actions:
            self.world.perform(action)

    def _step(self, **how):
        before = self.world.status
        decision = self.world.step(**how)
        after = self.world.status
        if before.state.terminal and not self.may_fall:
            assert after.state is before.state, "a terminal state is stable"
        if not self.may_fall:
            assert after.progress >= before.progress, "progress fell by itself"
        self.may_fall = False
        self._somebody_or_something_is_next(decision)
        if not how:
            self._nothing_is_left_to_chance(decision)
        return decision

    def _somebody_or_something_is_next(self, decision):
        """It has something in flight, a wake, or a condition that names whom it waits for; and never by luck."""
        status, asked = decision.status, self.world.spec
        reasons = {c.type.value: c.reason for c in status.conditions if c.status == "True"}
        assert "Idle" not in reasons.values(), f"nobody knows what it waits for: {status}"
        named = status.state is State.SUSPENDED or (
            asked.parallelism == 0 and "parallelism is 0" in said(status)
        )
        if not (status.state.terminal or status.in_flight or decision.wake):
            assert named or "Stalled" in reasons, f"nobody looks again, and nobody is named: {status}"

    def _nothing_is_left_to_chance(self, decision):
        """What can be done is done at once: a second look would do no more, and there is a next one where needed."""
        world = self.world
        again = world.decide()
        more = [a for a in again.actions if isinstance(a, Start) and a.attempt.id not in world.attempts]
        assert not more, "a second look starts more, and nobody would have looked"
        assert again.status.state is decision.status.state, "a second look finds another state"
        status, asked = world.status, world.spec
        halted = status.state.terminal or asked.suspend or asked.cancel or status.state is State.SUSPENDED
        if halted or status.in_flight or not asked.parallelism:
            return
        assert decision.wake is not None, f"nothing runs, and nobody looks again: {status}"

    # -- attempts --------------------------------------------------------------------------------------------

    def _pick(self, data):
        world = self.world
        running = [*world.running, *world.verifying, *world.checking, *world.merging]
        return data.draw(st.sampled_from(running)) if running else None

    @rule(
        data=st.data(),
        phase=st.sampled_from(Phase),
        code=st.sampled_from([0, 1, 75, 76, 137]),
        oom=st.booleans(),
        node=st.sampled_from(["", "n1", "n2", "n3.farm"]),
    )
    def an_attempt_ends(self, data, phase, code, oom, node):
        running = self._pick(data)
        if running is None or phase is Phase.RUNNING:
            return
        frames = running.attempt.frames
        done = FrameSet(data.draw(st.sets(st.sampled_from(list(frames)))))
        if phase is Phase.SUCCEEDED:
            missing = data.draw(st.sampled_from([None, EMPTY, frames - done]))
            self.world.end(running, phase, missing=missing, node=node)
        else:
            missing = data.draw(st.sampled_from([None, frames - done]))
            bad, refused = EMPTY, False
            if running.attempt.kind in (Kind.MERGE, Kind.CHECK):
                bad = data.draw(st.sampled_from([EMPTY, frames - done]))
                refused = data.draw(st.sampled_from([False, False, True]))
                self.may_fall = self.may_fall or bool(bad)
            self.world.end(
                running,
                phase,
                bad=bad,
                refused=refused,
                exit_code=code,
                frames_done=done,
                missing=missing,
                out_of_memory=oom,
                memory=1 << 30,
                node=node,
            )

    @rule(data=st.data())
    def an_attempt_vanishes(self, data):
        running = self._pick(data)
        if running is not None:
            del self.world.attempts[running.attempt.id]

    @rule(data=st.data(), fraction=st.floats(0, 1))
    def an_attempt_gets_on(self, data, fraction):
        running = self._pick(data)
        if running is not None:
            done = data.draw(st.sets(st.sampled_from(list(running.attempt.frames))))
            running.seen = replace(
                running.seen, fraction=fraction, frames_done=FrameSet(done), active_at=self.world.now
            )

    @rule(
        data=st.data(),
        waiting=st.sampled_from(
            [
                "ImagePullBackOff: no such image",
                "Unschedulable: 0/3 nodes are available: 3 Insufficient cpu",
                "Unschedulable: 0/3 nodes are available: 3 didn't match Pod's node affinity/selector",
            ]
        ),
    )
    def an_attempt_waits(self, data, waiting):
        running = self._pick(data)
        if running is not None:
            running.seen = replace(
                running.seen, started_at=None, waiting=blocked_by(waiting), waiting_since=self.world.now
            )

    @rule()
    def what_was_told_to_stop_stops(self):
        self.world.end_stopping()

    @rule(seconds=st.sampled_from([1, 15, 400, 5000]))
    def time_passes(self, seconds):
        self.world.pass_time(seconds)

    @rule(seconds=st.sampled_from([30, 86400]))
    def the_clock_is_set_back(self, seconds):
        self.world.pass_time(-seconds)

    @rule()
    def everything_succeeds_for_a_while(self):
        for _ in range(3):
            self._step()
            self.world.pass_time(2)
            self.world.end_all()

    # -- people ----------------------------------------------------------------------------------------------

    def _edit(self, **changes):
        self.world.edit(**changes)
        self.may_fall = True

    @rule(cancel=st.booleans(), suspend=st.booleans())
    def cancel_and_suspend(self, cancel, suspend):
        self._edit(cancel=cancel, suspend=suspend)

    @rule()
    def retry(self):
        self._edit(retry=self.world.spec.retry + 1)

    @rule(frames=FRAMES)
    def other_frames(self, frames):
        self._edit(frames=frames)

    @rule(chunks=CHUNKS)
    def other_chunks(self, chunks):
        self._edit(chunks=chunks)

    @rule(preview=PREVIEWS)
    def other_preview(self, preview):
        self._edit(preview=preview)

    @rule(parallelism=st.integers(0, 6))
    def other_parallelism(self, parallelism):
        self._edit(parallelism=parallelism)

    @rule(command=st.sampled_from(["render", "other"]))
    def other_command(self, command):
        self._edit(template={"spec": {"containers": [{"name": "render", "command": [command]}]}})

    @rule(data=st.data())
    def frames_are_deleted_behind_our_back(self, data):
        completed = FrameSet.parse(self.world.status.frames.completed)
        if completed:
            before = self.world.extra
            self.world.extra = before | {"lost": FrameSet((data.draw(st.sampled_from(list(completed))),))}
            self.may_fall = True
            self._step()
            self.world.extra = before
            self.may_fall = True

    # -- what always holds -----------------------------------------------------------------------------------

    @invariant()
    def every_frame_is_in_one_place(self):
        world = getattr(self, "world", None)
        if world is None or world.status.created_at is None:
            return
        status = world.status
        assert len(status.model_dump_json()) < 64 * 1024
        total = frames_of(world.spec.frames)
        assert status.attempts.succeeded <= len(world.started_ids)
        ids = [int(text.split()[0]) for text in status.in_flight]
        assert len(ids) == len(set(ids))
        assert all(id_ < status.next_attempt for id_ in ids)
        if status.observed_generation == world.generation and status.state is State.COMPLETED:
            left = total - FrameSet.parse(status.frames.completed)
            assert left <= FrameSet.parse(status.frames.failed)

    @invariant()
    def the_status_is_what_the_api_says(self):
        world = getattr(self, "world", None)
        if world is not None:
            again = type(world.status).model_validate_json(world.status.model_dump_json())
            assert again == world.status, "the status does not survive being saved and read"

    def teardown(self):
        """Whatever happened: from here, with nothing in its way, the job ends, and all frames are there."""
        world = getattr(self, "world", None)
        if world is None:
            return
        self._it_ends_when_it_is_left_alone(deepcopy(world))
        cancelled = world.spec.cancel and not world.status.state.terminal
        if cancelled:
            for _ in range(4):
                world.step()
                world.end_stopping()
            assert world.status.state is State.CANCELLED
        world.edit(suspend=True)
        for _ in range(4):
            world.step()
            world.end_stopping()
        assert not world.attempts, "a suspended job runs nothing"
        world.edit(cancel=False, suspend=False, parallelism=3, retry=world.spec.retry + 1, preview=None)
        status = world.run()
        assert status.state is State.COMPLETED
        assert frames_of(world.spec.frames) <= FrameSet.parse(status.frames.completed)
        assert not world.attempts

    def _it_ends_when_it_is_left_alone(self, world):
        """Nobody edits it, attempts succeed, and it is looked at only when one has ended or a wake is due."""
        for _ in range(400):
            world.step()
            world.end_stopping()
            if not any(running.seen.finished for running in world.attempts.values()):
                world.pass_time(1)
                world.end_all()
            if any(running.seen.finished for running in world.attempts.values()):
                continue
            if world.wake is None:
                break
            world.sleep_until_wake()
        status, asked = world.status, world.spec
        assert not world.attempts
        assert status.observed_generation == world.generation
        if asked.cancel and not status.state.terminal:
            raise AssertionError(f"a job that is to be cancelled is {status.state}")
        waits = asked.suspend or not asked.parallelism or status.state is State.SUSPENDED
        assert status.state.terminal or waits, f"it does not end: {status}"


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(
    max_examples=120,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
