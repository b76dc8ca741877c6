"""Linear light through the sRGB curve, where this ffmpeg can do it best."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Final

from .ffmpeg import find_ffmpeg

_CURVE: Final = "iec61966-2-1"

_TABLE: Final = r"if(lte(val/maxval\,0.0031308)\,val*12.92\,maxval*(1.055*pow(val/maxval\,1/2.4)-0.055))"
"""The curve as a table's expression: of any ffmpeg, in 16 bits."""


def srgb_curve(*, alpha: bool = False) -> list[str]:
    """The filters from linear light to sRGB; alpha, where there is some, is left as it is.

    zscale does it in floating point, and not every build has it; a table of 16 bits is as good as what any codec
    of the merge keeps. The table is also for pictures with alpha: zscale divides colours by it, or does not, as its
    version and the frame's alpha mode have it.
    """
    if not alpha and b" zscale " in ffmpeg_help("-filters"):
        return ["format=gbrpf32le", f"zscale=tin=linear:t={_CURVE}"]
    return [f"format=gbr{'a' if alpha else ''}p16le", f"lutrgb=r={_TABLE}:g={_TABLE}:b={_TABLE}"]


def ffmpeg_help(*question: str) -> bytes:
    """What this machine's ffmpeg says of itself."""
    return _help(find_ffmpeg(), *question)


@lru_cache(maxsize=32)
def _help(ffmpeg: Path, *question: str) -> bytes:
    command = [str(ffmpeg), "-hide_banner", *question]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).stdout
