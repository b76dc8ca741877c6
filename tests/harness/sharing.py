"""One control plane for all workers of a test session: the first that needs it starts it, the last to leave ends it.

Should no worker be left to do that, the watchdog does when the session's process is gone.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from filelock import FileLock

from .control_plane import ControlPlane

CRDS = Path(__file__).parents[2] / "crds"


@contextmanager
def shared(place: Path, owner: int) -> Iterator[ControlPlane]:
    """The control plane that is noted in `place`, a directory that all workers know; started if there is none.

    Args:
        place: each worker leaves a file with its pid there while it uses the control plane.
        owner: pid of the process whose end is the end of the session.
    """
    users = place / "users"
    users.mkdir(parents=True, exist_ok=True)
    me = users / str(os.getpid())
    with FileLock(place / "lock"):
        plane = _attached(place) or _started(place, owner)
        me.touch()
    try:
        yield plane
    finally:
        with FileLock(place / "lock"):
            me.unlink()
            if not any(psutil.pid_exists(int(user.name)) for user in users.iterdir()):
                plane.stop()


def _attached(place: Path) -> ControlPlane | None:
    with contextlib.suppress(FileNotFoundError):
        plane = ControlPlane.attach(Path((place / "directory").read_text()))
        return plane if plane.running else None
    return None


def _started(place: Path, owner: int) -> ControlPlane:
    plane = ControlPlane.start(owner=owner)
    try:
        for file in sorted(CRDS.glob("*.renderjob.dev.yaml")):
            plane.crd(file)
        (place / "directory").write_text(str(plane.layout.directory))
    except BaseException:
        plane.stop()
        raise
    return plane
