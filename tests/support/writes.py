"""What an API server makes of a write: which fields are its own, what a status subresource leaves alone, and when an
object is of another generation. `test_fake_api.py` and `test_api_server.py` hold the fake one and a real one to it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any, Final

Object = dict[str, Any]

RENDERJOBS: Final = "apis/renderjob.dev/v1alpha1/renderjobs"
_WITH_STATUS: Final = {RENDERJOBS, "apis/batch/v1/jobs"}
"""Collections whose status is a resource of its own, and whose objects have a generation."""
_OWN: Final = ("uid", "creationTimestamp", "deletionTimestamp", "generation", "resourceVersion")
"""Fields of the metadata that the server sets."""
_IMMUTABLE: Final = ("uid", "creationTimestamp", "name", "namespace")


class RefusedError(Exception):
    """A write is not carried out."""

    def __init__(self, code: int, reason: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.causes = [{"reason": "FieldValueInvalid", "field": field, "message": message}] if field else []


def created(collection: str, body: Object, namespace: str) -> Object:
    """A new object as it is stored; the server numbers its version."""
    asked = {key: value for key, value in body["metadata"].items() if key not in _OWN}
    metadata = {
        **asked,
        "namespace": namespace,
        "uid": str(uuid.uuid4()),
        "creationTimestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if collection not in _WITH_STATUS:
        return {**body, "metadata": metadata}
    return {**_without_status(body), "metadata": {**metadata, "generation": 1}}


def updated(collection: str, old: Object, new: Object, subresource: str | None, *, put: bool) -> Object:
    """An object after a write by which it would be `new`; equal to `old` where that changes nothing.

    Raises:
        RefusedError: it was meant for another object, or another version of it.
    """
    _check_version(collection, old["metadata"], new["metadata"], put=put)
    if subresource == "status":
        return {**_without_status(old), **({"status": new["status"]} if "status" in new else {})}
    for field in _IMMUTABLE:
        if new["metadata"].get(field) not in (None, old["metadata"].get(field)):
            raise RefusedError(422, "Invalid", f"metadata.{field}: field is immutable", f"metadata.{field}")
    own = {key: old["metadata"][key] for key in _OWN if key in old["metadata"]}
    metadata = {**new["metadata"], **own}
    if collection not in _WITH_STATUS:
        return {**new, "metadata": metadata}
    if _content(new) != _content(old):
        metadata["generation"] = metadata.get("generation", 0) + 1
    status = {"status": old["status"]} if "status" in old else {}
    return {**_without_status(new), **status, "metadata": metadata}


def replaced(collection: str, old: Object | None, new: Object, namespace: str) -> Object:
    """An object as whoever may write all of it at once leaves it; its metadata's fields are as they are given."""
    fresh = created(collection, new, namespace)
    metadata = fresh["metadata"]
    if old is not None:
        metadata |= {
            key: old["metadata"][key]
            for key in ("uid", "creationTimestamp", "generation")
            if key in old["metadata"]
        }
        if "generation" in metadata and _content(new) != _content(old):
            metadata["generation"] += 1
    return {**new, "metadata": {**metadata, **new["metadata"]}}


def _check_version(collection: str, old: Object, asked: Object, *, put: bool) -> None:
    if put and asked.get("uid", old["uid"]) != old["uid"]:
        raise RefusedError(409, "Conflict", "Precondition failed: UID in precondition")
    if put and collection == RENDERJOBS and not asked.get("resourceVersion"):
        field = "metadata.resourceVersion"
        raise RefusedError(422, "Invalid", f"{field}: must be specified for an update", field)
    if asked.get("resourceVersion") not in (None, old["resourceVersion"]):
        raise RefusedError(409, "Conflict", "the object has been modified")


def _content(thing: Object) -> Object:
    """What a generation counts the changes of."""
    return {key: value for key, value in thing.items() if key not in ("metadata", "status")}


def _without_status(thing: Object) -> Object:
    return {key: value for key, value in thing.items() if key != "status"}
