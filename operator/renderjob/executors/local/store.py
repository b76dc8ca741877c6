"""The places of a local store: the database, the logs, locks and tools."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_state_path

VARIABLE = "RENDERJOB_STORE"


@dataclass(frozen=True, slots=True)
class Store:
    """A directory with all that local runs remember."""

    root: Path

    @classmethod
    def default(cls) -> Store:
        """$RENDERJOB_STORE, or `renderjob` in the user's directory for state."""
        chosen = os.environ.get(VARIABLE)
        return cls(Path(chosen) if chosen else user_state_path("renderjob"))

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / "jobs.sqlite"

    @property
    def tools(self) -> Path:
        """Programs that came with us, for workers that find none installed."""
        return self.root / "tools"

    def keep_private(self) -> None:
        """Let nobody else look into what is kept of jobs, whatever the umask, and whoever made it.

        Raises:
            OSError: it can't be made.
        """
        jobs = self.root / "jobs"
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        jobs.mkdir(mode=0o700, exist_ok=True)
        with suppress(PermissionError):
            jobs.chmod(0o700)

    def logs(self, uid: str) -> Path:
        """The logs of a job."""
        return self.root / "jobs" / uid / "logs"

    def job(self, uid: str) -> Path:
        """All files of a job."""
        return self.root / "jobs" / uid

    def lock(self, uid: str) -> Path:
        """Held by the process that runs a job."""
        return self.root / "jobs" / uid / "lock"
