"""LocalExecutor: attempts as processes of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from renderjob.api import RenderJob, RenderJobStatus
from renderjob.api.quantity import memory_bytes
from renderjob.core import Action, Attempt, Forget, Kind, Observed, Phase, Start, Stop
from renderjob.executors.each import perform_each
from renderjob.executors.reading import reader_for
from renderjob.frames import FrameSet
from renderjob.manager import ExecutorError, Listener
from renderjob.media import MergeAnswer, parse_merge_answer
from renderjob.outputs import DENIED, FULL, told, why_not_writable

from . import fences, look_back, lost, outputs, strays
from .attempt import LocalAttempt
from .environment import base_environment
from .files import interval, watch_of
from .launch import PASSING, ConfigError, DiskError, Launch, answer_file, launch_of
from .leash import Leash, end_leftovers
from .logs import log_name
from .memory import group_memory, kernel_kills
from .mounts import output_directory
from .process import Process
from .store import Store
from .supplies import EnvironmentFileError, Given, Resolved, volumes_of

_LOG = logging.getLogger(__name__)

TICK = 0.25
"""Seconds between looks at what running attempts print and use."""

_KILLED = 137

_BRIEF = timedelta(seconds=1)
"""A shorter attempt that succeeded is not searched for strays by itself, but with others at a tick."""

_AT_ONCE = 1 << 18
"""Bytes of a log that may be read on the event loop when an attempt ends."""

_SWEEPS = 40
"""How often strays are looked for before those that do not die are left alone."""

_RARELY = 20
"""Sweeps at ticks take at most one part in so many of the time."""

_JUMP = 5.0
"""Seconds by which the clock must differ from the time that went by to have been changed."""

_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between tries to move frames up: a file server that is away for a moment costs none."""


@dataclass(slots=True)
class _Job:
    """What the executor holds of one job."""

    job: RenderJob
    resolved: Resolved = field(default_factory=Resolved)
    """Values of variables that were given on the command line."""
    attempts: dict[int, LocalAttempt] = field(default_factory=dict)
    inventory: Observed = field(default_factory=Observed)
    inventory_of: RenderJobStatus | None = None
    """The status that the inventory was compared with."""
    unswept: bool = False
    """Attempts have ended that nobody searched for strays."""
    next_sweep: float = 0.0
    full: bool = False
    """Nothing could be written to where frames lie when an attempt ended."""
    looking: asyncio.Task[None] | None = None
    """The look at the files of what runs; a disk may be slow."""
    next_look: float = 0.0

    @property
    def running(self) -> list[LocalAttempt]:
        """The attempts that have not ended."""
        return [a for a in self.attempts.values() if a.process is not None and a.exit_code is None]

    def is_stray(self, found: strays.Marked) -> bool:
        """Whether a process of this job belongs to no attempt that is running."""
        running = self.running
        if found.marks in {a.marks for a in running}:
            return False
        leaders = {a.process.pid for a in running if a.process is not None}
        # A script may have changed its environment; its group, or its descent, still tells whose it is.
        return found.group not in leaders and not strays.descends_from(found.pid, leaders)


class LocalExecutor:
    """Runs attempts as process groups, each with a log file; leaves none behind, even when it is killed.

    Open it as an async context manager; leaving it ends all attempts.
    """

    def __init__(self, store: Store, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`clock` tells the time, with a zone; it may jump."""
        self._store = store
        self._clock = clock
        self._wall, self._steady = clock(), time.monotonic()
        self._jobs: dict[str, _Job] = {}
        self._listeners: list[Listener] = []
        self._leash = Leash()
        self._base: dict[str, str] = {}
        self._ticker: asyncio.Task[None] | None = None
        self._settling: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._base = await asyncio.to_thread(base_environment, self._store.tools)
        self._ticker = asyncio.create_task(self._tick())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker
        await asyncio.gather(*map(self._end_all, self._jobs))
        self._leash.close()

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` whenever an attempt changed."""
        self._listeners.append(listener)

    # -- observing --------------------------------------------------------------------------------------------

    async def observe(self, job: RenderJob) -> Observed:
        """The attempts of a job. The first look also ends leftovers and checks what lies on the disk."""
        uid = job.metadata.uid
        held = self._jobs.get(uid)
        if held is None:
            held = await self._take_up(job)
            self._jobs[uid] = held
            for attempt in held.attempts.values():
                if attempt.blocked:
                    self._in_background(self._settle_lost(held, attempt))
        held.job = job
        self._mind_the_clock()
        return replace(
            self._news(held),
            uid=uid,
            generation=job.metadata.generation,
            looks=True,
            keeps_logs=True,
            attempts=tuple(attempt.observation() for attempt in held.attempts.values()),
        )

    def attempts(self, uid: str) -> list[LocalAttempt]:
        """The attempts that run, for a live view."""
        held = self._jobs.get(uid)
        return [a for a in held.attempts.values() if a.phase is Phase.RUNNING] if held else []

    async def _take_up(self, job: RenderJob) -> _Job:
        uid = job.metadata.uid
        try:
            self._store.keep_private()
            self._store.logs(uid).mkdir(parents=True, exist_ok=True)
            self._leash.take(uid)
            if job.status.in_flight:
                await asyncio.to_thread(end_leftovers, uid)
            await asyncio.to_thread(shutil.rmtree, self._store.job(uid) / "volumes", ignore_errors=True)
            resolved = await asyncio.to_thread(Given.of(job).resolved)
            inventory = await asyncio.to_thread(outputs.inventory, job, output_directory(job))
            held = _Job(job, resolved, inventory=inventory, inventory_of=job.status)
            held.attempts = await asyncio.to_thread(lost.take_up, job, self._store, self._clock())
        except (OSError, EnvironmentFileError) as error:
            raise ExecutorError(f"can't take up the job: {error}") from error
        return held

    def _news(self, held: _Job) -> Observed:
        """What the disk told, until the status shows that it was taken in."""
        news, status = held.inventory, held.job.status
        # Another version of the job is no sign: somebody may have edited its spec, and no decision was saved.
        untold = status is held.inventory_of or status == held.inventory_of
        if not untold:
            held.inventory_of = None
        completed = FrameSet.parse(status.frames.completed) if news.lost else news.lost
        held.inventory = replace(
            news,
            lost=news.lost & completed,
            found=news.found if untold else FrameSet(),
            merge_lost=news.merge_lost and untold,
        )
        return held.inventory

    # -- acting -----------------------------------------------------------------------------------------------

    async def perform(self, job: RenderJob, actions: Sequence[Action]) -> None:
        """Start, stop or forget attempts."""
        held = self._jobs.get(job.metadata.uid)
        if held is None:
            raise ExecutorError(f"job {job.key} was never observed")
        await perform_each(partial(self._act, job, held), actions)

    async def _act(self, job: RenderJob, held: _Job, action: Action) -> None:
        match action:
            case Start(attempt):
                if attempt.id not in held.attempts:
                    self._start(held, attempt, await self._disk(held))
            case Stop(id=id_):
                running = held.attempts.get(id_)
                if running is not None and (running.blocked or running.exit_code is not None):
                    running.waived.set()
                elif running is not None and running.process is not None:
                    running.process.stop(job.spec.template.spec.termination_grace_period_seconds)
            case Forget(id=id_, failed=failed):
                _forget(held, id_, failed=failed)

    async def _disk(self, held: _Job) -> str:
        """After a disk was full: why it still is, in the words of the system; empty when there is room again."""
        output = output_directory(held.job)
        if not held.full or output is None:
            return ""
        words = await asyncio.to_thread(why_not_writable, output)
        held.full = bool(words)
        return words

    def _start(self, held: _Job, attempt: Attempt, disk: str) -> None:
        job, uid = held.job, held.job.metadata.uid
        started = self._clock()
        local = LocalAttempt(
            attempt=attempt,
            log=self._store.logs(uid) / log_name(attempt, started),
            reader=reader_for(job.spec, attempt.kind, attempt.frames, str(output_directory(job) or "")),
            started=started,
            memory=attempt.memory or _memory_limit(job, attempt.kind),
            fence=fences.fence_of(job, attempt),
        )
        local.watch = watch_of(job, attempt, output_directory(job), local.fence)
        if local.memory is not None:
            local.kills_before = kernel_kills()
        if local.fence is not None:
            self._remember_place(job)
        try:
            if disk:
                raise DiskError(disk)
            launch = launch_of(job, attempt, self._base, self._store.job(uid), local.fence, held.resolved)
            local.process = self._spawn(held, local, launch)
        except (ConfigError, DiskError) as error:
            local.phase, local.finished = Phase.FAILED, self._clock()
            if isinstance(error, DiskError):
                local.disk, held.full = str(error), True
            else:
                local.config = str(error)
            local.log.write_text(f"{error}\n")
        finally:
            if local.process is None:
                shutil.rmtree(self._volumes(held, local), ignore_errors=True)
                if local.fence is not None:
                    fences.remove(local.fence)
        held.attempts[attempt.id] = local
        if local.process is None:
            self._notify(uid)

    def _remember_place(self, job: RenderJob) -> None:
        store = self._store.job(job.metadata.uid)
        try:
            fences.remember(job, store)
        except OSError as error:
            raise ExecutorError(f"the store {store} can't be written: {error.strerror}") from error

    def _spawn(self, held: _Job, local: LocalAttempt, launch: Launch) -> Process:
        def exited(code: int) -> None:
            self._leash.remove(process.pid)
            self._exited(held, local, code)

        try:
            output = _open_log(local.log)
        except OSError as error:
            raise ExecutorError(f"the log {local.log} can't be written: {error.strerror}") from error
        try:
            process = Process.start(
                launch.argv,
                program=launch.program,
                environment=launch.environment,
                directory=launch.directory,
                output=output,
                exited=exited,
            )
        except OSError as error:
            local.log.unlink(missing_ok=True)
            if error.errno in PASSING:
                raise ExecutorError(f"no process can be started at the moment: {error.strerror}") from error
            raise ConfigError(f"{launch.argv[0]} can't be started: {error.strerror}") from error
        except ValueError as error:
            # A zero byte in an argument, an = in a variable's name.
            local.log.unlink(missing_ok=True)
            raise ConfigError(
                f"{launch.argv[0]} can't be started: {error}; change command, args or env"
            ) from error
        finally:
            os.close(output)
        local.marks = strays.marks_of(launch.environment)
        self._leash.add(process.pid)
        return process

    def _exited(self, held: _Job, local: LocalAttempt, code: int) -> None:
        local.exit_code = code
        local.ended()
        if code == _KILLED and local.memory is not None and kernel_kills() > local.kills_before:
            local.out_of_memory = True
        quick = _was_brief(local) and local.behind < _AT_ONCE and not self._volumes(held, local).exists()
        if quick and not _has_files(held.job, local):
            local.close()
            held.unswept = True
            self._conclude(held, local)
            return
        self._in_background(self._settle(held, local))

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _settle_lost(self, held: _Job, local: LocalAttempt) -> None:
        """An attempt that an earlier manager had started, and whose frames could not be moved up."""
        await self._move_up(held, local)
        local.phase, local.finished = Phase.LOST, self._clock()
        self._notify(held.job.metadata.uid)

    async def _settle(self, held: _Job, local: LocalAttempt) -> None:
        """Look back at an ended attempt, off the event loop: a disk may be slow, and a log long."""
        try:
            if not _was_brief(local):
                await self._end_strays(held)
            if local.behind < _AT_ONCE:
                local.close()
            else:
                await asyncio.to_thread(local.close)
            if _has_files(held.job, local):
                await self._look_back(held, local)
            elif local.exit_code != 0 and (output := output_directory(held.job)) is not None:
                local.disk = await asyncio.to_thread(why_not_writable, output)
            held.full = held.full or bool(local.disk)
        except Exception:
            # Without a look nothing is known to be there; the attempt must not stay for ever.
            _LOG.exception("job %s: the output can't be looked at", held.job.metadata.uid)
            local.missing = local.attempt.frames
            if local.fence is not None:
                await asyncio.to_thread(fences.remove, local.fence)
        # They are empty at the start of every attempt, and end with it.
        await asyncio.to_thread(shutil.rmtree, self._volumes(held, local), ignore_errors=True)
        self._conclude(held, local)

    def _volumes(self, held: _Job, local: LocalAttempt) -> Path:
        return volumes_of(self._store.job(held.job.metadata.uid), local.attempt.id)

    async def _look_back(self, held: _Job, local: LocalAttempt) -> None:
        job = held.job
        if not await self._when_it_can(held, local, look_back.verify):
            return
        if local.missing and _was_brief(local):
            # A renderer that went into the background is not one that has ended.
            await self._end_strays(held)
            await asyncio.to_thread(look_back.verify, job, local)
        if local.fence is not None:
            await self._move_up(held, local)

    async def _move_up(self, held: _Job, local: LocalAttempt) -> None:
        """Move up what an attempt has left; what can't be moved is given up after a while, and told of."""
        if not await self._when_it_can(held, local, look_back.publish):
            await asyncio.to_thread(look_back.publish_or_tell, held.job, local)

    async def _when_it_can(
        self, held: _Job, local: LocalAttempt, work: Callable[[RenderJob, LocalAttempt], None]
    ) -> bool:
        """Do something with what an attempt has left. Whether that was possible.

        A disk that is full, or can only be read, is waited for: what is rendered is not rendered again. A file server
        that is away is, too, for a while.
        """
        job, pauses, written = held.job, iter(_PAUSES), True
        while True:
            try:
                await asyncio.to_thread(work, job, local)
            except OSError as error:
                waits = error.errno in FULL | DENIED
                pause = next(pauses, _PAUSES[-1] if waits else None)
                if pause is None or local.waived.is_set():
                    local.blocked = ""
                    if work is look_back.verify:
                        raise
                    return False
                level = logging.DEBUG if waits else logging.WARNING  # what waits is told by the job itself
                _LOG.log(level, "job %s: frames can't be moved up, tried again: %s", job.key, error)
                if waits:
                    written, local.blocked = False, told(error, output_directory(job) or Path())
                    self._notify(job.metadata.uid)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(local.waived.wait(), pause)
            else:
                words, local.blocked = local.blocked, ""
                if not written and not local.disk and (local.exit_code != 0 or local.missing):
                    # There is room again; when it ended there was none.
                    local.disk = words
                return True

    def _conclude(self, held: _Job, local: LocalAttempt) -> None:
        if local.attempt.kind is not Kind.RENDER:
            local.answer = _answer(self._store.job(held.job.metadata.uid), local.attempt)
        local.phase = Phase.SUCCEEDED if local.exit_code == 0 and not local.unmoved else Phase.FAILED
        local.process = None
        self._notify(held.job.metadata.uid)

    async def abandon(self, uid: str) -> None:
        """End all attempts of a job that is gone, and remove its logs; what is rendered stays."""
        await self._end_all(uid)
        if uid and "/" not in uid and not uid.startswith("."):  # an id of nobody's is no path
            await asyncio.to_thread(shutil.rmtree, self._store.job(uid), ignore_errors=True)

    async def _end_all(self, uid: str) -> None:
        """The job is held until its last attempt has ended, so that whoever asks meanwhile waits, too."""
        held = self._jobs.get(uid)
        if held is None:
            return
        grace = held.job.spec.template.spec.termination_grace_period_seconds
        while running := [a.process for a in held.attempts.values() if a.process is not None]:
            for attempt in held.attempts.values():
                attempt.waived.set()
            for process in running:
                process.stop(grace)
            await asyncio.sleep(0.02)
        await self._end_strays(held)
        self._jobs.pop(uid, None)

    def kill_all(self) -> None:
        """SIGKILL to everything, for a user who can't wait."""
        for held in self._jobs.values():
            for attempt in held.attempts.values():
                if attempt.process is not None:
                    attempt.process.kill()

    # -- the tick ---------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self._mind_the_clock()
            self._leash.tell()
            for uid, held in list(self._jobs.items()):
                try:
                    await self._look_at(uid, held)
                except Exception:
                    _LOG.exception("job %s: what runs can't be looked at", uid)

    async def _look_at(self, uid: str, held: _Job) -> None:
        running = held.running
        changed = False
        for attempt in running:
            changed |= attempt.follow()
            # Many that talk much must not hold up the rest of us together, either.
            await asyncio.sleep(0)
        if (held.looking is None or held.looking.done()) and time.monotonic() >= held.next_look:
            held.next_look = time.monotonic() + interval(held.job)
            if any(attempt.watch is not None for attempt in running):
                held.looking = asyncio.create_task(self._look_at_files(uid, running))
        if held.unswept and time.monotonic() >= held.next_sweep:
            held.unswept, begun = False, time.monotonic()
            await self._end_strays(held)
            held.next_sweep = time.monotonic() + _RARELY * (time.monotonic() - begun)
        limited = [a for a in running if a.memory is not None]
        if limited:
            await asyncio.to_thread(self._hold_to_memory, limited)
        if changed:
            self._notify(uid)

    async def _look_at_files(self, uid: str, running: list[LocalAttempt]) -> None:
        """Files that appear are progress, and a sign of life."""
        written = await asyncio.to_thread(lambda: [attempt for attempt in running if attempt.look()])
        for attempt in written:
            attempt.alive()
        if written:
            self._notify(uid)

    async def _end_strays(self, held: _Job) -> None:
        """End what attempts that are over have left behind outside of their process groups."""
        uid = held.job.metadata.uid
        for _ in range(_SWEEPS):
            found = await asyncio.to_thread(strays.processes_of, uid)
            left = [each for each in found if held.is_stray(each)]
            if not left:
                return
            for each in left:
                strays.kill(each, uid)
            await asyncio.sleep(0.05)
        _LOG.warning("job %s: left running, since they do not die: %s", uid, [each.pid for each in left])

    def _mind_the_clock(self) -> None:
        """When the clock was set, or the machine slept, nothing that runs has run longer or shorter by that."""
        wall, steady = self._clock(), time.monotonic()
        jump = (wall - self._wall).total_seconds() - (steady - self._steady)
        self._wall, self._steady = wall, steady
        if abs(jump) > _JUMP:
            for held in self._jobs.values():
                for attempt in held.running:
                    attempt.shift(jump)

    def _hold_to_memory(self, limited: list[LocalAttempt]) -> None:
        """End what uses more memory than it may."""
        for attempt in limited:
            process = attempt.process
            if process is not None and attempt.memory and group_memory(process.pid) > attempt.memory:
                attempt.out_of_memory = True
                process.kill()

    def _notify(self, uid: str) -> None:
        for listener in self._listeners:
            listener(uid)


def _forget(held: _Job, id_: int, *, failed: bool) -> None:
    local = held.attempts.pop(id_, None)
    if local is not None and (failed or local.empty):
        local.log.unlink(missing_ok=True)


def _memory_limit(job: RenderJob, kind: Kind) -> int | None:
    template = job.spec.template
    if kind is not Kind.RENDER and job.spec.merge is not None:
        if job.spec.merge.template is None:
            return None  # the built-in merge is ours, and needs what it needs
        template = job.spec.merge.template
    limit = template.container.resources.limits.get("memory")
    try:
        return memory_bytes(str(limit)) if limit is not None else None
    except ValueError:
        return None


def _open_log(path: Path) -> int:
    """The log, open for appending: what is cut off it while it is written is gone."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o600)


def _has_files(job: RenderJob, local: LocalAttempt) -> bool:
    """Whether files tell what an attempt has rendered."""
    return job.spec.output is not None and local.attempt.kind is Kind.RENDER


def _answer(scratch: Path, attempt: Attempt) -> MergeAnswer | None:
    """What a merge that failed said of itself; None: it died before."""
    file = answer_file(scratch, attempt.id)
    try:
        return parse_merge_answer(file.read_text(), attempt.frames)
    except (OSError, UnicodeDecodeError):
        return None
    finally:
        file.unlink(missing_ok=True)


def _was_brief(local: LocalAttempt) -> bool:
    return local.exit_code == 0 and local.finished is not None and local.finished - local.started < _BRIEF
