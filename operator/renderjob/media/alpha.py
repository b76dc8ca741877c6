"""Filters for pictures with alpha: colours divided by it, or shown over black."""

from __future__ import annotations

from .light import ffmpeg_help


def straight() -> list[str]:
    """From colours that are multiplied with alpha, as in EXR, to colours that are not; in floating point."""
    return ["format=gbrapf32le", *_means("premultiplied"), "unpremultiply=inplace=1", *_means("straight")]


def over_black(*, deep: bool) -> list[str]:
    """From colours that are not multiplied with alpha to what shows of them over black, without alpha.

    Args:
        deep: samples have more than 8 bits. With integers of these ffmpeg's premultiply overflows, and opaque white
            is black: they are multiplied in floating point.
    """
    samples = "f32le" if deep else ""
    multiply = [*_means("straight"), "premultiply=inplace=1", *_means("straight")]
    return [f"format=gbrap{samples}", *multiply, f"format=gbrp{samples}"]


def _means(mode: str) -> list[str]:
    """Say whether colours are multiplied with alpha, where this ffmpeg wants to know.

    It inserts conversions of its own then, such as one before a PNG is written that takes back a multiplication.
    """
    return [f"setparams=alpha_mode={mode}"] if b"alpha_mode" in ffmpeg_help("-h", "filter=setparams") else []
