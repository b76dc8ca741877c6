"""Names and labels of children: the same whoever computes them, and nobody else's."""

from __future__ import annotations

from typing import Final

from renderjob.api import GROUP, RenderJob
from renderjob.core import Attempt
from renderjob.workload import short_hash

MAX_NAME = 63
"""A Job's name becomes a label of its pods."""

LABEL_JOB: Final = f"{GROUP}/job"
"""The RenderJob's name."""
LABEL_UID: Final = f"{GROUP}/uid"
"""The RenderJob's uid; children are selected by it."""
LABEL_KIND: Final = f"{GROUP}/kind"
"""render, merge, check, verify or preview."""
LABEL_CHUNK: Final = f"{GROUP}/chunk"
"""The number of the chunk in the layout, from 0."""
LABEL_ATTEMPT: Final = f"{GROUP}/attempt"
"""Which attempt at these frames, from 1."""
LABEL_ID: Final = f"{GROUP}/attempt-id"
"""The attempt's id, unique in its RenderJob and never used again."""

ANNOTATION_FRAMES: Final = f"{GROUP}/frames"
"""The frames, as a range string."""

ANNOTATION_TEMPLATE: Final = f"{GROUP}/template"
"""The digest of the template that the Job was made from."""

ANNOTATION_CONTAINER: Final = f"{GROUP}/container"
"""The name of the container that renders: what is injected may stand before it."""


def child_name(job: RenderJob, attempt: Attempt | int) -> str:
    """The name of an attempt's Job: `shot-010-1f3a9c2b-17`, from name, uid and attempt id; at most 63 characters.

    The hash of the uid keeps apart a RenderJob and a later one of the same name; ids are never used again.
    """
    return _named(job, str(attempt if isinstance(attempt, int) else attempt.id))


def preview_name(job: RenderJob, mark: str) -> str:
    """The name of a preview's Job; several people may look at the same time, so each brings a mark of its own."""
    return _named(job, f"preview-{mark}")


def _named(job: RenderJob, what: str) -> str:
    tail = f"-{short_hash(job.metadata.uid)}-{what}"
    # A name may end in a dot where it is cut, which no part of a DNS name may.
    head = job.metadata.name[: MAX_NAME - len(tail)].rstrip("-.").replace(".", "-")
    return f"{head}{tail}"


def attempt_mark(uid: str) -> str:
    """How the names of all attempts' Jobs of the RenderJob with this uid end, but for the attempt's id."""
    return f"-{short_hash(uid)}-"
