"""A chain of ffmpeg's filters as a user writes it: its filters by name, and what it can't be joined with ours for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

CHANGES_FRAMES: Final = frozenset(
    {
        *(
            "fps",
            "framerate",
            "minterpolate",
            "framestep",
            "select",
            "thumbnail",
            "tile",
            "untile",
            "trim",
            "loop",
        ),
        *(
            "setpts",
            "settb",
            "decimate",
            "mpdecimate",
            "tinterlace",
            "interlace",
            "telecine",
            "pullup",
            "fieldmatch",
        ),
        *(
            "detelecine",
            "separatefields",
            "doubleweave",
            "weave",
            "tpad",
            "freezeframes",
            "shuffleframes",
            "random",
        ),
        *("reverse", "segment", "tblend", "repeatfields", "dejudder", "zoompan"),
    }
)
"""Filters after which there are other frames, or other times, than were rendered."""

SETS_COLOURS: Final = frozenset(
    {
        *(
            "zscale",
            "colorspace",
            "colormatrix",
            "libplacebo",
            "setparams",
            "setrange",
            "tonemap",
            "iccdetect",
        ),
        *("tonemap_opencl", "tonemap_vaapi", "colorspace_cuda", "scale_vaapi"),
    }
)
"""Filters that say what colours mean: a chain with one of them is the last word on that."""

_SCALE_COLOURS: Final = frozenset(
    {"in_color_matrix", "out_color_matrix", "in_range", "out_range", "in_primaries", "out_primaries"}
    | {"in_transfer", "out_transfer"}
)


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of a chain."""

    name: str
    arguments: str
    """What stands behind its name's `=`."""

    def named(self) -> Mapping[str, str]:
        """Its arguments of the form `key=value`."""
        pairs = (word.partition("=") for word in split(self.arguments, ":"))
        return {key.strip(): value for key, mark, value in pairs if mark}


@dataclass(frozen=True, slots=True)
class Chain:
    """A simple filter graph: pictures go in at one end and come out at the other."""

    text: str
    filters: tuple[Filter, ...] = ()

    @property
    def sets_colours(self) -> bool:
        """Whether it decides itself what colours mean."""
        return any(
            each.name in SETS_COLOURS
            or (each.name == "scale" and not _SCALE_COLOURS.isdisjoint(each.named()))
            for each in self.filters
        )

    @property
    def formats(self) -> tuple[str, ...]:
        """The pixel formats that its end asks for, the best first."""
        last = self.filters[-1] if self.filters else Filter("", "")
        if last.name != "format":
            return ()
        asked = last.named().get("pix_fmts") or (last.arguments if "=" not in last.arguments else "")
        return tuple(name.strip() for name in asked.split("|") if name.strip())


def parse_chain(text: str) -> Chain:
    """Read a chain as `-vf` takes it.

    Raises:
        ValueError: it is none, or one that can't be joined with ours; says why.
    """
    pieces = [piece.strip() for part in split(text, ";") for piece in split(part, ",")]
    if not all(pieces):
        raise ValueError(f"has an empty filter in {shown(text)}; write filters as scale=1280:-2,hflip")
    if pieces[0].startswith("[") or pieces[-1].endswith("]"):
        raise ValueError(
            f"begins or ends with a label in {shown(text)}; leave the outer ones away: pictures go in at one end "
            "of a chain and come out at the other"
        )
    return Chain(text.strip(), tuple(_filter(piece) for piece in pieces))


def _filter(piece: str) -> Filter:
    while piece.startswith("["):
        piece = piece.partition("]")[2].strip()
    name, _, arguments = piece.partition("=")
    while arguments.endswith("]"):
        arguments = arguments.rpartition("[")[0].strip()
    name = name.partition("[")[0].partition("@")[0].strip()
    return Filter(name, arguments)


def split(text: str, mark: str) -> Sequence[str]:
    """The text cut at a character, but for where it is quoted or escaped as ffmpeg reads it."""
    pieces, piece, quoted, escaped, labels = [], "", False, False, 0
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and not quoted:
            escaped = True
        elif character == "'":
            quoted = not quoted
        elif character == "[" and not quoted:
            labels += 1
        elif character == "]" and not quoted:
            labels = max(0, labels - 1)
        elif character == mark and not quoted and not labels:
            pieces.append(piece)
            piece = ""
            continue
        piece += character
    return [*pieces, piece]


def shown(text: str, most: int = 60) -> str:
    """Quoted for a sentence, and shortened."""
    return repr(text if len(text) <= most else f"{text[:most]}…")
