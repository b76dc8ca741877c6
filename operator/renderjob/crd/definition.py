"""The CustomResourceDefinition around the schema: names, subresources, columns."""

from __future__ import annotations

from typing import Any

from renderjob.api import GROUP, KIND, VERSION, RenderJob
from renderjob.api.base import CEL
from renderjob.api.status import NEVER_SEEN

from .inline import Schema
from .part import Part
from .structural import structural_schema

PLURAL = "renderjobs"
NAME = f"{PLURAL}.{GROUP}"


def _column(name: str, path: str, kind: str, description: str, priority: int = 0) -> dict[str, Any]:
    column: dict[str, Any] = {
        "name": name,
        "type": kind,
        "jsonPath": path,
        "description": description,
    }
    return column | ({"priority": priority} if priority else {})


# A column shows one field: `98/240`, and a time that lies ahead, are strings of the status.
COLUMNS = (
    _column("State", ".status.state", "string", "Where the job is."),
    _column("Progress", ".status.progress", "integer", "Percent, weighted by frames."),
    _column("Frames", ".status.framesShown", "string", "Frames rendered, of those asked for."),
    _column("Chunks", ".status.chunksShown", "string", "Chunks wholly rendered, of all."),
    _column("Active", ".status.active", "integer", "Chunks being rendered now."),
    _column("Retries", ".status.attempts.failed", "integer", "Failures that spent a retry."),
    _column("ETA", ".status.etaShown", "string", "Time left, from the frame times so far."),
    _column("Age", ".metadata.creationTimestamp", "date", "Time since the job was made."),
    _column("Wanted", ".spec.parallelism", "integer", "Chunks at a time, at most.", 1),
    _column("Merged", ".status.result.merged", "string", "The merged file.", 1),
    _column("Error", ".status.error", "string", "One sentence, when something is wrong.", 1),
)


def crd() -> dict[str, Any]:
    """The CustomResourceDefinition of RenderJob, ready to be applied."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": NAME},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["rj"],
                "categories": ["all"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": _root()},
                    "subresources": {
                        "status": {},
                        "scale": {
                            "specReplicasPath": ".spec.parallelism",
                            "statusReplicasPath": ".status.active",
                        },
                    },
                    "additionalPrinterColumns": [dict(column) for column in COLUMNS],
                }
            ],
        },
    }


def _root() -> Schema:
    schema = RenderJob.model_json_schema(by_alias=True)
    fields, definitions = schema["properties"], schema["$defs"]
    status = structural_schema(fields["status"], definitions, Part.STATUS)
    # For kstatus and GitOps tools: a job that no operator has seen is not current.
    status["default"] = {"observedGeneration": NEVER_SEEN}
    return {
        "description": schema["description"],
        "type": "object",
        "required": ["spec"],
        # The API server checks these three itself, and forbids a schema even to describe metadata.
        "properties": {
            "apiVersion": {"type": "string", "description": fields["apiVersion"]["description"]},
            "kind": {"type": "string", "description": fields["kind"]["description"]},
            "metadata": {"type": "object"},
            "spec": structural_schema(fields["spec"], definitions),
            "status": status,
        },
        CEL: [dict(rule) for rule in schema[CEL]],
    }
