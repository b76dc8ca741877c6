"""`python -m support.leashed ARGUMENTS`: renderjob, in a process that ends when its stdin does."""

from __future__ import annotations

import os
import runpy
import threading


def end_with_stdin() -> None:
    # Not by sys.stdin: it is locked while it is read, and an interpreter that ends wants to close it.
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=end_with_stdin, daemon=True).start()
    runpy.run_module("renderjob", run_name="__main__", alter_sys=True)
