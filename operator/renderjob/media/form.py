"""The form of a merge's video: which pixel format, whether it has alpha, and what is told of what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from renderjob.api.ffmpeg_args import OutputOptions
from renderjob.api.pixel_formats import ALPHA_CONTAINERS, PRORES_4444, with_alpha

from .picture import Picture, depth_of, has_alpha

_FULL: Final = {"pc": "pc", "jpeg": "pc", "full": "pc", "tv": "tv", "mpeg": "tv", "limited": "tv"}


@dataclass(frozen=True, slots=True)
class Form:
    """What is encoded."""

    pixel_format: str
    """Empty where the pictures' own is kept."""
    alpha: bool
    range_: str = "tv"
    """How samples are spread: tv (16 to 235) or pc (0 to 255)."""
    profile: str = ""
    """The encoder's, where the format wants another than the usual one."""
    notes: tuple[str, ...] = ()
    """What a person should know of it, a sentence each."""

    @property
    def rgb(self) -> bool:
        """Whether samples are red, green and blue."""
        return self.pixel_format.startswith(("gbr", "rgb", "bgr"))


def form_for(codec: str, suffix: str, options: OutputOptions, picture: Picture) -> Form:
    """The form for pictures such as this one.

    Args:
        codec: a name of `codecs.CODECS`; not `copy`.
        suffix: the file's extension.
        options: what the user asks for; a pixel format goes before all else.
        picture: what is encoded.
    """
    asked = options.pixel_format
    spread = _FULL.get(options.colours.get("color_range", ""), "")
    if asked.startswith("yuvj"):
        asked, spread = asked.replace("yuvj", "yuv", 1), "pc"
    chosen = asked or _usual(codec, suffix, options, picture)
    alpha = with_alpha(chosen) if chosen else picture.alpha
    profile = ""
    if codec == "prores" and not options.profile:
        profile = "3" if chosen == "yuv422p10le" else "4"
    return Form(chosen, alpha, spread or "tv", profile, tuple(_notes(codec, chosen, alpha, picture, options)))


def _usual(codec: str, suffix: str, options: OutputOptions, picture: Picture) -> str:
    deep = picture.depth > 8
    match codec:
        case "h265":
            return "yuv420p10le" if deep else "yuv420p"
        case "vp9":
            if picture.alpha and suffix in ALPHA_CONTAINERS["vp9"]:
                # Alpha in more bits hardly anything shows; ffmpeg calls it an experiment.
                return "yuva420p"
            return "yuv420p10le" if deep else "yuv420p"
        case "prores":
            full = options.profile in PRORES_4444
            if picture.alpha and (full or not options.profile):
                return "yuva444p10le"
            return "yuv444p10le" if full else "yuv422p10le"
        case "ffv1":
            own = picture.pixel_format
            if not picture.linear and has_alpha(own) == picture.alpha and depth_of(own) == picture.depth:
                return ""
            # FFV1 has no floating point worth the name: linear pictures are kept in 16 bits. And what the first
            # picture lacks others may have.
            if picture.depth > 8:
                return "gbrap16le" if picture.alpha else "gbrp16le"
            return "bgra" if picture.alpha else ""
        case _:
            return "yuv420p"


def _notes(codec: str, chosen: str, alpha: bool, picture: Picture, options: OutputOptions) -> Iterator[str]:
    if picture.alpha and not alpha:
        how = f"-pix_fmt {options.pixel_format}" if options.pixel_format else f"codec {codec} here"
        yield (
            f"the pictures have an alpha channel, which {how} does not keep: they are shown over black (prores in "
            ".mov, vp9 in .webm and ffv1 keep it)"
        )
    if chosen and picture.depth > 8 >= depth_of(chosen) and not options.pixel_format:
        more = ", and so does -pix_fmt yuv420p10le" if codec == "h264" else ""
        yield (
            "the pictures have more than 8 bits a sample, and the video has 8 (h265, prores and ffv1 keep "
            f"more{more})"
        )
