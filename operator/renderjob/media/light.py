"""Scene-linear pictures (EXR) through the sRGB curve: each ffmpeg has another place for it."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from pathlib import Path

from .ffmpeg import find_ffmpeg

_CURVE = "iec61966-2-1"


def is_linear(name: str) -> bool:
    """Whether a picture with this name holds scene-linear light."""
    return name.lower().endswith(".exr")


def srgb_curve() -> tuple[list[str], str]:
    """Options before such an input, and the filter that comes first; one of them is empty.

    ffmpeg before 8 has the curve in its EXR decoder; later ones in zscale, which not every build has, and in
    scale, which needs seconds to make its tables.
    """
    ffmpeg = find_ffmpeg()
    if b"-apply_trc " in _help(ffmpeg, "-h", "decoder=exr"):
        return ["-apply_trc", _CURVE.replace("-", "_")], ""
    if b" zscale " in _help(ffmpeg, "-filters"):
        return [], f"zscale=tin=linear:t={_CURVE}"
    return [], f"scale=out_transfer={_CURVE}"


@lru_cache(maxsize=32)
def _help(ffmpeg: Path, *question: str) -> bytes:
    command = [str(ffmpeg), "-hide_banner", *question]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).stdout
