"""A manifest comes to a cluster as `kubectl apply` brings it: both may be used on one resource, in any order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from renderjob.kube import ApiError, KubeApi, Object
from renderjob.kube.mergepatch import three_way
from renderjob.repositories.custom_resource import FIELD_MANAGER, collection

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""Where kubectl notes what it applied, so that it can tell what was taken out of a manifest since."""

MOST_NOTED = 256 * 1024 - 1024
"""Bytes of annotations that the API server takes, but for some room for others."""

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""How Go's JSON differs from Python's: kubectl compares the text."""


@dataclass(frozen=True)
class Brought:
    """A resource before and after a manifest was brought to it."""

    before: Object | None
    """None: there was none."""
    after: Object
    noted: bool = True
    """Whether what was applied could be noted; else what is taken out of the manifest later stays."""

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        versions = [r["metadata"].get("resourceVersion") for r in (self.before, self.after) if r]
        return self.before is None or len(set(versions)) > 1


async def bring(api: KubeApi, manifest: Mapping[str, Any], namespace: str, *, dry_run: bool) -> Brought:
    """Create the resource, or edit the one of its name: no field is touched that no manifest has named.

    Args:
        api: the connection.
        manifest: as its user wrote it.
        namespace: the one to bring it to.
        dry_run: the API server checks all of it and keeps none.

    Raises:
        KubeError: refused, or no answer.
    """
    resource = _resource(manifest, namespace)
    name, annotations = resource["metadata"]["name"], resource["metadata"].setdefault("annotations", {})
    note = _go_json(resource) + "\n"
    noted = len(note.encode()) + sum(len(k) + len(v) for k, v in annotations.items()) <= MOST_NOTED
    if noted:
        annotations[LAST_APPLIED] = note
    options = {
        "fieldManager": FIELD_MANAGER,
        "fieldValidation": "Strict",
        "dryRun": "All" if dry_run else None,
    }
    while True:
        before = await _find(api, namespace, name)
        if before is not None:
            patch = three_way(_applied(before), resource, before)
            path = f"{collection(namespace)}/{name}"
            after = await api.merge_patch(path, patch, **options) if patch else before
            return Brought(before, after, noted)
        try:
            return Brought(None, await api.create(collection(namespace), resource, **options), noted)
        except ApiError as error:
            if not error.already_exists:
                raise


def _resource(manifest: Mapping[str, Any], namespace: str) -> Object:
    """What of a manifest is its user's to say."""
    metadata = manifest["metadata"]
    kept = {key: metadata[key] for key in ("name", "labels") if metadata.get(key) is not None}
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k != LAST_APPLIED}
    return {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "metadata": {**kept, "annotations": annotations, "namespace": namespace},
        "spec": manifest["spec"],
    }


async def _find(api: KubeApi, namespace: str, name: str) -> Object | None:
    try:
        return await api.get(f"{collection(namespace)}/{name}")
    except ApiError as error:
        if error.not_found and error.details.get("kind"):
            return None
        raise


def _applied(resource: Object) -> Object:
    """What was applied last, as far as that was noted."""
    try:
        noted = json.loads((resource["metadata"].get("annotations") or {}).get(LAST_APPLIED, "{}"))
    except ValueError:
        return {}
    return noted if isinstance(noted, dict) else {}


def _go_json(value: Object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return text
