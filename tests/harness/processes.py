"""Processes of a control plane: each is known by its pid file, so that any process can see and end them."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from .identity import Identity
from .waiting import Deadline


class Processes:
    """The processes whose pid files lie in a directory's `pids`, with a log each in `logs`."""

    def __init__(self, directory: Path) -> None:
        self.pids = directory / "pids"
        self.logs = directory / "logs"

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a program on its own: it lives on when the process that starts it ends.

        Its pid file is there before this returns.
        """
        self.pids.mkdir(exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            started = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(environment),
                start_new_session=True,
            )
        (self.pids / name).write_text(str(Identity.of(started.pid)))
        # Popen would warn that a process outlives it; that is what this one is for.
        started.returncode = 0

    def find(self, name: str) -> psutil.Process | None:
        """The process of this name, if it runs."""
        try:
            return Identity.parse((self.pids / name).read_text()).find()
        except (OSError, ValueError):
            return None

    def names(self) -> list[str]:
        """Those that were started and not ended."""
        return sorted(path.name for path in self.pids.glob("*")) if self.pids.exists() else []

    def end(self, names: Iterable[str], number: int = signal.SIGKILL) -> None:
        """Signal processes, wait until they are gone, and forget them.

        Raises:
            TimeoutError: one does not go.
        """
        names = list(names)
        for name in names:
            if process := self.find(name):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
        deadline = Deadline()
        for name in names:
            while self.find(name):
                if deadline.over:
                    raise TimeoutError(f"{name} does not end")
                time.sleep(0.01)
            (self.pids / name).unlink(missing_ok=True)

    def last_words(self, name: str, lines: int = 15) -> str:
        """The end of a program's log."""
        try:
            return "\n".join((self.logs / f"{name}.log").read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""
