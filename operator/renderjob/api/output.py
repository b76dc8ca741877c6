"""`spec.output`: where the frames lie and what makes one whole."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from renderjob.frames import FilePattern

from .base import ApiModel, cel
from .chunks import checked_below


def _checked_pattern(file: str) -> str:
    FilePattern(file)
    return file


def _checked_chunk_file(file: str) -> str:
    checked_below(file)
    if not any(
        f"$({name})" in file for name in ("RENDER_START", "RENDER_END", "RENDER_FRAMES", "RENDER_CHUNK")
    ):
        raise ValueError(
            "must differ from chunk to chunk: name $(RENDER_START), $(RENDER_END), $(RENDER_FRAMES) "
            "or $(RENDER_CHUNK) in it"
        )
    return file


class OutputCheck(StrEnum):
    """How a frame's file is looked at."""

    SIZE = "Size"
    DECODE = "Decode"


Pattern = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_checked_pattern)]


class OutputSpec(ApiModel):
    """Where the frames lie, as the container sees it."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            (
                "[has(self.file), has(self.files), has(self.chunkFile)].filter(x, x).size() <= 1",
                "set only one of file, files and chunkFile",
            ),
            (
                "!has(self.files) || self.files.all(f, f.matches('[#@]|%[0-9]*d') && !f.startsWith('/'))",
                "files must be files below path, each with one field for the frame's number, such as left/####.exr",
            ),
            (
                "!has(self.file) || self.file.matches('[#@]|%[0-9]*d') && !self.file.startsWith('/')",
                "file must be a file below path with one field for the frame's number, such as ####.png",
            ),
            (
                "!has(self.chunkFile) || self.chunkFile.matches('[$][(]RENDER_(START|END|FRAMES|CHUNK)[)]')",
                "chunkFile must differ from chunk to chunk: name $(RENDER_START), $(RENDER_END), "
                "$(RENDER_FRAMES) or $(RENDER_CHUNK) in it",
            ),
            (
                "!has(self.chunkFile) || !self.chunkFile.matches('^/|(^|/)[.][.](/|$)')",
                "chunkFile must be a file below path: relative, without '..'",
            ),
            (
                "(has(self.fenced) && self.fenced) == (has(oldSelf.fenced) && oldSelf.fenced)",
                "fenced can't be switched, since frames lie elsewhere with it: delete the RenderJob (what is "
                "rendered stays) and submit it again with adopt",
            ),
        )
    )

    path: Annotated[str, Field(min_length=1, max_length=1024)]
    """The directory that frames are written to; the container gets it as RENDER_OUTPUT."""
    file: Pattern | None = None
    """A frame's file below path, such as `####.png`; with it, a frame counts only when its file exists,
    and what is missing is rendered again."""
    files: (
        Annotated[
            list[Pattern],
            Field(min_length=1, max_length=64, json_schema_extra={"x-kubernetes-list-type": "set"}),
        ]
        | None
    ) = None
    """Instead of `file`, where a frame has several: views, layers, passes, such as `left/####.exr` and
    `right/####.exr`. A frame counts when all of them are there. Previews and the built-in merge take the first."""
    chunk_file: (
        Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_checked_chunk_file)] | None
    ) = None
    """A chunk's file below path, such as `part-$(RENDER_START).mkv`, for renderers that write one file for
    all frames of a chunk; the chunk counts as a whole, when the file exists."""
    min_bytes: Annotated[int, Field(ge=0, le=1 << 40)] = 1
    """A smaller file does not count."""
    check: OutputCheck = OutputCheck.SIZE
    """How files are looked at. Size: a file counts that has `minBytes`, which costs next to nothing. Decode: pictures
    are decoded, too, and one that is damaged or cut short does not count; it reads every file once more. A kind of
    file that can't be decoded (a simulation's cache, deep pictures) counts by its size."""
    adopt: bool = False
    """Frames that exist and verify at the start are taken over instead of being rendered."""
    fenced: bool | None = None
    """Whether every attempt has a directory of its own below path, from which the frames that verify are moved up,
    so that one that was given up and still runs somewhere can't overwrite them. true: in a cluster, too, where
    the directory is mounted over path. Left out: where the job runs on this machine. false: nowhere. What
    a volume must allow for it stands in docs/troubleshooting.md, Zombies and fences."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = (self.file, self.files, self.chunk_file)
        if sum(each is not None for each in given) > 1:
            raise ValueError("set only one of file, files and chunkFile")
        if self.files is not None and len(set(self.files)) < len(self.files):
            twice = next(file for file in self.files if self.files.count(file) > 1)
            raise ValueError(f"files: {twice!r} is named twice")
        return self

    @property
    def patterns(self) -> tuple[str, ...]:
        """All files of a frame."""
        return tuple(self.files) if self.files is not None else (self.file,) if self.file is not None else ()

    @property
    def pattern(self) -> str | None:
        """A frame's first file: of views and layers the one that is shown and merged."""
        return next(iter(self.patterns), None)
