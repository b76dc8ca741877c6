"""What can go wrong with a request to an API server, and which request it is: by verb, path and RenderJob."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]

VERBS = {"POST": "create", "PATCH": "patch", "DELETE": "delete", "GET": "get"}

LABEL = "renderjob.dev/job"


class Fault(StrEnum):
    """What becomes of a request, or of a line of a watch."""

    REFUSED = "refused"
    """The connection is reset before the server hears of it."""
    ERROR = "error"
    """500, and the server did nothing."""
    UNAVAILABLE = "unavailable"
    """503 with Retry-After."""
    THROTTLED = "throttled"
    """429 with Retry-After."""
    LOST = "lost"
    """The server does it; the connection is reset before the answer."""
    LATE = "late"
    """The server does it; the answer comes later than the client waits."""
    RIVAL = "rival"
    """Somebody else writes the same a moment before."""
    KILLED = "killed"
    """The server does it; the client is killed before the answer."""

    GONE = "gone"
    """In the place of a line of a watch: 410, and the end of the watch."""
    CUT = "cut"
    """The connection is reset in the middle of the line."""
    TORN = "torn"
    """The watch ends in good order, in the middle of the line: something between client and server ended it."""
    SILENT = "silent"
    """Neither the line nor anything after it is told; the connection stays."""
    DROPPED = "dropped"
    """The line is not told."""
    TWICE = "twice"
    """The line is told twice."""
    DELAYED = "delayed"
    """The line, and all after it, are told a while later."""


ANSWERED = (Fault.REFUSED, Fault.ERROR, Fault.UNAVAILABLE, Fault.THROTTLED)
"""Those of which the server does not hear."""


@dataclass(frozen=True)
class What:
    """Which kind of request, or of line, it is, and about which RenderJob."""

    kind: str
    """`create jobs`, `patch renderjobs/status`, `watch pods`, `get other`; of a line of a watch `told pods`."""
    job: str = ""
    """The RenderJob's name; empty when it is about none, or about many."""


def what(method: str, path: str, body: Object) -> What:
    """What a request is about.

    Args:
        method: of HTTP.
        path: with its query.
        body: as JSON; empty without one.
    """
    url, query = urlsplit(path), parse_qs(urlsplit(path).query)
    names = url.path.strip("/").split("/")
    names = names[3:] if names[0] == "apis" else names[2:]
    if names[:1] == ["namespaces"] and len(names) > 2:
        names = names[2:]
    if not names:
        return What("get other")
    resource, name = (*names, "")[:2]
    verb = VERBS[method]
    if verb == "get" and "watch" in query:
        verb = "watch"
    elif verb == "get" and not name:
        verb = "list"
    subresource = f"/{names[2]}" if len(names) > 2 else ""
    return What(f"{verb} {resource}{subresource}", _job(resource, name, body, query))


def told(resource: str, line: bytes) -> What:
    """What a line of a watch tells of."""
    thing = json.loads(line)["object"]
    return What(f"told {resource}", job_of(resource, thing))


def job_of(resource: str, thing: Object) -> str:
    """The name of the RenderJob that an object is, or belongs to."""
    meta = thing.get("metadata", {})
    name: str = meta.get("name", "") if resource == "renderjobs" else meta.get("labels", {}).get(LABEL, "")
    return name


def _job(resource: str, name: str, body: Object, query: dict[str, list[str]]) -> str:
    if resource == "renderjobs":
        return name
    if resource == "events":
        return str(body.get("involvedObject", {}).get("name", "")) or name.partition(".")[0]
    if not name and "labels" in body.get("metadata", {}):
        return job_of(resource, body)
    selected = query.get("labelSelector", [""])[0].partition("batch.kubernetes.io/job-name=")[2]
    # A child is called NAME-HASH-ID, and its pods have one word more.
    words = (name or selected).split("-")
    return "-".join(words[: -3 if resource == "pods" and name else -2])
