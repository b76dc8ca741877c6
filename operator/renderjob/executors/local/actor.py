"""Actor: starts and stops the process groups of attempts, and removes what is left of them."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from renderjob.api import RenderJob
from renderjob.api.quantity import memory_bytes
from renderjob.core import Action, Attempt, Forget, Kind, Phase, Start, Stop
from renderjob.executors.reading import reader_for
from renderjob.manager import ExecutorError
from renderjob.outputs import remove

from . import fences, strays
from .attempt import LocalAttempt
from .diagnosis import ConfigError, DiskError, disk_trouble, starting
from .files import watch_of
from .jobs import HeldJob
from .launch import Launch, launch_of
from .leash import Leash
from .logs import log_name
from .memory import group_memory, kernel_kills
from .process import Process
from .settle import Settler
from .store import Store
from .supplies import volumes_of


class Actor:
    """Acts; each action is harmless when it is repeated."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        leash: Leash,
        settler: Settler,
        notify: Callable[[str], None],
    ) -> None:
        """`settler` takes over attempts that have ended; `notify` is called where one could not be started."""
        self._store = store
        self._clock = clock
        self._leash = leash
        self._settler = settler
        self._notify = notify
        self.base: Mapping[str, str] = {}
        """The environment that attempts begin with."""

    async def act(self, held: HeldJob, action: Action) -> None:
        """Do one thing.

        Raises:
            ExecutorError: it did not work now.
        """
        match action:
            case Start(attempt):
                if attempt.id not in held.attempts:
                    self._start(held, attempt, await disk_trouble(held))
            case Stop(id=id_):
                running = held.attempts.get(id_)
                if running is not None and (running.blocked or running.exit_code is not None):
                    running.waived.set()
                elif running is not None and running.process is not None:
                    running.process.stop(_grace(held.job))
            case Forget(id=id_, failed=failed):
                local = held.attempts.pop(id_, None)
                if local is not None and (failed or local.empty):
                    local.log.unlink(missing_ok=True)

    async def end_all(self, held: HeldJob) -> None:
        """End all attempts of a job, and wait for that."""
        while running := [a.process for a in held.attempts.values() if a.process is not None]:
            for attempt in held.attempts.values():
                attempt.waived.set()
            for process in running:
                process.stop(_grace(held.job))
            await asyncio.sleep(0.02)
        await held.end_strays()

    def hold_to_memory(self, limited: Sequence[LocalAttempt]) -> None:
        """End what uses more memory than it may, as the kernel would in a container; blocks."""
        for attempt in limited:
            process = attempt.process
            if process is not None and attempt.memory and group_memory(process.pid) > attempt.memory:
                attempt.out_of_memory = True
                process.kill()

    def _start(self, held: HeldJob, attempt: Attempt, disk: str) -> None:
        job, uid, output = held.job, held.uid, held.output
        started = self._clock()
        local = LocalAttempt(
            attempt=attempt,
            log=self._store.logs(uid) / log_name(attempt, started),
            reader=reader_for(job.spec, attempt.kind, attempt.frames, str(output or "")),
            started=started,
            memory=attempt.memory or _memory_limit(job, attempt.kind),
            fence=fences.fence_of(job, attempt),
        )
        local.watch = watch_of(job, attempt, output, local.fence)
        if local.memory is not None:
            local.kills_before = kernel_kills()
        if local.fence is not None:
            self._remember_place(job)
        try:
            if disk:
                raise DiskError(disk)
            launch = launch_of(job, attempt, self.base, self._store.job(uid), local.fence, held.resolved)
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
                shutil.rmtree(volumes_of(self._store.job(uid), attempt.id), ignore_errors=True)
                if local.fence is not None:
                    remove(local.fence)
        held.attempts[attempt.id] = local
        if local.process is None:
            self._notify(uid)

    def _remember_place(self, job: RenderJob) -> None:
        store = self._store.job(job.metadata.uid)
        try:
            fences.remember(job, store)
        except OSError as error:
            raise ExecutorError(f"the store {store} can't be written: {error.strerror}") from error

    def _spawn(self, held: HeldJob, local: LocalAttempt, launch: Launch) -> Process:
        def exited(code: int) -> None:
            self._leash.remove(process.pid)
            self._settler.exited(held, local, code)

        try:
            output = _open_log(local.log)
        except OSError as error:
            raise ExecutorError(f"the log {local.log} can't be written: {error.strerror}") from error
        started = False
        try:
            with starting(launch.argv[0]):
                process = Process.start(
                    launch.argv,
                    program=launch.program,
                    environment=launch.environment,
                    directory=launch.directory,
                    output=output,
                    exited=exited,
                )
            started = True
        finally:
            os.close(output)
            if not started:
                local.log.unlink(missing_ok=True)
        local.marks = strays.marks_of(launch.environment)
        self._leash.add(process.pid)
        return process


def _grace(job: RenderJob) -> float:
    return job.spec.template.spec.termination_grace_period_seconds


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
