"""An exit code of 0, and frames that are not there."""

from __future__ import annotations

from renderjob.api import FailureClass
from renderjob.core.observed import Phase
from renderjob.core.unverified import is_verified_later

from .verdict import Cost, Ended, Verdict


def no_output(ended: Ended) -> Verdict | None:
    """Frames that do not verify although the renderer said it was done."""
    seen = ended.seen
    if seen.phase is not Phase.SUCCEEDED:
        return None
    if seen.unsaved and seen.missing is None and not is_verified_later(ended.spec, ended.attempt, seen):
        # Blender may exit with 0 all the same, and no file can tell.
        message = f"exit code 0, but it could not save a frame: {seen.unsaved}"
        return Verdict(FailureClass.NO_OUTPUT, Cost.RETRY, message[:300])
    if not seen.missing:
        return None
    output = ended.spec.output
    name = (output.file or output.chunk_file) if output else None
    where = f"{output.path}/{name or 'its file'}" if output else "the output"
    message = f"exit code 0, but {where} is missing or too small for: {seen.missing}"
    return Verdict(FailureClass.NO_OUTPUT, Cost.RETRY, message[:300], said=ended.last_line)
