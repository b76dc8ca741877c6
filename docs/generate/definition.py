"""The parts of the CustomResourceDefinition that the pages tell of."""

from __future__ import annotations

from typing import Any

from renderjob.crd import crd

_VERSION = crd()["spec"]["versions"][0]
COLUMNS: list[dict[str, Any]] = _VERSION["additionalPrinterColumns"]


def part(name: str) -> dict[str, Any]:
    """The schema of `spec` or of `status`."""
    schema: dict[str, Any] = _VERSION["schema"]["openAPIV3Schema"]["properties"][name]
    return schema
