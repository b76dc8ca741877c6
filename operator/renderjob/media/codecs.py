"""The codecs a merge can write, one entry each, and the filters that bring pictures into their form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from renderjob.api.merge import CONTAINERS, MOV_FAMILY

from .errors import MergeError

_REC709 = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
_EXACT = "flags=bicubic+accurate_rnd+full_chroma_int"


@dataclass(frozen=True)
class Codec:
    """How one codec is written.

    `pixel_format` is None where the pictures' own is kept (lossless, or copied). `even` says that width and
    height must be even, so that odd pictures get one row or column of black.
    """

    name: str
    arguments: tuple[str, ...]
    containers: tuple[str, ...]
    pixel_format: str | None = None
    full_chroma: str = "yuv444p"
    even: bool = False


CODECS: dict[str, Codec] = {
    codec.name: codec
    for codec in (
        Codec("copy", ("-c", "copy"), CONTAINERS["copy"]),
        Codec(
            "h264",
            ("-c:v", "libx264", "-preset", "medium", "-crf", "18"),
            CONTAINERS["h264"],
            "yuv420p",
            even=True,
        ),
        Codec(
            "h265",
            ("-c:v", "libx265", "-preset", "medium", "-crf", "20", "-x265-params", "log-level=error"),
            CONTAINERS["h265"],
            "yuv420p",
            even=True,
        ),
        Codec(
            "vp9",
            ("-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "1", "-cpu-used", "2"),
            CONTAINERS["vp9"],
            "yuv420p",
            even=True,
        ),
        Codec(
            "prores",
            ("-c:v", "prores_ks", "-profile:v", "3", "-vendor", "apl0"),
            CONTAINERS["prores"],
            "yuv422p10le",
            "yuv444p10le",
            even=True,
        ),
        Codec("ffv1", ("-c:v", "ffv1", "-level", "3", "-g", "1"), CONTAINERS["ffv1"]),
    )
}
"""The codecs by name."""

_AUDIO = {".mp4": "aac", ".m4v": "aac", ".ts": "aac", ".webm": "libopus", ".avi": "pcm_s16le"}


def check_target(codec: str, file: str | Path) -> Codec:
    """The codec's entry, when the file's extension names a container that holds it.

    Needs no ffmpeg and no frame: a manifest can be refused with it before anything is rendered.

    Raises:
        MergeError: an unknown codec, or an extension it does not go into; names what is accepted.
    """
    entry = CODECS.get(codec)
    if entry is None:
        raise MergeError(f"codec must be one of {', '.join(CODECS)}; found {codec!r}")
    suffix = Path(file).suffix.lower()
    if suffix not in entry.containers:
        raise MergeError(
            f"codec {codec} goes into a file that ends in one of {', '.join(entry.containers)}; "
            f"found {Path(file).name!r}"
        )
    return entry


def output_arguments(codec: Codec, target: Path, *, audio: bool = False) -> list[str]:
    """The encoder's and the container's options for a target."""
    suffix = target.suffix.lower()
    arguments = list(codec.arguments)
    if audio and codec.name != "copy":
        arguments += ["-c:a", _AUDIO.get(suffix, "pcm_s24le")]
    if suffix in MOV_FAMILY:
        arguments += ["-movflags", "+faststart"]
        # Apple's players want H.265 under this name.
        arguments += ["-tag:v", "hvc1"] if codec.name == "h265" else []
    return arguments


def picture_filters(
    codec: Codec, width: int, height: int, *, convert: bool = True, linear: bool = False, curve: str = ""
) -> list[str]:
    """The filter chain from decoded pictures to what the codec encodes; empty for a copy.

    Args:
        codec: what is written.
        width: the first picture's; the chain holds every other to it.
        height: likewise.
        convert: bring RGB and JPEG pictures to Rec. 709 video range; otherwise colours stay as they are.
        linear: the pictures are scene-linear, in floating point.
        curve: the filter that comes first then.
    """
    if codec.name == "copy":
        return []
    scale = f"scale={width}:{height}:{_EXACT}"
    before = [curve] if curve else []
    if codec.pixel_format is None:
        # FFV1 has no floating point worth the name: linear pictures are kept in 16 bits.
        return [*before, scale, "format=gbrp16le"] if linear else [scale]
    chain = [*before, scale + ":out_color_matrix=bt709:out_range=tv" if convert else scale]
    if codec.even and (width % 2 or height % 2):
        # Padding needs whole chroma samples.
        chain += [f"format={codec.full_chroma}", f"pad={width + width % 2}:{height + height % 2}"]
    chain.append(f"format={codec.pixel_format}")
    return [*chain, _REC709] if convert else chain
