"""`spec`: what a user writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from renderjob.frames import FrameSet

from .base import ApiModel, cel
from .chunks import DEFAULT_SIZE, ChunksSpec, Order
from .cleanup import CleanupSpec
from .depends import DependencySpec
from .frames import MAX_LISTED, FrameExpression, frames_of, too_scattered
from .merge import MergeSpec
from .nodes import NodesSpec
from .output import OutputSpec
from .preview import PreviewSpec
from .progress import ProgressSpec
from .rerender import RerenderSpec
from .retries import RetriesSpec
from .template import PodTemplate
from .timeouts import TimeoutsSpec
from .tolerate import TolerateSpec

MAX_PARALLELISM = 1000

MAX_SPEC = 600 * 1024
"""Bytes of a whole spec, in JSON: with the largest status, etcd takes it."""


class OnEdit(StrEnum):
    """What an edit of the template or the output means for frames that are rendered already."""

    RERENDER = "Rerender"
    KEEP = "Keep"


def _in_two_chunks(cells: Sequence[FrameSet]) -> str:
    """Which listed chunk is the first that shares frames with those before it; some do."""
    low, high = 0, len(cells)
    while low < high:
        middle = (low + high) // 2
        some = cells[: middle + 1]
        if len(FrameSet.union_of(some)) != sum(map(len, some)):
            high = middle
        else:
            low = middle + 1
    shared = FrameSet.union_of(cells[:low]) & cells[low]
    return (
        f"chunks.explicit[{low}].frames: {shared.brief()} is in an earlier chunk already; "
        "every frame belongs to one chunk"
    )


class RenderJobSpec(ApiModel):
    """What to render, with what, and what to do when it goes wrong."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            (
                "!has(self.merge) || !has(self.merge.ffmpeg) || has(self.output)",
                "merge.ffmpeg needs output.path: say where the frames lie",
            ),
            (
                "!has(self.merge) || !has(self.merge.ffmpeg) || !has(self.output) || has(self.output.file)"
                " || has(self.output.files) || has(self.output.chunkFile)"
                " || (has(self.chunks) && has(self.chunks.explicit))",
                "merge.ffmpeg needs to know what to join: set output.file (an image sequence), "
                "output.chunkFile, or chunks.explicit with an output each",
            ),
            (
                "!has(self.output) || !has(self.output.fenced) || !self.output.fenced || has(self.output.file)"
                " || has(self.output.files) || has(self.output.chunkFile)"
                " || (has(self.chunks) && has(self.chunks.explicit))",
                "output.fenced needs to know which files are frames: set output.file, output.chunkFile, or "
                "chunks.explicit with an output each",
            ),
            (
                "!has(self.output) || !has(self.output.chunkFile) || !has(self.chunks)"
                " || !has(self.chunks.targetDuration)",
                "output.chunkFile needs chunks of one size, since a file is found by its chunk: set chunks.size "
                "instead of chunks.targetDuration",
            ),
            (
                "!has(self.preview) || !has(self.chunks) || !has(self.chunks.order)"
                " || self.chunks.order != 'Sequential'",
                "chunks.order Sequential renders no frame before those that it needs: leave out preview, or set "
                "another order",
            ),
        )
    )

    frames: FrameExpression
    """The frames to render: 1-240, 1-100x2 (every second), 1-10,20, -5-5, 1-10y3 (all but every third)."""
    chunks: ChunksSpec = Field(default_factory=ChunksSpec)
    """How the frames are cut into chunks."""
    parallelism: Annotated[int, Field(ge=0, le=MAX_PARALLELISM)] = 1
    """Chunks at a time; `kubectl scale` sets it. 0 starts none."""
    template: PodTemplate
    """The pod that renders a chunk. It is told by environment variables what to render: RENDER_START,
    RENDER_END, RENDER_STEP, RENDER_FRAMES, RENDER_FRAME_COUNT, RENDER_CHUNK, RENDER_CHUNKS, RENDER_ATTEMPT,
    RENDER_OUTPUT, RENDER_JOB, RENDER_JOB_UID, RENDER_NAMESPACE; $(NAME) in command and args is replaced."""
    output: OutputSpec | None = None
    """Where the frames lie, and what makes one whole."""
    merge: MergeSpec | None = None
    """One file from all frames, when they are there."""
    progress: ProgressSpec = Field(default_factory=ProgressSpec)
    """How progress is read from what the renderer prints."""
    retries: RetriesSpec = Field(default_factory=RetriesSpec)
    """What may be tried again, and how."""
    tolerate: TolerateSpec = Field(default_factory=TolerateSpec)
    """What may be missing from a job that still counts as complete."""
    nodes: NodesSpec = Field(default_factory=NodesSpec)
    """When a node is avoided."""
    timeouts: TimeoutsSpec = Field(default_factory=TimeoutsSpec)
    """How long things may take."""
    preview: PreviewSpec | None = None
    """Some frames first, for a look before the rest is paid for."""
    on_edit: OnEdit = OnEdit.RERENDER
    """What an edit of what decides the pixels means for frames that are rendered already: Rerender them, or Keep
    them. It is what the pod's containers run (image, command, args, env, envFrom, workingDir, postStart; init
    containers and those beside the renderer, too), what is mounted in them and from where (claims, subPath, keys,
    images, attributes), and the output. Where it runs, as whom and with how much of what decides no pixel."""
    suspend: bool = False
    """Stops what runs, free of charge, and starts nothing until it is false again."""
    cancel: bool = False
    """Ends the job and keeps what is rendered. False afterwards goes on with what is missing."""
    retry: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    """Raise it to run again what failed, in any state."""
    depends_on: Annotated[list[DependencySpec], Field(max_length=16)] = Field(default_factory=list)
    """Other RenderJobs whose frames this one is made from; what needs frames that are not there yet waits."""
    rerender: RerenderSpec | None = None
    """Frames to render once more although they are there."""
    cleanup: CleanupSpec = Field(default_factory=CleanupSpec)
    """What becomes of finished children."""

    @property
    def chunk_size(self) -> int:
        """Frames in a chunk when the size is fixed."""
        return self.chunks.size or DEFAULT_SIZE

    @model_validator(mode="before")
    @classmethod
    def _leaves_room_for_a_status(cls, given: Any) -> Any:
        size = 0
        if isinstance(given, dict):
            # What is no JSON, or too deep for it, is refused for that, by name.
            with suppress(TypeError, ValueError, RecursionError):
                size = len(json.dumps(given, ensure_ascii=False, separators=(",", ":"), default=str).encode())
        if size > MAX_SPEC:
            raise ValueError(
                f"it takes {size} bytes as JSON, and at most {MAX_SPEC} are accepted, since its status needs room "
                "beside it: move long commands into a script or a ConfigMap, or write several RenderJobs"
            )
        return given

    @model_validator(mode="after")
    def _explicit_chunks_share_no_frame(self) -> Self:
        if self.chunks.explicit is None:
            return self
        cells = [frames_of(chunk.frames) for chunk in self.chunks.explicit]
        seen = FrameSet.union_of(cells)
        if len(seen) != sum(map(len, cells)):
            raise ValueError(_in_two_chunks(cells))
        many = too_scattered(cells)
        if many is not None:
            raise ValueError(
                f"chunks.explicit: the frames of the first {many} chunks lie in too many separate ranges: listed, "
                f"they take more than {MAX_LISTED} characters, and a status has room for no more; list chunks whose "
                "frames follow each other, or several RenderJobs"
            )
        asked = frames_of(self.frames)
        if seen != asked:
            raise ValueError(
                "chunks.explicit must hold exactly the frames of spec.frames; "
                + (
                    f"missing: {(asked - seen).brief()}"
                    if asked - seen
                    else f"too many: {(seen - asked).brief()}"
                )
            )
        return self

    @model_validator(mode="after")
    def _listed_files_are_told_apart(self) -> Self:
        writers: dict[str, int] = {}
        for number, chunk in enumerate(self.chunks.explicit or ()):
            place = f"chunks.explicit[{number}].output"
            if not chunk.output:
                continue
            if self.output is None:
                raise ValueError(f"{place}: needs output.path: say where {chunk.output!r} lies")
            if writers.setdefault(chunk.output, number) != number:
                first = writers[chunk.output]
                raise ValueError(f"{place}: {chunk.output!r} is written by chunks.explicit[{first}] already")
        return self

    @model_validator(mode="after")
    def _merge_knows_what_to_join(self) -> Self:
        if self.merge is None or self.merge.ffmpeg is None:
            return self
        if self.output is None:
            raise ValueError("merge.ffmpeg needs output.path: say where the frames lie")
        if not self._names_its_files:
            raise ValueError(
                "merge.ffmpeg needs to know what to join: set output.file (an image sequence), "
                "output.chunkFile, or chunks.explicit with an output each"
            )
        return self

    @model_validator(mode="after")
    def _fences_know_what_to_move(self) -> Self:
        if self.output is not None and self.output.fenced and not self._names_its_files:
            raise ValueError(
                "output.fenced needs to know which files are frames: set output.file, output.chunkFile, or "
                "chunks.explicit with an output each"
            )
        return self

    @model_validator(mode="after")
    def _chunk_files_keep_their_frames(self) -> Self:
        named = self.output is not None and self.output.chunk_file is not None
        if named and self.chunks.target_duration is not None:
            raise ValueError(
                "output.chunkFile needs chunks of one size, since a file is found by its chunk: set chunks.size "
                "instead of chunks.targetDuration"
            )
        return self

    @model_validator(mode="after")
    def _a_sequence_has_no_preview(self) -> Self:
        if self.preview is not None and self.chunks.order is Order.SEQUENTIAL:
            raise ValueError(
                "chunks.order Sequential renders no frame before those that it needs: leave out preview, or set "
                "another order"
            )
        return self

    @property
    def _names_its_files(self) -> bool:
        """Whether it is known which file holds a frame, for every frame."""
        if self.output is not None and (self.output.patterns or self.output.chunk_file):
            return True
        return self.chunks.explicit is not None and all(chunk.output for chunk in self.chunks.explicit)
