"""What of a worker's environment the manifest only refers to: Secrets, ConfigMaps and fields of its pod."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from renderjob.api.template import EnvVar


@dataclass(frozen=True, slots=True)
class Supplied:
    """Values for what a manifest refers to, where no cluster resolves it."""

    references: Mapping[str, str] = field(default_factory=dict)
    """Values of variables with `valueFrom`, by the variable's name."""
    everywhere: Mapping[str, str] = field(default_factory=dict)
    """Variables of `envFrom`, and others that somebody gave; what `env` names wins over them."""


NOTHING = Supplied()


def reference_of(variable: EnvVar) -> dict[str, Any]:
    """The `valueFrom` of a variable; empty without one."""
    found = (variable.model_extra or {}).get("valueFrom")
    return found if isinstance(found, dict) else {}


def key_of(reference: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The key of a Secret or ConfigMap that a `valueFrom` names; None where it names none."""
    found = (reference.get(kind) for kind in ("secretKeyRef", "configMapKeyRef"))
    return next((key for key in found if isinstance(key, Mapping)), None)


def is_reference(variable: EnvVar) -> bool:
    """Whether a variable's value comes from somewhere else."""
    return bool(reference_of(variable))
