"""What is known of the RenderJobs of a cluster, so that a reconciliation costs no request.

Watches report versions; reads and writes report whole resources. As many of these are kept as fit into
so much memory, however many there are and however large: the others are read again when it is their turn.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from renderjob.api import RenderJob
from renderjob.kube.store import Store
from renderjob.kube.versions import supersedes
from renderjob.manager import InvalidJobError

from .resource import Object, read_job
from .weight import Weight, weigh

LARGE = 32 << 10
"""Bytes, as JSON, from which on a resource is not retained when a watch or list sends it, but when it is asked for."""
MOST = 32 << 20
"""Bytes of memory for the resources that are kept."""

_EARLY = 4 << 20
"""Bytes of memory for resources that a watch has sent, and that are retained until kopf reports their versions."""


@dataclass(slots=True)
class _Entry:
    identity: Object
    """Its metadata, as far as it takes to ask for it."""
    raw: Object | None = None
    """The newest version that is kept; without its spec once that was read."""
    job: RenderJob | None = None
    refused: InvalidJobError | None = None
    spec_weight: Weight | None = None
    """Of its spec, once it was weighed, in the generation that `weighed` says."""
    weighed: int | None = None
    size: int = 0
    """Bytes of all of it as JSON, in the newest version that was seen whole."""


class ResourceCache:
    """RenderJobs by uid, each in the newest version that was observed."""

    def __init__(self) -> None:
        self._entries: Store[_Entry] = Store()
        """Each with the newest version that was observed."""
        self._names: dict[tuple[str, str], str] = {}
        """The uid of the resource that has a namespace and a name now."""
        self._weights: OrderedDict[str, int] = OrderedDict()
        """Of the resources that are kept, the least lately used first."""
        self._total = 0
        self._prefetched: OrderedDict[str, tuple[Object, int]] = OrderedDict()
        """With their weights, the first that was seen first."""
        self.version = 0
        """Counts what was news."""

    def prefetch(self, raw: Object) -> None:
        """A resource whose version is going to be observed; it is retained until then, if that is soon."""
        uid = raw["metadata"]["uid"]
        self._prefetched.pop(uid, None)
        self._prefetched[uid] = raw, weigh(raw).memory
        while len(self._prefetched) > 1 and sum(size for _, size in self._prefetched.values()) > _EARLY:
            self._prefetched.popitem(last=False)

    def observe_version(self, metadata: Mapping[str, Any]) -> bool:
        """A version of a resource exists. Whether it is newer than what was observed before."""
        prefetched = self._prefetched.pop(metadata["uid"], None)
        news = self._is_news(metadata)
        if prefetched is not None:
            self._retain(prefetched[0])
        return news

    def _is_news(self, metadata: Mapping[str, Any]) -> bool:
        uid, version = metadata["uid"], metadata["resourceVersion"]
        if not self._entries.accepts(uid, version):
            return False
        entry = self._entries.get(uid)
        if entry is None:
            entry = _Entry(_identity(metadata))
            self._names[metadata["namespace"], metadata["name"]] = uid
        self._entries.put(uid, version, entry)
        self.version += 1
        return True

    def note(self, raw: Object, *, ours: bool = False) -> bool:
        """Take in a resource. Whether it is newer than what is known; what we wrote ourselves is no news."""
        if "resourceVersion" not in raw["metadata"]:
            return False  # the answer to a dry run: there is no such resource
        news = self._is_news(raw["metadata"])
        self._retain(raw)
        return news and not ours

    def _retain(self, raw: Object) -> None:
        """Keep a resource, unless a newer version of it is kept."""
        metadata = raw["metadata"]
        uid, version = metadata["uid"], metadata["resourceVersion"]
        entry = self._entries.get(uid)
        if entry is None:
            return
        if entry.raw is None or supersedes(version, entry.raw["metadata"]["resourceVersion"]):
            kept = {key: value for key, value in metadata.items() if key != "managedFields"}
            entry.raw = {**raw, "metadata": kept}
            self._weigh(uid, entry)
            entry.size += weigh(metadata.get("managedFields")).size

    def forget(self, uid: str) -> None:
        """A resource is gone; a uid never comes back."""
        entry = self._entries.remove(uid, None)
        if entry is not None:
            self.version += 1
            key = entry.identity["namespace"], entry.identity["name"]
            if self._names.get(key) == uid:
                del self._names[key]
        self._evict(uid)
        self._prefetched.pop(uid, None)

    def uid_of(self, namespace: str, name: str) -> str | None:
        """The uid of the resource with this name."""
        return self._names.get((namespace, name))

    def uids(self) -> set[str]:
        """The uids of all resources."""
        return self._entries.uids()

    def identity(self, uid: str) -> Object | None:
        """A resource without all but what it takes to ask for it."""
        entry = self._entries.get(uid)
        return {"metadata": entry.identity} if entry else None

    def raw(self, uid: str) -> Object | None:
        """A resource as the API server has it, maybe of an older version, and without its spec; None: not kept."""
        entry = self._entries.get(uid)
        return entry.raw if entry else None

    def size(self, uid: str) -> int:
        """Bytes of a resource as JSON, as it was seen last; 0 for one that never was."""
        entry = self._entries.get(uid)
        return entry.size if entry else 0

    def current(self, uid: str) -> bool:
        """Whether what is retained of a resource is the newest version that was observed."""
        entry, version = self._entries.get(uid), self._entries.version(uid)
        if entry is None or entry.raw is None or version is None:
            return False
        return not supersedes(version, entry.raw["metadata"]["resourceVersion"])

    def known(self, uid: str) -> RenderJob | None:
        """The last reading of a resource, maybe of an older version."""
        entry = self._entries.get(uid)
        return entry.job if entry else None

    def job(self, uid: str) -> RenderJob | None:
        """The job with this uid; read once for each version. None when it is not kept.

        Raises:
            InvalidJobError: its spec can't be read.
            DamagedStatusError: its status can't.
        """
        entry = self._entries.get(uid)
        if entry is None or entry.raw is None:
            return None
        if uid in self._weights:
            self._weights.move_to_end(uid)
        version = entry.raw["metadata"]["resourceVersion"]
        if entry.job is None or entry.job.metadata.resource_version != version:
            try:
                entry.job, entry.refused = read_job(entry.raw, entry.refused or entry.job), None
            except InvalidJobError as error:
                entry.job, entry.refused = None, InvalidJobError(error.job, error.problem)
                raise
            # It is in the job now.
            entry.raw = {key: value for key, value in entry.raw.items() if key != "spec"}
        return entry.job

    def unread(self, uid: str) -> Object | None:
        """A resource whose manifest was never read, which may take long: `read_or_refuse` it, then `keep_reading`."""
        entry = self._entries.get(uid)
        if entry is None or entry.raw is None:
            return None
        before = entry.refused.job if entry.refused is not None else entry.job
        known = before is not None and before.metadata.generation == entry.raw["metadata"].get("generation")
        return None if known else entry.raw

    def keep_reading(self, uid: str, raw: Object, reading: RenderJob | InvalidJobError) -> None:
        """What an unread resource was found to say; it does not matter any more if there is another version by now."""
        entry = self._entries.get(uid)
        if (
            entry is not None
            and entry.raw is None
            and self._entries.version(uid) == raw["metadata"]["resourceVersion"]
        ):
            # Meanwhile it made room for others: now it was used last.
            entry.raw = raw
            self._weigh(uid, entry)
        if entry is None or entry.raw is not raw:
            return
        if isinstance(reading, InvalidJobError):
            entry.job, entry.refused = None, reading
        else:
            entry.job, entry.refused = reading, None
            entry.raw = {key: value for key, value in raw.items() if key != "spec"}

    def _weigh(self, uid: str, entry: _Entry) -> None:
        """Make room: what was not used for the longest time is read again when it is."""
        raw = entry.raw or {}
        generation = raw.get("metadata", {}).get("generation")
        if entry.spec_weight is None or entry.weighed != generation:
            entry.spec_weight, entry.weighed = weigh(raw.get("spec")), generation
        rest = weigh({key: value for key, value in raw.items() if key != "spec"})
        entry.size = entry.spec_weight.size + rest.size
        self._evict(uid)
        # The status is kept twice: as it came, and as it was read.
        self._weights[uid] = entry.spec_weight.memory + 2 * rest.memory
        self._total += self._weights[uid]
        while len(self._weights) > 1 and self._total > MOST:
            other = next(iter(self._weights))
            self._evict(other)
            kept = self._entries.get(other)
            if kept is None:
                continue
            # A refusal has all of the metadata and the status.
            kept.raw = kept.job = kept.refused = None

    def _evict(self, uid: str) -> None:
        self._total -= self._weights.pop(uid, 0)


def _identity(metadata: Mapping[str, Any]) -> Object:
    return {key: metadata[key] for key in ("name", "namespace", "uid") if key in metadata}
