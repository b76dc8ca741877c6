"""`spec.merge`: one file from all frames or chunks, as a stage of its own with retries of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from .base import ApiModel, cel
from .chunks import checked_below
from .ffmpeg_args import MOST_REFUSED, parse_args
from .template import PodTemplate

_RATE = re.compile(r"^[0-9]{1,9}(\.[0-9]{1,6}|/[1-9][0-9]{0,8})?$")


def _rate_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _checked_rate(text: str) -> str:
    if not _RATE.fullmatch(text) or not 0 < Fraction(text) <= 1000:
        raise ValueError("must be a frame rate above 0 and at most 1000, such as 24, 29.97 or 30000/1001")
    return text


FrameRate = Annotated[
    str,
    BeforeValidator(_rate_text),
    AfterValidator(_checked_rate),
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "minimum": 1,
            "maximum": 1000,
            "pattern": _RATE.pattern,
            "maxLength": 20,
        }
    ),
]
"""Frames a second: `24`, `30000/1001`; `29.97` and `23.976` mean 30000/1001 and 24000/1001."""

MOV_FAMILY = (".mp4", ".m4v", ".mov")

CONTAINERS: Final[Mapping[str, tuple[str, ...]]] = {
    "copy": (*MOV_FAMILY, ".mkv", ".avi", ".webm", ".ts", ".mxf", ".nut"),
    "h264": (*MOV_FAMILY, ".mkv", ".ts", ".avi"),
    "h265": (*MOV_FAMILY, ".mkv", ".ts"),
    "vp9": (".webm", ".mkv", ".mp4"),
    "prores": (".mov", ".mkv", ".mxf"),
    "ffv1": (".mkv", ".avi", ".mov", ".nut"),
}
"""The codecs of the built-in merge, and the extensions of the files that each goes into."""

CODECS: Final = tuple(CONTAINERS)

OutputArgument = Annotated[str, Field(max_length=4096)]


def _container_rule(codec: str, extensions: tuple[str, ...]) -> tuple[str, str]:
    """A CEL rule: a wrong extension is refused before anything is rendered, not at the merge."""
    pattern = "|".join(extension[1:] for extension in extensions)
    return (
        f"(has(self.codec) ? self.codec : 'h264') != '{codec}' || self.file.matches('(?i)[.]({pattern})$')",
        f"codec {codec} goes into a file that ends in one of {', '.join(extensions)}",
    )


class FFmpegMerge(ApiModel):
    """The merge that comes built in: an image sequence, or the chunks' videos, become one video."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            (
                "!self.file.matches('^/|(^|/)[.][.](/|$)')",
                "file must be a file below output.path: relative, without '..'",
            ),
            *(_container_rule(codec, extensions) for codec, extensions in CONTAINERS.items()),
            (
                f"!has(self.args) || !self.args.exists(a, a.matches('^-({MOST_REFUSED})$'))",
                "args are options of the video that is written, which has each frame once: no other input, file, "
                "frame rate, time or number of frames",
            ),
            (
                "!has(self.args) || self.args.size() == 0 || self.args[0].startsWith('-')",
                "args are options of ffmpeg and their values, such as -crf, '18'",
            ),
            (
                "!has(self.codec) || self.codec != 'copy' || !has(self.args)"
                " || !self.args.exists(a, a.matches('^-(vf|filter:v|pix_fmt|crf)$'))",
                "codec copy encodes nothing: leave -vf, -pix_fmt and -crf out, or set another codec",
            ),
        )
    )

    file: Annotated[str, Field(min_length=1, max_length=255), AfterValidator(checked_below)]
    """The video, below output.path."""
    fps: FrameRate = "24"
    """Frames a second of an image sequence; chunk videos keep their own."""
    codec: Annotated[str, Field(json_schema_extra={"enum": list(CODECS)})] = "h264"
    """copy joins chunk videos without encoding again (their parameters must match); h264, h265, vp9, prores
    and ffv1 encode."""
    args: Annotated[list[OutputArgument], Field(max_length=64)] = Field(default_factory=list)
    """More output options for ffmpeg, such as `-crf`, `18`. They are joined with the merge's own: filters (`-vf`)
    get pictures as they look, of one size, and what comes out is brought to the codec's form; a pixel format,
    a profile and a rate replace ours. What can't be joined is refused."""
    layer: Annotated[str, Field(max_length=255)] = ""
    """Of multi-layer EXR: the layer that is shown, such as `ViewLayer.Combined`. Left out: the one without a name,
    else Combined."""

    @model_validator(mode="after")
    def _known_codec(self) -> Self:
        if self.codec not in CODECS:
            raise ValueError(f"codec: must be one of {', '.join(CODECS)}; found {self.codec!r}")
        if not self.file.lower().endswith(CONTAINERS[self.codec]):
            raise ValueError(
                f"codec {self.codec} goes into a file that ends in one of {', '.join(CONTAINERS[self.codec])}; "
                f"found {self.file!r}"
            )
        try:
            parse_args(self.args, codec=self.codec, file=self.file)
        except ValueError as error:
            raise ValueError(f"args: {error}") from None
        return self


class MergeSpec(ApiModel):
    """How the result is put together. A failed merge loses no frame: it is tried again by itself."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            ("has(self.ffmpeg) != has(self.template)", "set exactly one of ffmpeg and template")
        )
    )

    ffmpeg: FFmpegMerge | None = None
    """The built-in merge."""
    template: PodTemplate | None = None
    """A pod of your own; it gets the RENDER_ variables with all frames of the job."""
    output: Annotated[str, Field(max_length=1024)] = ""
    """With a template: the file that it writes, for status.result."""
    retries: Annotated[int, Field(ge=0, le=1000)] = 3
    """Attempts beyond the first."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.ffmpeg is None) == (self.template is None):
            raise ValueError("set exactly one of ffmpeg and template")
        return self
