"""Pictures are decoded to tell whether they are whole, each within bounds of time and memory.

A process of its own decodes: a picture that takes too long, or too much memory, or crashes a decoder, costs that
process and not whoever asks. Such a picture is no evidence that it must be rendered again, and neither is one of a
kind that nobody here decodes: they count by their size, as without a check.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePath
from types import TracebackType
from typing import Final, Self

from renderjob.outputs import Damage

SECONDS: Final = 30.0
"""A picture that takes longer is left alone."""

START: Final = 180.0
"""Seconds more that a process may take to start: on a busy machine its libraries alone need a while."""

MEMORY: Final = 2 << 30
"""Bytes of address space of the process that decodes: enough for 8K in 32 bits."""

MOST_REASONS: Final = 3
"""Damaged pictures of which it is told what is wrong with them."""

_PICTURES: Final = frozenset(
    {
        *(".bmp", ".cin", ".dpx", ".exr", ".hdr", ".j2k", ".jp2", ".jpe", ".jpeg", ".jpg", ".pam", ".pbm"),
        *(
            ".pfm",
            ".pgm",
            ".png",
            ".ppm",
            ".psd",
            ".rgb",
            ".rgba",
            ".sgi",
            ".sxr",
            ".tga",
            ".tif",
            ".tiff",
            ".webp",
        ),
    }
)
_VIDEOS: Final = frozenset({".avi", ".mkv", ".mov", ".mp4", ".mxf", ".webm"})


def can_be_decoded(name: str) -> bool:
    """Whether a file is called like a picture, or a video, of a kind that is decoded here."""
    return PurePath(name).suffix.lower() in _PICTURES | _VIDEOS


def damaged(directory: Path, names: Iterable[str]) -> Damage:
    """Which of some pictures below a directory are damaged.

    Those of a kind that is not decoded here, and those that are not there, are no business of this.
    """
    found = Damage()
    with _Decoder() as decoder:
        for name in names:
            if not can_be_decoded(name) or not (directory / name).is_file():
                continue
            answer = decoder.look(directory / name)
            if reason := answer.get("bad"):
                found.names.append(name)
                if len(found.reasons) < MOST_REASONS:
                    found.reasons.append(reason.replace(f"{directory}/", ""))
            elif (reason := answer.get("unchecked")) and len(found.unchecked) < MOST_REASONS:
                found.unchecked.append(reason.replace(f"{directory}/", ""))
    return found


class _Decoder:
    """The process that decodes; it is started when it is needed, and anew when it was lost."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def look(self, path: Path) -> Mapping[str, str]:
        """What there is to say of a picture: nothing, that it is `bad`, or why it is `unchecked`."""
        seconds = SECONDS if self._process else START + SECONDS
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101
        try:
            process.stdin.write(json.dumps(str(path.absolute())).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            self._end()
            return {"unchecked": f"{path} could not be decoded: the process that decodes ended"}
        if not select.select([process.stdout], [], [], seconds)[0]:
            self._end()
            return {"unchecked": f"{path} was not decoded within {seconds:g}s"}
        line = process.stdout.readline()
        try:
            answer = json.loads(line)
        except ValueError:
            self._end()
            return {"unchecked": f"{path} could not be decoded: the process that decodes ended"}
        return answer if isinstance(answer, dict) else {}

    def _start(self) -> subprocess.Popen[bytes]:
        program = "from renderjob.media.decoding import serve; serve()"
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            # What it still held goes to nobody.
            with suppress(OSError):
                if stream is not None:
                    stream.close()


def serve() -> None:
    """The other end: answers a line of JSON for each path that it reads, until there are no more."""
    _bound()
    for line in sys.stdin.buffer:
        print(json.dumps(_look(Path(json.loads(line)))), flush=True)


def _bound() -> None:
    import resource

    # Not every system takes such a limit.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if hasattr(os, "sched_setaffinity"):
        # Decoders start a thread for each processor, and each has a stack.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _look(path: Path) -> dict[str, str]:
    from .errors import MediaError, MergeError, UnsupportedError
    from .exr import is_exr, require_whole
    from .picture import decode_picture

    try:
        if is_exr(path):
            require_whole(path)
        decode_picture(path)
    except (UnsupportedError, MergeError) as error:
        return {"unchecked": str(error)}
    except MemoryError:
        return {"unchecked": f"{path} takes more than {MEMORY >> 20} MiB to decode"}
    except MediaError as error:
        if isinstance(error.__cause__, MemoryError):
            return {"unchecked": f"{path} takes more than {MEMORY >> 20} MiB to decode"}
        return {"bad": str(error)}
    return {}
