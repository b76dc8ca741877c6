"""The core of this project: the real `decide`, the real look at files, on the farm.

Two executors, with what each knows:

- `Cluster` sees pods and no file. Frames count when an attempt of the kind Verify, a pod of ours, has found their
  files; that takes 20 s. Of a pod that fails or is drained it has the end of the log, which names the last two
  frames that were finished; of a node that vanishes it has nothing. Pods run on while the operator is dead.
- `Near` looks at the disk itself when an attempt ends, has all of its log, and all that it runs dies with it: as
  the local executor, but on many nodes.

The operator is killed between writing down that it starts attempts and starting them, is away for a minute, and
begins anew with nothing but the status. `retries.memory` lets memory grow by half. When the job fails, somebody
raises `spec.retry`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from renderjob.api import RenderJob, RenderJobSpec, State
from renderjob.cli.jobs.requests import look_at
from renderjob.core import (
    Action,
    Attempt,
    AttemptObservation,
    Decision,
    Forget,
    Kind,
    Observed,
    Phase,
    Start,
    Stop,
    decide,
)
from renderjob.core.inflight import parse
from renderjob.executors.local.inventory import take_stock
from renderjob.frames import EMPTY, FilePattern, FrameSet
from renderjob.outputs import Ended, open_store, parse_answer
from renderjob.workload import pack, verify_request

from .disk import PATTERN, Disk, moment
from .farm import End, Farm, Pod
from .scenario import CHUNK, MEMORY, NODES, PERSON, SLOTS, Scenario

LOOK = 20.0
"""Seconds that a verification takes, its pod's start included."""
AWAY = 60.0
"""Seconds until a dead operator has a successor."""
TOLD = 2
"""Frames that the end of a log names."""
MOST_STEPS = 20


@dataclass
class _Held:
    """An attempt that the executor has."""

    attempt: Attempt
    pod: Pod | None = None
    ended: AttemptObservation | None = None


class Ours:
    """One RenderJob, its operator, and an executor."""

    looks = False

    def __init__(self, farm: Farm, scenario: Scenario, directory: Path) -> None:
        self._farm, self._scenario = farm, scenario
        self._disk = Disk(directory)
        self._job = _job(scenario.frames, directory)
        self._held: dict[int, _Held] = {}
        self._alive, self._doomed = True, False
        self._inventory = Observed()
        self.looked = 0
        """Verifications."""
        self.helped = 0
        """How often somebody had to act by hand."""
        farm.at(0, self._reconcile)
        if scenario.edited:
            farm.at(scenario.halfway, self._add_frames)
        dies = farm.faults.operator_dies()
        if dies is not None:
            farm.at(dies, self._doom)

    @property
    def finished(self) -> bool:
        status = self._job.status
        return status.state is State.COMPLETED and status.total_frames == self._scenario.asked

    def _edit(self, **fields: object) -> None:
        spec = RenderJobSpec.model_validate(self._job.spec.to_wire() | fields)
        self._job = self._job.model_copy(update={"spec": spec})
        self._reconcile()

    def _add_frames(self) -> None:
        self._edit(frames=f"1-{self._scenario.asked}")

    def _retry(self) -> None:
        self.helped += 1
        self._edit(retry=self._job.spec.retry + 1)

    # -- the operator -----------------------------------------------------------------------------------------

    def _doom(self) -> None:
        """It dies with the next attempt that it writes down."""
        self._doomed = True
        self._reconcile()

    def _reconcile(self) -> None:
        for _ in range(MOST_STEPS):
            if not self._alive:
                return
            decision, before = self._decide(), self._job.status.state
            self._job = self._job.model_copy(update={"status": decision.status})
            if self._doomed and any(isinstance(action, Start) for action in decision.actions):
                self._die()
                return
            for action in decision.actions:
                self._perform(action)
            if decision.status.state is State.FAILED and before is not State.FAILED:
                self._farm.at(self._farm.now + PERSON, self._retry)
            if not decision.actions:
                if decision.wake is not None:
                    self._farm.at(_seconds(decision.wake), self._reconcile)
                return
        raise RuntimeError(f"a decision that never ends: {decision.actions}")

    def _decide(self) -> Decision:
        seen = tuple(self._seen(id_, held) for id_, held in self._held.items())
        observed = replace(self._inventory, uid="uid", generation=1, attempts=seen, looks=self.looks)
        self._inventory = Observed()
        return decide(self._job.spec, self._job.status, observed, moment(self._farm.now))

    def _die(self) -> None:
        self._alive, self._doomed = False, False
        self._down()
        self._farm.at(self._farm.now + AWAY, self._rise)

    def _rise(self) -> None:
        self._alive = True
        self._up()
        self._reconcile()

    def _down(self) -> None:
        """What an operator's death means for what runs."""

    def _up(self) -> None:
        """What its successor finds."""

    # -- the executor -----------------------------------------------------------------------------------------

    def _perform(self, action: Action) -> None:
        match action:
            case Start(attempt) if attempt.id not in self._held:
                self._held[attempt.id] = held = _Held(attempt)
                if attempt.kind is Kind.VERIFY:
                    self._look(held)
                else:
                    held.pod = self._farm.submit(
                        Pod(
                            tuple(attempt.frames),
                            attempt.memory or MEMORY,
                            lambda pod: self._ended(held, pod),
                            avoid=frozenset(attempt.avoid),
                            shun=frozenset(attempt.shun),
                        )
                    )
            case Stop(id=id_):
                self._stop(id_)
            case Forget(id=id_):
                self._held.pop(id_, None)
            case _:
                pass

    def _look(self, held: _Held) -> None:
        raise NotImplementedError

    def _stop(self, id_: int) -> None:
        """An attempt that was told to stop is gone, without a word."""
        held = self._held.pop(id_, None)
        if held is not None and held.pod is not None:
            self._farm.delete(held.pod)
            self._disk.write(held.pod, self._farm.now)

    def _seen(self, id_: int, held: _Held) -> AttemptObservation:
        if held.ended is not None:
            return held.ended
        begun = held.pod.begun if held.pod is not None else self._farm.now
        return AttemptObservation(
            id=id_,
            phase=Phase.RUNNING,
            started_at=None if begun is None else self._time(begun),
            watched=False,
            memory=held.attempt.memory or MEMORY,
            node=held.pod.node if held.pod is not None else "",
        )

    def _ended(self, held: _Held, pod: Pod) -> None:
        self._disk.write(pod, self._farm.now)
        held.ended = self._end_of(held, pod)
        self._reconcile()

    def _end_of(self, held: _Held, pod: Pod) -> AttemptObservation:
        assert pod.begun is not None and pod.end is not None
        told = self._told(pod)
        phase = {End.DONE: Phase.SUCCEEDED, End.ERROR: Phase.FAILED, End.OUT_OF_MEMORY: Phase.FAILED}
        code = {End.DONE: 0, End.ERROR: 139, End.OUT_OF_MEMORY: 137}
        return AttemptObservation(
            id=held.attempt.id,
            phase=phase.get(pod.end, Phase.LOST),
            frames_done=told,
            started_at=self._time(pod.begun),
            finished_at=self._time(self._farm.now),
            exit_code=code.get(pod.end),
            out_of_memory=pod.end is End.OUT_OF_MEMORY,
            log=f"Saved frame {told.last}" if told else "",
            memory=pod.memory,
            node=pod.node,
        )

    def _told(self, pod: Pod) -> FrameSet:
        """The frames that a log, as far as there is one, names as finished."""
        raise NotImplementedError

    def _time(self, seconds: float) -> datetime:
        return moment(seconds)


class Cluster(Ours):
    """Sees pods, and no file."""

    def _time(self, seconds: float) -> datetime:
        return moment(float(int(seconds)))

    def _told(self, pod: Pod) -> FrameSet:
        silent = self._scenario.silent or pod.end in (End.GONE, End.DONE)
        return EMPTY if silent else FrameSet([frame for _, frame in pod.finished[-TOLD:]])

    def _look(self, held: _Held) -> None:
        self.looked += 1
        request = pack(verify_request(self._job, held.attempt.frames, str(self._disk.directory)))
        self._farm.at(self._farm.now + LOOK, lambda: self._answered(held, request))

    def _answered(self, held: _Held, request: str) -> None:
        for pod in self._farm.running:
            self._disk.write(pod, self._farm.now)
        found = parse_answer(look_at(request), held.attempt.frames)
        held.ended = AttemptObservation(
            id=held.attempt.id,
            phase=Phase.SUCCEEDED,
            frames_done=found.present,
            missing=found.missing,
            finished_at=self._time(self._farm.now),
            exit_code=0,
        )
        self._reconcile()


class Near(Ours):
    """Sees pods and files."""

    looks = True

    def _told(self, pod: Pod) -> FrameSet:
        return EMPTY if self._scenario.silent else FrameSet([frame for _, frame in pod.finished])

    def _end_of(self, held: _Held, pod: Pod) -> AttemptObservation:
        ended = super()._end_of(held, pod)
        output = self._job.spec.output
        assert output is not None
        died = pod.end is not End.DONE
        assert not died or pod.begun is not None
        look = Ended(
            held.attempt.frames,
            moment(pod.begun).timestamp() if pod.begun is not None else 0.0,
            died,
            patterns=(FilePattern(output.pattern),) if output.pattern else (),
            min_bytes=output.min_bytes,
            finished=ended.frames_done,
        )
        missing = open_store(self._disk.directory).verify_ended(look).missing
        return replace(ended, missing=missing)

    def _stop(self, id_: int) -> None:
        """Its end is seen as any other."""
        held = self._held.get(id_)
        if held is None or held.pod is None or held.ended is not None:
            return
        self._farm.delete(held.pod)
        if held.pod.begun is None:
            del self._held[id_]
            return
        self._disk.write(held.pod, self._farm.now)
        held.ended = replace(self._end_of(held, held.pod), phase=Phase.FAILED, exit_code=143)

    def _down(self) -> None:
        for held in self._held.values():
            if held.pod is not None and held.pod.end is None:
                self._farm.delete(held.pod)
                self._disk.write(held.pod, self._farm.now)

    def _up(self) -> None:
        before, self._held = self._held, {}
        written_down = {entry.id for entry in map(parse, self._job.status.in_flight)}
        for id_, held in before.items():
            if id_ in written_down and held.pod is not None and held.pod.begun is not None:
                held.ended = replace(self._end_of(held, held.pod), phase=Phase.LOST, exit_code=None)
                self._held[id_] = held
        self._inventory = take_stock(self._job, self._disk.directory)


@contextmanager
def ours(kind: type[Ours], farm: Farm, scenario: Scenario) -> Iterator[Ours]:
    """A job of ours, with a directory for its frames; in memory, where there is such a thing: it is thousands."""
    memory = Path("/dev/shm")
    where = memory if os.access(memory, os.W_OK) else None
    with TemporaryDirectory(prefix="renderjob-waste-", dir=where) as directory:
        yield kind(farm, scenario, Path(directory))


def _job(frames: int, directory: Path) -> RenderJob:
    container = {
        "name": "render",
        "command": ["render"],
        "resources": {"limits": {"memory": str(MEMORY)}},
    }
    return RenderJob.model_validate(
        {
            "metadata": {"name": "waste", "uid": "uid"},
            "spec": {
                "frames": f"1-{frames}",
                "chunks": {"size": CHUNK},
                "parallelism": NODES * SLOTS,
                "output": {"path": str(directory), "file": PATTERN},
                "retries": {"memory": {"factor": 1.5, "max": str(4 * MEMORY)}},
                "template": {"spec": {"containers": [container]}},
            },
        }
    )


def _seconds(when: datetime) -> float:
    return (when - moment(0)).total_seconds()
