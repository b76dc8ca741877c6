"""A `kill -9` of `renderjob run` itself, for real: what it costs in frames begun, on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

FRAMES = 200
SLOTS = 4
KILLED_AFTER = 90
"""Frames that are there when it is killed."""
PATIENCE = 60.0

SCRIPT = (
    "for f in $(seq $RENDER_START $RENDER_END); do echo $f >> begun; sleep 0.05; n=$(printf %04d $f); "
    "echo pixels > $RENDER_OUTPUT/$n.exr; {says}; done"
)
SAYS = {"says each frame": """echo "Saved: '$RENDER_OUTPUT/$n.exr'\"""", "says nothing": ":"}


def killed_for_real() -> str:
    """Run a job, kill its manager, run it again; the count of frames, for renderers that talk or do not."""
    lines = [
        f"\nkill -9 of `renderjob run` for real: {FRAMES} frames, {SLOTS} at a time, killed after {KILLED_AFTER}"
        " (partial frames count as whole)"
    ]
    for what, says in SAYS.items():
        begun = _frames_begun(SCRIPT.format(says=says))
        lines.append(f"  a renderer that {what:<16} {begun} frames begun, {begun / FRAMES:.3f}")
    return "\n".join(lines)


def _frames_begun(script: str) -> int:
    with TemporaryDirectory(prefix="renderjob-waste-") as directory:
        here = Path(directory)
        (here / "job.json").write_text(json.dumps(_manifest(script)))
        first = _start(here)
        _wait_for(here / "out", first)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        if _start(here).wait() != 0:
            raise SystemExit("the second run did not complete")
        return len((here / "begun").read_text().split())


def _manifest(script: str) -> dict[str, Any]:
    container = {"name": "render", "command": ["sh", "-c", script]}
    return {
        "apiVersion": "renderjob.dev/v1alpha1",
        "kind": "RenderJob",
        "metadata": {"name": "waste"},
        "spec": {
            "frames": f"1-{FRAMES}",
            "chunks": {"size": FRAMES // SLOTS},
            "parallelism": SLOTS,
            "output": {"path": "out", "file": "####.exr"},
            "template": {"spec": {"containers": [container]}},
        },
    }


def _start(here: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "renderjob", "run", "job.json", "--store", "store"]
    return subprocess.Popen(command, cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait_for(out: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    # Those of chunks that still run lie below, in directories that come and go.
    while sum(len(files) for _, _, files in os.walk(out)) < KILLED_AFTER:
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise SystemExit("the first run ended, or did nothing, before it could be killed")
        time.sleep(0.01)
