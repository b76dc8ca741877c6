"""Lost attempts: an earlier manager had started them; their logs and files tell what they finished."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from renderjob.api import RenderJob
from renderjob.core import Phase
from renderjob.core.inflight import parse
from renderjob.executors.reading import reader_for
from renderjob.outputs import DENIED, FULL, told

from . import fences, look_back
from .attempt import LocalAttempt
from .logs import log_files
from .mounts import output_directory
from .store import Store

_LOG = logging.getLogger(__name__)


def take_up(job: RenderJob, store: Store, now: datetime) -> dict[int, LocalAttempt]:
    """Move up what attempts in flight had finished, and remove all directories of attempts; blocks.

    Args:
        job: none of its attempts runs any more.
        store: where their logs are.
        now: when they are found to have ended.

    Returns:
        The attempts by their ids.

    Raises:
        OSError: the output can't be looked at.
    """
    logs = {file.id: file for file in log_files(store.logs(job.metadata.uid))}
    left, attempts, unmoved = fences.left_over(job), {}, []
    output = str(output_directory(job) or "")
    for entry in map(parse, job.status.in_flight):
        file = logs.get(entry.id)
        if file is None:
            continue
        attempt = entry.attempt(0)
        lost = LocalAttempt(
            attempt=attempt,
            log=file.path,
            reader=reader_for(job.spec, attempt.kind, attempt.frames, output),
            started=file.started,
        )
        lost.close()
        lost.phase, lost.finished = Phase.LOST, now
        lost.fence = left.get(entry.id)
        try:
            look_back.verify(job, lost)
            _move_up(job, lost)
        except OSError as error:
            _LOG.warning("job %s: what attempt %d left can't be looked at: %s", job.key, entry.id, error)
            lost.missing, lost.unmoved = attempt.frames, True
        if lost.blocked and lost.fence is not None:
            # It is not over before what it has rendered is where frames lie.
            lost.phase, lost.finished = Phase.RUNNING, None
            unmoved.append(lost.fence)
        elif lost.unmoved and lost.fence is not None:
            _LOG.warning("job %s: what attempt %d left lies in %s", job.key, entry.id, lost.fence)
            unmoved.append(lost.fence)
        attempts[entry.id] = lost
    # Of the others nobody knows; and who still writes to one of these shall find it gone.
    fences.sweep(job, store.job(job.metadata.uid), unmoved)
    return attempts


def _move_up(job: RenderJob, lost: LocalAttempt) -> None:
    try:
        look_back.publish(job, lost)
    except OSError as error:
        if error.errno in FULL | DENIED:
            lost.blocked = told(error, output_directory(job) or Path())
        else:
            look_back.publish_or_tell(job, lost)
