"""Which jobs wait for frames of which others (spec.dependsOn), so that these are reconciled when those progress."""

from __future__ import annotations

from collections import defaultdict

from renderjob.api import RenderJob, RenderJobStatus, frames_of
from renderjob.core import Dependency
from renderjob.frames import FrameExpressionError, FrameSet

from .repository import DamagedStatusError, InvalidJobError, JobRepository

_Key = tuple[str, str]
"""Namespace and name."""


class Dependents:
    """The jobs that were reconciled and depend on others, by the others' names."""

    def __init__(self) -> None:
        self._waiting: dict[_Key, set[str]] = defaultdict(set)
        self._wanted: dict[str, tuple[_Key, ...]] = {}
        self._keys: dict[str, _Key] = {}
        """Of all jobs that were reconciled."""

    def note(self, job: RenderJob) -> None:
        """A job is reconciled, with what it depends on now."""
        uid, meta = job.metadata.uid, job.metadata
        wanted = tuple((meta.namespace, other.name) for other in job.spec.depends_on)
        if wanted != self._wanted.get(uid, ()):
            self._drop(uid)
            for key in wanted:
                self._waiting[key].add(uid)
            if wanted:
                self._wanted[uid] = wanted
        # Somebody may come to depend on it later.
        self._keys[uid] = (meta.namespace, meta.name)

    def of(self, job: RenderJob) -> frozenset[str]:
        """The uids of the jobs that wait for this one."""
        return frozenset(self._waiting.get((job.metadata.namespace, job.metadata.name), ()))

    def gone(self, uid: str) -> frozenset[str]:
        """A job is gone. The uids of those that waited for it."""
        self._drop(uid)
        key = self._keys.pop(uid, None)
        return frozenset(self._waiting.get(key, ())) if key is not None else frozenset()

    def _drop(self, uid: str) -> None:
        for key in self._wanted.pop(uid, ()):
            self._waiting[key].discard(uid)
            if not self._waiting[key]:
                del self._waiting[key]


def progressed(before: RenderJobStatus, after: RenderJobStatus) -> bool:
    """Whether a job that waits for this one may go on, or must report something else."""
    return (
        before.created_at is None
        or before.state is not after.state
        or before.frames.completed != after.frames.completed
    )


async def dependencies_of(job: RenderJob, repository: JobRepository) -> tuple[Dependency, ...]:
    """The jobs that a job depends on, as they are known; those that are not there are left out.

    Raises:
        RepositoryError: they can't be read now.
    """
    found = []
    for name in dict.fromkeys(wanted.name for wanted in job.spec.depends_on):
        try:
            other = await repository.named(job.metadata.namespace, name)
        except (InvalidJobError, DamagedStatusError) as error:
            other = error.job
        if other is not None:
            found.append(_seen(name, other))
    return tuple(found)


def _seen(name: str, other: RenderJob) -> Dependency:
    status = other.status
    try:
        total = frames_of(other.spec.frames)
    except FrameExpressionError:
        total = FrameSet()
    # What is rendered of an earlier edit is not what is asked for now: it is known once that edit is taken up.
    settled = status.observed_generation == other.metadata.generation
    completed = FrameSet.parse(status.frames.completed) if settled else FrameSet()
    revisions = tuple((each.number, FrameSet.parse(each.frames)) for each in status.revisions)
    return Dependency(name, status.state, completed, total, other.metadata.uid, revisions)
