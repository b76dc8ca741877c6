"""Names: a valid DNS label from any id, and never the same one from two ids."""

from __future__ import annotations

import hashlib
import re

from .errors import ConvertError

MAX_LABEL = 63
_DIGEST = 6


def job_name(given: str) -> str:
    """The name of the RenderJob for a job's id or name.

    A valid DNS label stays as it is ("0" too). What must be changed gets a few digits of its hash, so that
    "Shot_1" and "shot-1" do not become one job.

    Raises:
        ConvertError: the name is empty.
    """
    if not given.strip():
        raise ConvertError(f'id: found "{given}"; accepted: a name for the job')
    label = re.sub(r"[^a-z0-9]+", "-", given.lower()).strip("-")
    plain = re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", given)
    if plain and len(given) <= MAX_LABEL:
        return given
    digest = hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    label = label[: MAX_LABEL - _DIGEST - 1].rstrip("-")
    return f"{label}-{digest}" if label else digest
