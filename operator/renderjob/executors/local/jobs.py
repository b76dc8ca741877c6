"""What the local executor holds of one job."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path

from renderjob.api import RenderJob, RenderJobStatus
from renderjob.core import Observed

from . import strays
from .attempt import LocalAttempt
from .mounts import output_directory
from .supplies import Resolved

log = logging.getLogger(__name__)

SWEEPS = 40
"""How often strays are searched for before those that do not die are left alone."""


@dataclass(slots=True)
class HeldJob:
    """A job, its attempts, and what is known of its files."""

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
    polling: asyncio.Task[None] | None = None
    """Reads which files of what runs are there; a disk may be slow."""
    next_poll: float = 0.0

    @property
    def uid(self) -> str:
        """The job's."""
        return self.job.metadata.uid

    @property
    def output(self) -> Path | None:
        """Where its frames lie."""
        return output_directory(self.job)

    @property
    def running(self) -> list[LocalAttempt]:
        """The attempts that have not ended."""
        return [a for a in self.attempts.values() if a.process is not None and a.exit_code is None]

    async def end_strays(self) -> None:
        """End what attempts that are over have left behind outside of their process groups."""
        for _ in range(SWEEPS):
            found = await asyncio.to_thread(strays.processes_of, self.uid)
            left = [each for each in found if self._is_stray(each)]
            if not left:
                return
            for each in left:
                strays.kill(each, self.uid)
            await asyncio.sleep(0.05)
        log.warning("job %s: left running, since they do not die: %s", self.uid, [each.pid for each in left])

    def _is_stray(self, found: strays.Marked) -> bool:
        """Whether a process of this job belongs to no attempt that is running."""
        running = self.running
        if found.marks in {a.marks for a in running}:
            return False
        leaders = {a.process.pid for a in running if a.process is not None}
        # A script may have changed its environment; its group, or its descent, still tells whose it is.
        return found.group not in leaders and not strays.descends_from(found.pid, leaders)
