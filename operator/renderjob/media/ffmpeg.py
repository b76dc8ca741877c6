"""Finding ffmpeg and running it: progress while it works, its own last words when it fails."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from .errors import FFmpegNotFoundError, MergeError, PassingError
from .inputs import guarded

VARIABLE = "RENDERJOB_FFMPEG"
"""The environment variable that names the ffmpeg to use: a path, or a name on PATH."""

KEPT_LINES = 8
"""Lines of ffmpeg's words in an error."""

KEPT_FIRST = 3
"""Of these, how many are the first errors."""

KEPT_CHARACTERS = 400
"""Characters of each of those lines."""

_PASSING = frozenset(
    256 - number
    for number in (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.ENOMEM,
        errno.EIO,
        errno.ESTALE,
        errno.EAGAIN,
        errno.EMFILE,
    )
)
"""Exit codes of ffmpeg, which are errors of the system less 256, that say nothing of what it was asked for."""

_ADDRESS = re.compile(r" @ 0x[0-9a-f]+")
_LEVEL = re.compile(r"\[(panic|fatal|error|warning|info|verbose|debug|trace)\] ?")
_SEVERE = frozenset({"panic", "fatal", "error"})

Progress = Callable[[int], None]
"""Called with the number of frames written so far; an exception from it stops ffmpeg and goes on up."""


def find_ffmpeg() -> Path:
    """The ffmpeg to run: $RENDERJOB_FFMPEG, else the one on PATH, else the one that imageio-ffmpeg brings.

    Raises:
        FFmpegNotFoundError: none is there, or the variable names none.
    """
    named = os.environ.get(VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise FFmpegNotFoundError(
                f"{VARIABLE}={named!r} is no program that can be run; "
                "set it to ffmpeg's path or unset it to use the ffmpeg on PATH"
            )
        return Path(found)
    on_path = shutil.which("ffmpeg")
    return Path(on_path) if on_path else _bundled()


def _bundled() -> Path:
    try:
        import imageio_ffmpeg

        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError, OSError) as error:
        raise FFmpegNotFoundError(
            "no ffmpeg found: install ffmpeg 5.1 or later (a system package), or the Python package "
            f"imageio-ffmpeg, or set {VARIABLE} to its path"
        ) from error


def run_ffmpeg(
    args: Sequence[str],
    *,
    on_progress: Progress | None = None,
    on_line: Callable[[str], None] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run ffmpeg to its end; it asks nothing and overwrites its output.

    Whatever ends the wait early (a signal, an exception from `on_progress`) ends ffmpeg too.

    Args:
        args: inputs, options and the output, after ffmpeg's own name.
        on_progress: called about twice a second with the number of frames written so far.
        on_line: called, in another thread, with each line that ffmpeg logs, as `[level] text`.
        cwd: where relative names in `args` start.

    Raises:
        FFmpegNotFoundError: no ffmpeg.
        MergeError: a non-zero exit, with the last lines that ffmpeg said.
        PassingError: the same, where another try may go better: it was killed, or had begun to write, or the disk
            is full.
    """
    command = [str(find_ffmpeg()), "-nostdin", "-hide_banner", "-y", "-nostats", "-loglevel", "level+info"]
    command += ["-progress", "pipe:1", *guarded(args)]
    try:
        process = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except (OSError, ValueError) as error:
        raise PassingError(f"ffmpeg could not be started ({command[0]}): {error}") from error
    assert process.stdout is not None and process.stderr is not None  # noqa: S101
    words = _Words(process.stderr, on_line)
    written = 0

    def progress(frames: int) -> None:
        nonlocal written
        written = frames
        if on_progress is not None:
            on_progress(frames)

    try:
        _follow(process.stdout, progress)
        code = process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        words.join()
        process.stdout.close()
        process.stderr.close()
    if code != 0:
        passes = code < 0 or written or code in _PASSING
        raise (PassingError if passes else MergeError)(f"ffmpeg {_ending(code)}:\n{words.last()}")


def _ending(code: int) -> str:
    if code > 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _follow(stream: IO[bytes], on_progress: Progress) -> None:
    for line in stream:
        name, _, value = line.decode("ascii", "replace").partition("=")
        if name == "frame" and value.strip().isdigit():
            on_progress(int(value))


class _Words(threading.Thread):
    """Drains ffmpeg's log, so that it never blocks on it, and keeps a bounded end of it."""

    def __init__(self, stream: IO[bytes], on_line: Callable[[str], None] | None) -> None:
        super().__init__(name="ffmpeg-log", daemon=True)
        self._stream = stream
        self._on_line = on_line
        self._first: list[str] = []
        self._severe: deque[str] = deque(maxlen=KEPT_LINES - KEPT_FIRST)
        self._any: deque[str] = deque(maxlen=KEPT_LINES)
        self.start()

    def run(self) -> None:
        """Read until ffmpeg closes its log."""
        while line := self._stream.readline(8192):
            text = _ADDRESS.sub("", line.decode("utf-8", "replace")).strip()
            level = _LEVEL.search(text)
            words = _LEVEL.sub("", text, count=1)[:KEPT_CHARACTERS]
            if level is not None and level[1] in _SEVERE:
                if len(self._first) < KEPT_FIRST:
                    self._first.append(words)
                else:
                    self._severe.append(words)
            if words:
                self._any.append(words)
            if self._on_line is not None:
                self._on_line(text)

    def last(self) -> str:
        """The first errors, which say what began it, and the last; without any, the last lines."""
        return "\n".join([*self._first, *self._severe] or self._any) or "it said nothing"
