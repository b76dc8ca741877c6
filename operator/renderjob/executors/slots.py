"""SharedSlots: several jobs share the room of one machine. An executor around another one.

Jobs that depend on each other run together, and the `parallelism` of each is for a job that has the machine to itself.
So all of them together get as many slots as the one of them with the most would have alone. An attempt that is to
start and finds no slot waits in the order of arrival: it is observed as queued, as a pod is that a quota holds back. A
slot that an attempt leaves goes to who waits longest, so none of the jobs keeps another from getting on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from renderjob.api import RenderJob, WaitReason
from renderjob.core import Action, AttemptObservation, Forget, Kind, Observed, Phase, Start, Stop
from renderjob.core.blocked import Blocked
from renderjob.executors.each import perform_each
from renderjob.manager import JobExecutor, Listener

_Key = tuple[str, int]
"""The uid of a job, and the id of an attempt of it."""


@dataclass(slots=True)
class _Waiting:
    """An attempt that has no slot yet."""

    start: Start
    stopped: bool = False
    """It was stopped before it began."""


class SharedSlots:
    """Starts attempts by another executor, as many at a time as there are slots."""

    def __init__(self, executor: JobExecutor) -> None:
        self._executor = executor
        self._jobs: dict[str, RenderJob] = {}
        self._waiting: dict[_Key, _Waiting] = {}
        """In the order in which they came."""
        self._taken: set[_Key] = set()
        """Attempts that have a slot."""
        self._listeners: list[Listener] = []

    @property
    def slots(self) -> int:
        """Attempts that may run at a time: the largest `spec.parallelism` of the jobs that are not at their end."""
        jobs = self._jobs.values()
        return max([job.spec.parallelism for job in jobs if not job.status.state.terminal], default=0) or 1

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` whenever an attempt changed."""
        self._listeners.append(listener)
        self._executor.subscribe(listener)

    async def observe(self, job: RenderJob) -> Observed:
        """The attempts of a job, with those that have no slot yet; starts those that were given one."""
        uid = job.metadata.uid
        self._jobs[uid] = job
        observed = await self._executor.observe(job)
        running = {(uid, seen.id) for seen in observed.attempts if not seen.finished}
        self._taken -= {key for key in self._taken if key[0] == uid and key not in running}
        granted = [key for key in self._next() if key[0] == uid]
        for key in granted:
            await self._start(job, key)
        if granted:
            observed = await self._executor.observe(job)
        # Slots that ended attempts left, that an edit added, or that one gave up which could not begin. Where a start
        # fails nobody is told before the job's next observation, which comes after a pause.
        self._notify_next(but=uid)
        held = [self._held(key) for key in self._waiting if key[0] == uid]
        return replace(observed, attempts=(*observed.attempts, *held)) if held else observed

    async def perform(self, job: RenderJob, actions: Sequence[Action]) -> None:
        """Start chunks when there are slots, a merge at once; stop or forget them, whether they have begun or not."""
        await perform_each(partial(self._act, job), actions)

    async def _act(self, job: RenderJob, action: Action) -> None:
        uid = job.metadata.uid
        match action:
            case Start(attempt) if attempt.kind is Kind.RENDER:
                key = (uid, attempt.id)
                if key in self._taken:
                    await self._executor.perform(job, [action])
                    return
                self._waiting.setdefault(key, _Waiting(action))
                if key in self._next():
                    await self._start(job, key)
            case Stop(id=id_) if (uid, id_) in self._waiting:
                self._waiting[uid, id_].stopped = True
                self._notify([uid])
            case Forget(id=id_):
                self._waiting.pop((uid, id_), None)
                await self._executor.perform(job, [action])
                if (uid, id_) in self._taken:
                    self._taken.discard((uid, id_))
                    self._notify_next()
            case _:
                await self._executor.perform(job, [action])

    async def abandon(self, uid: str) -> None:
        """Stop and remove all attempts of a job that is gone."""
        self._jobs.pop(uid, None)
        self._waiting = {key: each for key, each in self._waiting.items() if key[0] != uid}
        await self._executor.abandon(uid)
        self._taken = {key for key in self._taken if key[0] != uid}
        self._notify_next()

    async def _start(self, job: RenderJob, key: _Key) -> None:
        """Begin an attempt that waits; when that does not work now it waits behind the others, and holds up none."""
        self._taken.add(key)
        waiting = self._waiting.pop(key)
        try:
            await self._executor.perform(job, [waiting.start])
        except BaseException:
            self._taken.discard(key)
            self._waiting[key] = waiting
            raise

    def _next(self) -> list[_Key]:
        """Who has a slot coming, the longest wait first."""
        free = max(0, self.slots - len(self._taken))
        return [key for key, waiting in self._waiting.items() if not waiting.stopped][:free]

    def _notify_next(self, but: str = "") -> None:
        """Tell the jobs that have a slot coming, but for one that knows."""
        self._notify({uid for uid, _ in self._next()} - {but})

    def _held(self, key: _Key) -> AttemptObservation:
        if self._waiting[key].stopped:
            return AttemptObservation(key[1], Phase.LOST)
        words = (
            f"for one of {self.slots} slots, which the jobs of this run share (the largest spec.parallelism)"
        )
        why = Blocked(WaitReason.QUEUED, words)
        return AttemptObservation(key[1], Phase.RUNNING, queued=True, waiting=why, watched=False)

    def _notify(self, uids: Iterable[str]) -> None:
        for uid in uids:
            for listener in self._listeners:
                listener(uid)
