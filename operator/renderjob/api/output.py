"""`spec.output`: where the frames lie and what makes one whole."""

from __future__ import annotations

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


class OutputSpec(ApiModel):
    """Where the frames lie, as the container sees it."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            ("!(has(self.file) && has(self.chunkFile))", "set only one of file and chunkFile"),
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
    file: Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_checked_pattern)] | None = None
    """A frame's file below path, such as `####.png`; with it, a frame counts only when its file exists,
    and what is missing is rendered again."""
    chunk_file: (
        Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_checked_chunk_file)] | None
    ) = None
    """A chunk's file below path, such as `part-$(RENDER_START).mkv`, for renderers that write one file for
    all frames of a chunk; the chunk counts as a whole, when the file exists."""
    min_bytes: Annotated[int, Field(ge=0, le=1 << 40)] = 1
    """A smaller file does not count."""
    adopt: bool = False
    """Frames that exist and verify at the start are taken over instead of being rendered."""
    fenced: bool | None = None
    """Whether every attempt has a directory of its own below path, from which the frames that verify are moved up,
    so that one that was given up and still runs somewhere can't overwrite them. true: in a cluster, too, where
    the directory is mounted over path. Left out: where the job runs on this machine. false: nowhere. What
    a volume must allow for it stands in docs/troubleshooting.md, Zombies and fences."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.file is not None and self.chunk_file is not None:
            raise ValueError("set only one of file and chunkFile")
        return self
