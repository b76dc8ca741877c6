"""The places of a local store: the database, the logs, locks and tools."""

from __future__ import annotations

import os
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

    def logs(self, uid: str) -> Path:
        """The logs of a job."""
        return self.root / "jobs" / uid / "logs"

    def job(self, uid: str) -> Path:
        """All files of a job."""
        return self.root / "jobs" / uid

    def lock(self, uid: str) -> Path:
        """Held by the process that runs a job."""
        return self.root / "jobs" / uid / "lock"
