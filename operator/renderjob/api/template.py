"""`spec.template`: a pod template as in batch/v1; we read the render container and keep all else untouched."""

from __future__ import annotations

import json
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from .base import OpenModel
from .nesting import DEEPEST, deeper_than
from .quantity import endless_quantity, memory_bytes

RENDER_CONTAINER = "render"


def _checked_variable(name: str) -> str:
    if not name or "=" in name or not name.isascii() or not name.isprintable():
        raise ValueError(
            "must be the name of an environment variable: printable ASCII characters without '='"
        )
    return name


class EnvVar(OpenModel):
    """An environment variable of a container."""

    name: Annotated[str, AfterValidator(_checked_variable)]
    """The variable's name."""
    value: str = ""
    """Its value; `$(NAME)` of an earlier variable is replaced."""


class VolumeMount(OpenModel):
    """Where a volume lies in the container."""

    name: str
    """The volume's name."""
    mount_path: str
    """The path in the container."""


class Resources(OpenModel):
    """Compute resources of a container."""

    requests: dict[str, Any] = Field(default_factory=dict)
    """What the scheduler sets aside."""
    limits: dict[str, Any] = Field(default_factory=dict)
    """What the container may not exceed."""

    @model_validator(mode="after")
    def _memory_can_be_read(self) -> Self:
        for name in ("requests", "limits"):
            amount = getattr(self, name).get("memory")
            try:
                if amount is not None:
                    memory_bytes(amount if isinstance(amount, str) else str(amount))
            except ValueError as error:
                raise ValueError(f"{name}.memory: found {json.dumps(amount)}: {error}") from None
        return self


class Container(OpenModel):
    """A container; the fields that decide what is rendered."""

    name: str
    """The container's name."""
    image: str = ""
    """Ignored by local runs, which use what is installed."""
    command: list[str] = Field(default_factory=list)
    """The program and its first arguments."""
    args: list[str] = Field(default_factory=list)
    """More arguments."""
    env: list[EnvVar] = Field(default_factory=list)
    """The environment; nothing else reaches a worker."""
    working_dir: str = ""
    """The working directory."""
    resources: Resources = Field(default_factory=Resources)
    """Requests and limits."""
    volume_mounts: list[VolumeMount] = Field(default_factory=list)
    """Where volumes lie."""


class PodSpec(OpenModel):
    """A pod's spec; the containers and the volumes are read."""

    containers: Annotated[list[Container], Field(min_length=1)]
    """The one named `render`, else the first, renders."""
    volumes: list[dict[str, Any]] = Field(default_factory=list)
    """The pod's volumes."""
    termination_grace_period_seconds: Annotated[int, Field(ge=0)] = 30
    """Between SIGTERM and SIGKILL."""


class TemplateMeta(OpenModel):
    """Labels and annotations of the pods."""

    labels: dict[str, str] = Field(default_factory=dict)
    """Labels of every pod."""
    annotations: dict[str, str] = Field(default_factory=dict)
    """Annotations of every pod. RenderJob's own (verifications, built-in merges, previews) get them, too, but for those
    that name a container of the template's, and Vault's."""


class PodTemplate(OpenModel):
    """What a chunk runs: a PodTemplateSpec. The container named `render`, or the first, renders."""

    metadata: TemplateMeta = Field(default_factory=TemplateMeta)
    """Labels and annotations of the pods."""
    spec: PodSpec
    """The pod."""

    @property
    def container(self) -> Container:
        """The container that renders."""
        named = (c for c in self.spec.containers if c.name == RENDER_CONTAINER)
        return next(named, self.spec.containers[0])

    @model_validator(mode="before")
    @classmethod
    def _can_be_written(cls, value: object) -> object:
        # What the API server takes as deep as this, neither we nor the API server could make a pod of.
        if deeper_than(value, DEEPEST):
            raise ValueError(f"is nested more than {DEEPEST} levels deep; accepted: at most {DEEPEST}")
        if endless := endless_quantity(value):
            raise ValueError(
                f"found the quantity {json.dumps(endless[:40])}: its exponent has more than two digits; accepted: "
                "quantities such as 500m, 2 or 8Gi"
            )
        return value

    @model_validator(mode="after")
    def _distinct_names(self) -> Self:
        names = [c.name for c in self.spec.containers]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"container names must differ; found twice: {', '.join(twice)}")
        return self
