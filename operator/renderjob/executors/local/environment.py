"""The environment of a local attempt: what the manifest names, and PATH, HOME, TMPDIR and LANG; nothing else."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from renderjob.media import FFmpegNotFoundError, find_ffmpeg

_REMEMBERED = 10
"""Seconds for which it is remembered where a program is: somebody may install it while a job waits."""

KEPT = ("PATH", "HOME", "TMPDIR", "LANG")


def base_environment(tools: Path) -> dict[str, str]:
    """What of our own environment reaches a worker.

    PATH gets two fallbacks at its end: this Python's directory, so that a container's `python` is found, and
    `tools`, with the ffmpeg that came with us when none is installed.
    """
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    path = kept.get("PATH", os.defpath)
    fallbacks = [str(Path(sys.executable).parent)]
    if shutil.which("ffmpeg", path=path) is None and _provide_ffmpeg(tools):
        fallbacks.append(str(tools))
    return {**kept, "PATH": os.pathsep.join([path, *fallbacks])}


def find_program(name: str, environment: Mapping[str, str], directory: Path) -> str | None:
    """The file that a program's name means, as execvp would find it from `directory`; None: there is none."""
    if "/" in name:
        file = directory / name
        return str(file) if file.is_file() and os.access(file, os.X_OK) else None
    return _which(name, environment.get("PATH", os.defpath), int(time.monotonic() / _REMEMBERED))


@lru_cache(maxsize=256)
def _which(name: str, path: str, _when: int) -> str | None:
    return shutil.which(name, path=path)


def _provide_ffmpeg(tools: Path) -> bool:
    try:
        ffmpeg = find_ffmpeg()
    except FFmpegNotFoundError:
        return False
    tools.mkdir(parents=True, exist_ok=True)
    link = tools / "ffmpeg"
    if not (link.is_symlink() and link.readlink() == ffmpeg):
        # Another process may do the same at the same time: a rename makes either of the links whole.
        fresh = tools / f".ffmpeg-{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(ffmpeg)
        fresh.replace(link)
    return True
