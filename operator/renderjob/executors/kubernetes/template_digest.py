"""Which template a Job was made from: one whose pod does not start is made anew when the template was edited."""

from __future__ import annotations

import hashlib
import weakref

from renderjob.api import PodTemplate, RenderJob
from renderjob.core import Kind

LENGTH = 16

_MOST = 1024
_known: dict[int, tuple[weakref.ref[PodTemplate], str]] = {}
"""Digests of templates that were asked for before: a template never changes, and every Job asks."""


def template_digest(job: RenderJob, kind: Kind) -> str:
    """Hexadecimal digest of all that a template says, whether or not a pixel depends on it.

    A verification, and the built-in merge, run on the volumes and the nodes that the renderer's template names.
    """
    merge = job.spec.merge
    own = merge.template if kind is Kind.MERGE and merge is not None else None
    return _digest(own or job.spec.template)


def _digest(template: PodTemplate) -> str:
    known = _known.get(id(template))
    if known is not None and known[0]() is template:
        return known[1]
    text = template.model_dump_json(by_alias=True, exclude_unset=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
    if len(_known) >= _MOST:
        _known.clear()
    _known[id(template)] = weakref.ref(template), digest
    return digest
