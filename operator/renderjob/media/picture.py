"""What a decoder says of a picture: its size, its depth, its alpha, and whether it holds linear light."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import av

from .errors import MediaError
from .exr import Layer, choose_layer, extract_part, is_exr, require_whole
from .probe import opened, video_stream

_LINEAR: Final = 8
"""Linear light, as ITU-T H.273 numbers transfer characteristics, and every decoder tells them."""
_UNSPECIFIED: Final = (0, 2)

_LINEAR_CODECS: Final = frozenset({"exr", "hdr", "pfm", "phm"})
"""Kinds of pictures that hold linear light by their nature."""

_FLOATS: Final = ("f16le", "f16be", "f32le", "f32be")

_STRICT: Final[Mapping[str, dict[str, str]]] = {
    "mjpeg": {"err_detect": "explode"},
    "png": {"err_detect": "crccheck+explode"},
}
"""Decoders that would show a damaged picture in part, with a warning or without a word."""

_SAMPLES: Final = 16
"""Pictures of a sequence that are looked at to tell its form."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is decoded."""

    width: int
    height: int
    pixel_format: str
    depth: int = 8
    """Bits of a sample; 32 for floating point."""
    alpha: bool = False
    linear: bool = False
    premultiplied: bool = False
    """Colours are multiplied with alpha already."""
    layer: Layer | None = None
    """Of an EXR file."""
    codec: str = ""
    """The decoder's name."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    @property
    def options(self) -> list[str]:
        """Options of ffmpeg's before an input of such pictures."""
        settings = self.layer.settings() if self.layer else _STRICT.get(self.codec, {})
        return [word for name, value in settings.items() for word in (f"-{name}", value)]


def decode_picture(path: Path, layer: str = "") -> Picture:
    """Decode a picture (or a video's first frame) wholly, and tell of it.

    Args:
        path: the file.
        layer: of an EXR file, as `choose_layer` takes it.

    Raises:
        MediaError: it is damaged or no picture; names the file.
    """
    chosen = choose_layer(path, layer) if is_exr(path) else None
    if chosen is not None:
        require_whole(path)
        if chosen.part:
            with tempfile.TemporaryDirectory(prefix="renderjob-") as directory:
                alone = Path(directory, "part.exr")
                extract_part(path, chosen.part, alone)
                return _decoded(alone, chosen)
    return _decoded(path, chosen)


def _decoded(path: Path, chosen: Layer | None) -> Picture:
    with opened(path) as container:
        stream = video_stream(container, path)
        context = stream.codec_context
        context.options = chosen.settings() if chosen else _STRICT.get(context.name, {})
        for frame in container.decode(stream):
            return _told(frame, context, chosen)
    raise MediaError(f"{path} has no picture in it")


def _told(frame: av.VideoFrame, context: av.VideoCodecContext, layer: Layer | None) -> Picture:
    transfer = frame.color_trc if frame.color_trc not in _UNSPECIFIED else context.color_trc
    name, form = context.name, frame.format
    floating = form.name.endswith(_FLOATS)
    return Picture(
        frame.width,
        frame.height,
        form.name,
        depth=32 if floating else depth_of(form.name),
        alpha=_alpha(frame),
        linear=transfer == _LINEAR or (transfer in _UNSPECIFIED and (name in _LINEAR_CODECS or floating)),
        premultiplied=name == "exr",
        layer=layer,
        codec=name,
    )


def _alpha(frame: av.VideoFrame) -> bool:
    if frame.format.name == "pal8":
        return any(alpha != 0xFF for alpha in bytes(frame.planes[1])[3::4])
    return has_alpha(frame.format.name)


def depth_of(pixel_format: str) -> int:
    """Bits of a sample of a pixel format."""
    return max((part.bits for part in av.VideoFormat(pixel_format).components), default=8)


def has_alpha(pixel_format: str) -> bool:
    """Whether a pixel format has an alpha channel; a palette's colours may have one, too, and do not count."""
    return pixel_format != "pal8" and any(part.is_alpha for part in av.VideoFormat(pixel_format).components)


def form_of(paths: Sequence[Path], layer: str = "") -> Picture:
    """The form of a sequence: of its first picture; with alpha, and as deep, as any of some that are looked at.

    A renderer, or whoever makes its files smaller, may leave out an alpha channel that is opaque.

    Raises:
        MediaError: the first can't be decoded; names it.
    """
    first = decode_picture(paths[0], layer)
    step = max(1, len(paths) // _SAMPLES)
    alpha, depth = first.alpha, first.depth
    for path in {*paths[step::step], paths[-1]} - {paths[0]}:
        try:
            other = decode_picture(path, layer)
        except MediaError:
            continue  # the merge will find it, and name all of them
        alpha, depth = alpha or other.alpha, max(depth, other.depth)
    return replace(first, alpha=alpha, depth=depth)
