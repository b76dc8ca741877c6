"""What is known of the RenderJobs of a cluster, so that a look at one costs no request."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from renderjob.api import RenderJob

from .resource import Object, read_job

_GRAVES = 10_000
"""Uids that are remembered as gone: an event that comes late must not bring one back."""


@dataclass(slots=True)
class _Entry:
    raw: Object
    job: RenderJob | None = None


class ResourceCache:
    """RenderJobs by uid, each in the newest version that anybody told of."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._graves: OrderedDict[str, None] = OrderedDict()
        self.version = 0
        """Counts what was news."""

    def note(self, raw: Object, *, ours: bool = False) -> bool:
        """Take in a resource. Whether it is newer than what is known; what we wrote ourselves is no news."""
        uid = raw["metadata"]["uid"]
        if uid in self._graves:
            return False
        entry = self._entries.get(uid)
        if entry is not None and not _newer(raw, entry.raw):
            return False
        kept = {**raw, "metadata": {k: v for k, v in raw["metadata"].items() if k != "managedFields"}}
        self._entries[uid] = _Entry(kept, None)
        if entry is not None and entry.job is not None:
            self._entries[uid].job = entry.job
        self.version += 1
        return not ours

    def forget(self, uid: str) -> None:
        """A resource is gone; a uid never comes back."""
        if self._entries.pop(uid, None) is not None:
            self.version += 1
        self._graves[uid] = None
        while len(self._graves) > _GRAVES:
            self._graves.popitem(last=False)

    def uids(self) -> set[str]:
        """The uids of all resources."""
        return set(self._entries)

    def raw(self, uid: str) -> Object | None:
        """A resource as the API server has it."""
        entry = self._entries.get(uid)
        return entry.raw if entry else None

    def known(self, uid: str) -> RenderJob | None:
        """The last reading of a resource, maybe of an older version."""
        entry = self._entries.get(uid)
        return entry.job if entry else None

    def job(self, uid: str) -> RenderJob | None:
        """The job with this uid; read once for each version.

        Raises:
            InvalidJobError: its spec can't be read.
        """
        entry = self._entries.get(uid)
        if entry is None:
            return None
        version = entry.raw["metadata"]["resourceVersion"]
        if entry.job is None or entry.job.metadata.resource_version != version:
            entry.job = read_job(entry.raw, entry.job)
        return entry.job


def _newer(raw: Object, than: Object) -> bool:
    """Resource versions of one resource are numbers that rise; of what is no number, the last word counts."""
    new, old = raw["metadata"]["resourceVersion"], than["metadata"]["resourceVersion"]
    if new.isdigit() and old.isdigit():
        return int(new) > int(old)
    return bool(new != old)
