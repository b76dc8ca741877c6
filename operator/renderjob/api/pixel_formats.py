"""The pixel formats that each codec of the merge takes: what can't be written is refused in the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CHROMA: Final = ("yuv420p", "yuv422p", "yuv444p")
_FULL: Final = ("yuvj420p", "yuvj422p", "yuvj444p")


def _deep(bits: int, *names: str) -> tuple[str, ...]:
    return tuple(f"{name}{bits}le" for name in names or _CHROMA)


PIXEL_FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "h264": (*_CHROMA, *_FULL, *_deep(10), "nv12", "nv16", "nv21", "nv20le", "gray", "gray10le"),
    "h265": (
        *(*_CHROMA, *_FULL, *_deep(10), *_deep(12)),
        *("gbrp", "gbrp10le", "gbrp12le", "gray", "gray10le", "gray12le", "yuva420p", "yuva420p10le"),
    ),
    "vp9": (
        *(*_CHROMA, "yuv440p", *_deep(10, *_CHROMA, "yuv440p"), *_deep(12, *_CHROMA, "yuv440p")),
        *("yuva420p", "yuva422p", "yuva444p", *_deep(10, "yuva420p", "yuva422p", "yuva444p"), "yuva444p12le"),
        *("gbrp", "gbrp10le", "gbrp12le", "gbrap", "gbrap10le", "gbrap12le"),
    ),
    "prores": ("yuv422p10le", "yuv444p10le", "yuva444p10le"),
    "ffv1": (
        *(*_CHROMA, "yuv410p", "yuv411p", "yuv440p", "yuva420p", "yuva422p", "yuva444p"),
        *(format_ for bits in (9, 10, 12, 14, 16) for format_ in _deep(bits)),
        *(f for bits in (9, 10, 16) for f in _deep(bits, "yuva420p", "yuva422p", "yuva444p")),
        *(
            "yuva422p12le",
            "yuva444p12le",
            "yuv440p10le",
            "yuv440p12le",
            "bgr0",
            "bgra",
            "rgb48le",
            "rgba64le",
        ),
        *(f"gbrp{bits}le" for bits in (9, 10, 12, 14, 16)),
        *(f"gbrap{bits}le" for bits in (10, 12, 14, 16)),
        *("gray", "gray9le", "gray10le", "gray12le", "gray14le", "gray16le", "ya8"),
    ),
}
"""By codec; a copy keeps what it has. A build of ffmpeg may take fewer: the look at the first frames tells."""

IMPLIED: Final[Mapping[tuple[str, str], str]] = {
    ("h264", "high10"): "yuv420p10le",
    ("h264", "high422"): "yuv422p10le",
    ("h265", "main10"): "yuv420p10le",
    ("h265", "main12"): "yuv420p12le",
    ("h265", "main422-10"): "yuv422p10le",
    ("h265", "main422-12"): "yuv422p12le",
    ("h265", "main444-8"): "yuv444p",
    ("h265", "main444-10"): "yuv444p10le",
    ("h265", "main444-12"): "yuv444p12le",
    ("vp9", "1"): "yuv444p",
    ("vp9", "2"): "yuv420p10le",
    ("vp9", "3"): "yuv444p10le",
    **{
        ("prores", profile): "yuv422p10le"
        for profile in ("0", "1", "2", "3", "proxy", "lt", "standard", "hq")
    },
}
"""The pixel format that an encoder's profile stands for."""

PRORES_4444: Final = frozenset({"4", "5", "4444", "4444xq"})
"""Profiles of ProRes with full chroma, and with alpha if there is some."""

ALPHA_CONTAINERS: Final[Mapping[str, tuple[str, ...]]] = {
    "vp9": (".webm", ".mkv"),
    "h265": (".mp4", ".mov", ".m4v"),
}
"""Where alpha goes into only some of a codec's containers."""


def with_alpha(pixel_format: str) -> bool:
    """Whether a format of these has an alpha channel."""
    return pixel_format.startswith(("yuva", "gbrap", "bgra", "rgba", "ya8"))


def checked_format(asked: str, profile: str, *, codec: str, file: str) -> str:
    """The pixel format asked for, by itself or by a profile; empty when none is.

    Raises:
        ValueError: the codec, the profile or the container can't have it; names what is accepted.
    """
    if codec == "copy":
        return ""
    implied = IMPLIED.get((codec, profile), "")
    if not asked:
        return implied
    accepted = PIXEL_FORMATS[codec]
    if asked not in accepted:
        raise ValueError(f"-pix_fmt {asked} is none that codec {codec} takes: {', '.join(accepted)}")
    if codec == "prores" and profile and (asked == "yuv422p10le") == (profile in PRORES_4444):
        fitting = "0 to 3" if asked == "yuv422p10le" else "4 or 5 (4444)"
        raise ValueError(f"-profile:v {profile} contradicts -pix_fmt {asked}, which wants profile {fitting}")
    containers = ALPHA_CONTAINERS.get(codec)
    if with_alpha(asked) and containers and not file.lower().endswith(containers):
        raise ValueError(
            f"-pix_fmt {asked} has alpha, which codec {codec} keeps only in {', '.join(containers)}; found {file!r}"
        )
    return asked
