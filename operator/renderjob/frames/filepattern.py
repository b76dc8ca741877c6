"""FilePattern: which file a frame is written to, and which frame a file holds."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from renderjob.frames.frameset import FIRST_FRAME, FrameSet
from renderjob.frames.runs import LAST_FRAME

_FIELD = re.compile(r"%%|%\d*d|#+|@+")
_NUMBER = re.compile(r"-?[0-9]{1,30}")
MAX_DIGITS = 32
"""Digits that a frame's number is padded to at most; the largest frame has ten."""

_EXAMPLE = "write a pattern such as ####.png, beauty/####.exr or frame_%04d.png"


class FilePatternError(ValueError):
    """A file pattern that cannot be used; the message says what was found and what is accepted."""


@dataclass(frozen=True, slots=True)
class FilePattern:
    """The name of a frame's file, relative to the output directory, with one field for the frame's number.

    The field is `####` or `@@@@` (one digit each, zeros in front, as Blender writes it), `%04d` or `%d`; it
    stands in the file's name, not in a directory's. In a pattern with a `%04d` field, `%%` is a percent sign.
    Raises FilePatternError for anything else, and for absolute paths and `..`.
    """

    text: str
    prefix: str = field(init=False, repr=False, compare=False)
    suffix: str = field(init=False, repr=False, compare=False)
    padding: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        path = _relative(self.text)
        tokens = [match for match in _FIELD.finditer(path) if match.group() != "%%"]
        if len(tokens) != 1:
            found = " and ".join(repr(match.group()) for match in tokens) or "none"
            raise FilePatternError(
                f"file pattern {self.text!r} needs exactly one frame field and has {found}: {_EXAMPLE}"
            )
        token = tokens[0]
        prefix, number, suffix = path[: token.start()], token.group(), path[token.end() :]
        if "/" in suffix:
            raise FilePatternError(
                f"file pattern {self.text!r} has its frame field in a directory's name,"
                f" and it belongs in the file's name: {_EXAMPLE}"
            )
        if re.fullmatch(r"%[1-9]\d*d", number):
            raise FilePatternError(
                f"file pattern {self.text!r} pads frame numbers with spaces: write %0{number[1:]} for zeros"
            )
        if number.startswith("%"):
            prefix, suffix = prefix.replace("%%", "%"), suffix.replace("%%", "%")
        digits = _digits(number)
        if digits > MAX_DIGITS:
            raise FilePatternError(
                f"file pattern {self.text!r} pads frame numbers to {digits} digits,"
                f" and at most {MAX_DIGITS} are accepted: {_EXAMPLE}"
            )
        object.__setattr__(self, "prefix", prefix)
        object.__setattr__(self, "suffix", suffix)
        object.__setattr__(self, "padding", digits)

    def __str__(self) -> str:
        return self.text

    def name(self, frame: int) -> str:
        """The frame's file name; a number wider than the field is written in full.

        A negative frame is a minus sign and the padded number, -0001 for ####: so write Blender, and so
        reads ffmpeg.
        """
        return f"{self.prefix}{self._number(frame)}{self.suffix}"

    def names(self, frame: int) -> tuple[str, ...]:
        """All names by which `match` knows the frame: `name`'s first, and another one of a negative frame."""
        other = f"{self.prefix}{frame:0{self.padding}d}{self.suffix}"
        name = self.name(frame)
        return (name,) if other == name else (name, other)

    def _number(self, frame: int) -> str:
        return f"{'-' if frame < 0 else ''}{abs(frame):0{self.padding}d}"

    def match(self, name: str) -> int | None:
        """The frame whose file is called `name` (relative, as `name` gives it); None if there is none.

        A negative frame is also known by fileseq's and C's padding, which counts the sign: -001 for ####.
        """
        number = name[len(self.prefix) : len(name) - len(self.suffix)]
        if not _NUMBER.fullmatch(number) or name != f"{self.prefix}{number}{self.suffix}":
            return None
        frame = int(number)
        if not FIRST_FRAME <= frame <= LAST_FRAME:
            return None
        return frame if number in (f"{frame:0{self.padding}d}", self._number(frame)) else None

    def frames_in(self, names: Iterable[str]) -> FrameSet:
        """The frames whose files are among `names`; names of other files are ignored."""
        return FrameSet(frame for frame in map(self.match, names) if frame is not None)


def _digits(number: str) -> int:
    from fileseq.constants import PAD_STYLE_HASH1  # fileseq takes 0.2 s to import
    from fileseq.filesequence import FileSequence

    return max(1, FileSequence.getPaddingNum(number, PAD_STYLE_HASH1))


def _relative(text: str) -> str:
    """The pattern's path in its plain form; refuses what would leave the output directory."""
    if not text or not text.isprintable():
        raise FilePatternError(f"file pattern {text!r} is empty or has control characters: {_EXAMPLE}")
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts:
        raise FilePatternError(
            f"file pattern {text!r} leaves the output directory:"
            f" an absolute path or '..' is not accepted, {_EXAMPLE}"
        )
    if text.endswith("/"):
        raise FilePatternError(f"file pattern {text!r} names a directory, not a file: {_EXAMPLE}")
    return str(path)
