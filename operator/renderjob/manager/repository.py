"""JobRepository: where RenderJobs are kept. The custom resource is one; memory and SQLite are others."""

from __future__ import annotations

from typing import Protocol

from renderjob.api import RenderJob


class RepositoryError(Exception):
    """A read or a write failed; what was saved before stands."""


class ConflictError(RepositoryError):
    """The job was written by somebody else since it was read: read it again, decide again."""


class AlreadyExistsError(RepositoryError):
    """Another job has this namespace and name."""


class NotFoundError(RepositoryError):
    """The job is not there (any more)."""


class TooLargeError(RepositoryError):
    """A job was not written: with what is to be written it is larger than its store takes."""


class InvalidJobError(RepositoryError):
    """The job is there, and its spec can't be read: which field, what was found, what is accepted."""

    def __init__(self, job: RenderJob, problem: str) -> None:
        """`job` has the metadata and the status of the resource, and a stand-in for its spec."""
        super().__init__(f"{job.key}: {problem}")
        self.job = job
        self.problem = problem


class DamagedStatusError(RepositoryError):
    """The job is there, and its status can't be read as a whole: where, and what was found there."""

    def __init__(self, job: RenderJob, problem: str) -> None:
        """`job` has what of its status can be read."""
        super().__init__(f"{job.key}: {problem}")
        self.job = job
        self.problem = problem


class JobRepository(Protocol):
    """Keeps jobs. Every write is atomic, and conditional on the version that was read.

    As in Kubernetes, the spec and the status are written apart, so that a user's edit and the manager's status
    never undo each other; a write of either changes `metadata.resource_version`.
    """

    async def create(self, job: RenderJob) -> RenderJob:
        """Save a new job. Returns it with uid, generation 1, version and time of creation; its status is empty.

        Raises:
            AlreadyExistsError: its namespace and name are taken.
        """

    async def save(self, job: RenderJob) -> RenderJob:
        """Save metadata and spec; the generation rises when the spec changed. The status is left as it is.

        Raises:
            ConflictError: `metadata.resource_version` is not the current one.
            NotFoundError: it is gone.
        """

    async def save_status(self, job: RenderJob) -> RenderJob:
        """Save the status, and nothing else.

        Raises:
            ConflictError: `metadata.resource_version` is not the current one.
            NotFoundError: it is gone.
        """

    async def get(self, uid: str) -> RenderJob | None:
        """The job with this id; None when there is none.

        Raises:
            InvalidJobError: it is there, and its spec can't be read.
            DamagedStatusError: it is there, and its status can't be read as a whole; save what can, and go on.
        """

    async def confirm(self, job: RenderJob) -> None:
        """Look whether the store holds this very version of a job; never into a cache.

        Raises:
            ConflictError: `metadata.resource_version` is not the current one.
            NotFoundError: it is gone.
        """

    async def find(self, namespace: str, name: str) -> RenderJob | None:
        """The job with this name; None when there is none."""

    async def named(self, namespace: str, name: str) -> RenderJob | None:
        """The same as it is known, without a request where somebody tells of every change.

        Raises:
            InvalidJobError, DamagedStatusError: it is there, and can't be read as a whole.
        """

    async def list(self) -> list[RenderJob]:
        """All jobs whose spec can be read, the oldest first."""

    async def delete(self, uid: str) -> bool:
        """Remove a job. Whether it was there."""

    async def version(self) -> int:
        """A number that changes when another process has written; for cheap polling."""
