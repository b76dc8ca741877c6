"""What was asked of the API server: its audit log, read back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WRITES = ("create", "update", "patch", "delete", "deletecollection")


@dataclass(frozen=True)
class Request:
    """One request, as the API server saw it."""

    user: str
    verb: str
    """get, list, watch, or one of WRITES."""
    resource: str
    """Such as jobs, or pods/status with a subresource."""
    namespace: str
    name: str
    code: int
    uri: str
    agent: str
    received: str
    """When it came, as an RFC 3339 time with microseconds; these sort as text."""

    @property
    def writes(self) -> bool:
        """Whether it meant to change something."""
        return self.verb in WRITES


def read_audit(file: Path) -> list[Request]:
    """All requests, each once: a watch has a line when it begins and one when it ends."""
    found: dict[str, Request] = {}
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.endswith("\n"):  # being written
                break
            event = json.loads(line)
            found[event["auditID"]] = _request(event)
    return list(found.values())


def _request(event: dict[str, Any]) -> Request:
    target = event.get("objectRef", {})
    resource = "/".join(filter(None, (target.get("resource", ""), target.get("subresource", ""))))
    return Request(
        user=event["user"].get("username", ""),
        verb=event["verb"],
        resource=resource,
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        code=event.get("responseStatus", {}).get("code", 0),
        uri=event["requestURI"],
        agent=event.get("userAgent", ""),
        received=event["requestReceivedTimestamp"],
    )
