"""A manager in a process of its own, which a test kills."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

from . import driver

SOURCE = Path(driver.__file__).parents[2] / "operator"


class Driver:
    """A manager in a process of its own, which is killed when the test ends, whatever happens."""

    def __init__(self, directory: Path) -> None:
        environment = os.environ | {"PYTHONPATH": str(SOURCE)}
        self.process = subprocess.Popen([sys.executable, driver.__file__, str(directory)], env=environment)

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def watchdog(self) -> psutil.Process | None:
        for child in psutil.Process(self.process.pid).children():
            if any(word.endswith("watchdog.py") for word in child.cmdline()):
                return child
        return None
