"""Events and objects reduced to identities: which RenderJob it is, and in which version."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, Final

from pydantic import BaseModel

from renderjob.kube.reading import read_event
from renderjob.repositories.cache import LARGE

log = logging.getLogger(__name__)

Observe = Callable[[dict[str, Any], int], None]
"""Called with an object as a watch sent it, and the bytes of that."""

_KEPT: Final = (
    *("name", "namespace", "uid", "generation", "resourceVersion"),
    *("creationTimestamp", "deletionTimestamp"),
)
_OBJECTS: Final = ("ADDED", "MODIFIED", "DELETED")
_EXPIRED: Final = json.dumps(
    {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}
).encode()
"""What an API server says when a client must relist; kopf does."""


class _Identity(BaseModel):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resourceVersion: str = ""  # noqa: N815 (as in the JSON)
    creationTimestamp: str = ""  # noqa: N815
    deletionTimestamp: str = ""  # noqa: N815


class _Object(BaseModel):
    apiVersion: str = ""  # noqa: N815
    kind: str = ""
    metadata: _Identity


class _Event(BaseModel):
    """An event without the rest of its object: of a megabyte of brackets that is read in a tenth of the time."""

    type: str
    object: _Object


def event(line: bytes, observe: Observe = lambda *_: None) -> bytes | None:
    """A line of a watch with an identity for its object; None for one that tells of nothing.

    The whole object goes to `observe`, unless it is large: nobody retains such a one.
    """
    narrow = _narrow(line) if len(line) > LARGE else None
    try:
        kind, found = narrow or read_event(line)
        if kind == "BOOKMARK":
            metadata = {"resourceVersion": found["metadata"]["resourceVersion"]}
            return json.dumps({"type": kind, "object": {"metadata": metadata}}).encode()
    except (ValueError, KeyError, TypeError):
        log.warning("the watch of RenderJobs sent what is no event, and is begun anew: %r", line[:200])
        return _EXPIRED
    if kind not in _OBJECTS:
        return line
    known = identity(found)
    if known is None:
        return None
    if kind != "DELETED" and narrow is None:
        observe(found, len(line))
    return json.dumps({"type": kind, "object": known}).encode()


def _narrow(line: bytes) -> tuple[str, Any] | None:
    """The identity in an event; None where only another parser can read it."""
    try:
        read = _Event.model_validate_json(line)
    except ValueError:
        return None
    return read.type, read.object.model_dump(exclude_unset=True)


def identity(thing: Any) -> dict[str, Any] | None:
    """An object with no more than it takes to know which it is; None for what is none."""
    metadata = thing.get("metadata") if isinstance(thing, dict) else None
    if not isinstance(metadata, dict) or not metadata.get("uid") or not metadata.get("resourceVersion"):
        return None
    return {
        "apiVersion": thing.get("apiVersion"),
        "kind": thing.get("kind"),
        "metadata": {name: metadata[name] for name in _KEPT if name in metadata},
    }
