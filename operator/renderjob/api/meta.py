"""`metadata`: what we read of Kubernetes' ObjectMeta; the rest is kept as it is."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from .base import OpenModel

MAX_NAME = 63
"""A RenderJob's name becomes a label's value, so it is no longer than one."""

_NAME = re.compile(r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def _checked_name(name: str) -> str:
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise ValueError(
            f"must be at most {MAX_NAME} lower-case letters, digits, '-' or '.', "
            "beginning and ending with a letter or a digit"
        )
    return name


def _checked_namespace(name: str) -> str:
    if not _NAMESPACE.fullmatch(name):
        raise ValueError(
            f"must be at most {MAX_NAME} lower-case letters, digits or '-', "
            "beginning and ending with a letter or a digit"
        )
    return name


class ObjectMeta(OpenModel):
    """Identity of the resource."""

    name: Annotated[str, AfterValidator(_checked_name)]
    """Unique in its namespace."""
    namespace: Annotated[str, AfterValidator(_checked_namespace)] = "default"
    """The space that the name is unique in."""
    uid: str = ""
    """Set by the repository; never the same for two resources, whatever their names."""
    generation: int = 0
    """Counts the edits of `spec`."""
    resource_version: str = ""
    """Changes with every write; a write that names an old one is refused."""
    creation_timestamp: datetime | None = None
    """When the repository first saved it."""
    deletion_timestamp: datetime | None = None
    """When somebody asked to delete it, and it still is there: a finalizer holds it."""
    labels: dict[str, str] = Field(default_factory=dict)
    """For selection."""
    annotations: dict[str, str] = Field(default_factory=dict)
    """For notes of people and tools."""
