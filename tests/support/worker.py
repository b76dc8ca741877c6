"""A renderer for tests of killed managers: it notices when somebody else renders its frame at the same time.

Arguments: directory, first frame, last frame, step, output directory. It holds a lock on each frame while it
renders it, and so does its child; it appends `clash`, `begin` and `done` lines to the file `log` in the first.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path


def note(directory: str, line: str) -> None:
    file = os.open(f"{directory}/log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{line}\n".encode())
    os.close(file)


def main() -> None:
    directory, first, last, step = sys.argv[1], *map(int, sys.argv[2:5])
    for frame in range(first, last + 1, step):
        lock = os.open(f"{directory}/lock-{frame}", os.O_WRONLY | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note(directory, f"clash {frame}")
        note(directory, f"begin {frame}")
        wait = "0.05" if not Path(directory, "hold").exists() else "600"
        subprocess.run(["sleep", wait], pass_fds=[lock], check=True)
        Path(sys.argv[5], f"{frame:04}.png").write_text("frame")
        note(directory, f"done {frame}")
        os.close(lock)


if __name__ == "__main__":
    main()
