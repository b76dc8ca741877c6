"""Pictures as text: a pod in a cluster makes them beside the frames, and hands them back through its log."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from renderjob.cli.errors import CliError
from renderjob.frames import FilePattern, FrameSet
from renderjob.media import Preview
from renderjob.workload.requests import pack, unpack

BEGIN: Final = "renderjob-preview "
END: Final = "renderjob-preview-end"

MOST = 8 * 1024 * 1024
"""Bytes of all files together: what a pod prints lies on its node's disk, and goes through the API server."""

_LINE = 3072
"""Bytes in a line of base64."""


@dataclass(frozen=True)
class Picture:
    """A file that came out of a pod."""

    data: bytes
    words: str
    """What is in it."""


@dataclass(frozen=True)
class Shown:
    """What a pod made."""

    pictures: Sequence[Picture]
    missing: str
    """Frames that are not rendered yet."""


def as_request(preview: Preview, suffixes: Sequence[str]) -> str:
    """What a pod is asked for, as one argument."""
    return pack(
        {
            "directory": str(preview.directory),
            "pattern": preview.pattern.text,
            "frames": str(preview.wanted),
            "shot": str(preview.shot),
            "rate": str(preview.rate),
            "hold": preview.hold,
            "columns": preview.columns,
            "width": preview.width,
            "minBytes": preview.min_bytes,
            "layer": preview.layer,
            "suffixes": list(suffixes),
        }
    )


def read_request(argument: str) -> tuple[Preview, list[str]]:
    """The preview, and the extensions of the files to make of it.

    Raises:
        ValueError, KeyError, TypeError: it is no request.
    """
    data = unpack(argument)
    preview = Preview(
        directory=Path(data["directory"]),
        pattern=FilePattern(data["pattern"]),
        wanted=FrameSet.parse(data["frames"]),
        shot=FrameSet.parse(data["shot"]),
        rate=data["rate"],
        hold=data["hold"],
        columns=data["columns"],
        width=data["width"],
        min_bytes=data["minBytes"],
        layer=data.get("layer", ""),
    )
    return preview, list(data["suffixes"])


def show_as_text(preview: Preview, suffixes: Sequence[str], most: int = MOST) -> Iterator[str]:
    """Make the files, and give them line by line.

    Raises:
        MediaError: they can't be made.
        CliError: they are larger than what can be handed back.
    """
    pictures = []
    with tempfile.TemporaryDirectory(prefix="renderjob-") as directory:
        for index, suffix in enumerate(suffixes):
            file = Path(directory) / f"{index}{suffix}"
            words = preview.make(file)
            pictures.append(Picture(file.read_bytes(), words))
    data = b"".join(picture.data for picture in pictures)
    if len(data) > most:
        raise CliError(
            f"the preview has {len(data) / 1e6:.1f} MB, and at most {most / 1e6:.1f} MB come out of a cluster: show "
            "fewer frames (--frames) or smaller pictures (--width)"
        )
    files: list[dict[str, Any]] = [
        {"bytes": len(p.data), "sha256": hashlib.sha256(p.data).hexdigest(), "words": p.words}
        for p in pictures
    ]
    yield BEGIN + json.dumps({"missing": str(preview.found().missing), "files": files})
    for start in range(0, len(data), _LINE):
        yield base64.b64encode(data[start : start + _LINE]).decode()
    yield END


def read_text(text: str) -> Shown:
    """The files that a pod's log holds.

    Raises:
        ValueError: it holds none, or only a part.
    """
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith(BEGIN)), None)
    if start is None:
        raise ValueError("it holds no preview")
    if END not in lines[start:]:
        raise ValueError("only a part of the preview is in it")
    stop = lines.index(END, start)
    try:
        head = json.loads(lines[start].removeprefix(BEGIN))
        data = b"".join(base64.b64decode(line, validate=True) for line in lines[start + 1 : stop])
        pictures = []
        for file in head["files"]:
            content, data = data[: file["bytes"]], data[file["bytes"] :]
            if hashlib.sha256(content).hexdigest() != file["sha256"]:
                raise ValueError("the preview in it is damaged")
            pictures.append(Picture(content, str(file["words"])))
        return Shown(pictures, str(head["missing"]))
    except (binascii.Error, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"the preview in it can't be read: {error}") from None
