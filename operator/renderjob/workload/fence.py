"""Fences: the name of the directory that an attempt has for itself, below the output directory.

An attempt that is given up may still run somewhere: on a node that nobody reaches, or in a session that nobody
finds. Fenced, it writes to a directory that nobody looks into any more, and overwrites no frame.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from renderjob.api import OnEdit, RenderJob, frames_of
from renderjob.frames import FrameSet

from .command import chunk_file

ROOT: Final = ".renderjob"
"""Below output.path; holds a directory for each job and digest, and in it one for each attempt, by its id."""

_HASH = 8


def short_hash(uid: str) -> str:
    """What tells a job's children, and its directories, from those of a later one of the same name."""
    return hashlib.sha256(uid.encode()).hexdigest()[:_HASH]


def fence_name(job: RenderJob, digest: str) -> str:
    """The directory, below ROOT, of a job's attempts at frames of this digest."""
    return f"{short_hash(job.metadata.uid)}-{digest[:_HASH]}"


def can_be_fenced(job: RenderJob, frames: FrameSet, *, chunk: int, chunks: int) -> bool:
    """Whether it is known which files of an attempt are to be moved up: those of its frames, or its chunk's."""
    output = job.spec.output
    if output is None:
        return False
    return output.pattern is not None or chunk_file(job, frames, chunk=chunk, chunks=chunks) is not None


def fence_request(job: RenderJob, digest: str, attempt: int, beside: FrameSet) -> dict[str, Any]:
    """What a verification is told of fences.

    Args:
        job: whose frames are looked for.
        digest: of what they are rendered with.
        attempt: the id of the verification; attempts with a higher one began after it.
        beside: ids of the attempts that were in flight when it began.
    """
    adopt = FrameSet.union_of(
        FrameSet.parse(group.frames) for group in job.status.unverified if not group.attempts
    )
    return {
        "root": ROOT,
        "job": short_hash(job.metadata.uid),
        "digest": digest[:_HASH],
        # What was rendered before such an edit counts, too.
        "anyDigest": job.spec.on_edit is OnEdit.KEEP,
        "before": attempt,
        "beside": str(beside),
        "adopt": str(adopt),
        "all": str(frames_of(job.spec.frames)),
    }
