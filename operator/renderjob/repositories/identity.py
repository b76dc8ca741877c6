"""What a repository, as an API server would, gives a job when it is created or edited."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from renderjob.api import RenderJob, RenderJobStatus


def created(job: RenderJob, version: int) -> RenderJob:
    """A new job: with a uid, generation 1, a version, and an empty status."""
    metadata = job.metadata.model_copy(
        update={
            "uid": str(uuid.uuid4()),
            "generation": 1,
            "resource_version": str(version),
            "creation_timestamp": datetime.now(UTC).replace(microsecond=0),
            "deletion_timestamp": None,
        }
    )
    return job.model_copy(update={"metadata": metadata, "status": RenderJobStatus()})


def edited(stored: RenderJob, job: RenderJob, version: int) -> RenderJob:
    """`stored` with the metadata and spec of `job`; the identity stays, the generation follows the spec."""
    metadata = job.metadata.model_copy(
        update={
            "uid": stored.metadata.uid,
            "namespace": stored.metadata.namespace,
            "name": stored.metadata.name,
            "creation_timestamp": stored.metadata.creation_timestamp,
            "deletion_timestamp": stored.metadata.deletion_timestamp,
            "generation": stored.metadata.generation + (job.spec != stored.spec),
            "resource_version": str(version),
        }
    )
    return stored.model_copy(update={"metadata": metadata, "spec": job.spec})


def observed_by(stored: RenderJob, job: RenderJob, version: int) -> RenderJob:
    """`stored` with the status of `job`."""
    metadata = stored.metadata.model_copy(update={"resource_version": str(version)})
    return stored.model_copy(update={"metadata": metadata, "status": job.status})
