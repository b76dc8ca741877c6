"""What is known of the RenderJobs of a cluster, so that a reconciliation costs no request.

Watches report versions; reads and writes report whole resources. As many of these are kept as fit into
so much memory, however many there are and however large: the others are read again when it is their turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from renderjob.api import RenderJob
from renderjob.kube.store import Store
from renderjob.kube.versions import supersedes
from renderjob.manager import InvalidJobError
from renderjob.primitives import SizedCache

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
    spec_weight: Weight | None = None
    """Of its spec, once it was weighed, in the generation that `weighed` says."""
    weighed: int | None = None
    size: int = 0
    """Bytes of all of it as JSON, in the newest version that was seen whole."""


@dataclass(slots=True)
class _Kept:
    """A resource in the newest version that was seen whole, and what it was read as."""

    raw: Object
    """Without its spec once that was read."""
    memory: int = 0
    """Bytes, more or less."""
    job: RenderJob | None = None
    """The last reading, maybe of an older version."""
    refused: InvalidJobError | None = None

    @property
    def version(self) -> str:
        return str(self.raw["metadata"]["resourceVersion"])

    def take(self, reading: RenderJob | InvalidJobError) -> None:
        """It was read: its spec is in the job, or in nothing."""
        if isinstance(reading, InvalidJobError):
            self.job, self.refused = None, reading
        else:
            self.job, self.refused = reading, None
            self.raw = {key: value for key, value in self.raw.items() if key != "spec"}


class ResourceCache:
    """RenderJobs by uid, each in the newest version that was observed."""

    def __init__(self) -> None:
        self._entries: Store[_Entry] = Store()
        """Each with the newest version that was observed."""
        self._names: dict[tuple[str, str], str] = {}
        """The uid of the resource that has a namespace and a name now."""
        self._kept: SizedCache[str, _Kept] = SizedCache(MOST, lambda _, kept: kept.memory, newest=True)
        self._prefetched: SizedCache[str, Object] = SizedCache(
            _EARLY, lambda _, raw: weigh(raw).memory, newest=True
        )
        self.version = 0
        """Counts what was news."""

    def prefetch(self, raw: Object) -> None:
        """A resource whose version is going to be observed; it is retained until then, if that is soon."""
        self._prefetched.put(raw["metadata"]["uid"], raw)

    def observe_version(self, metadata: Mapping[str, Any]) -> bool:
        """A version of a resource exists. Whether it is newer than what was observed before."""
        prefetched = self._prefetched.get(metadata["uid"])
        self._prefetched.forget(metadata["uid"])
        news = self._is_news(metadata)
        if prefetched is not None:
            self._retain(prefetched)
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
        uid: str = metadata["uid"]
        entry, kept = self._entries.get(uid), self._kept.get(uid)
        if entry is None or (kept is not None and not supersedes(metadata["resourceVersion"], kept.version)):
            return
        slim = {**raw, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}
        if kept is None:
            kept = _Kept(slim)
        else:
            kept.raw = slim
        self._weigh(uid, entry, kept)
        entry.size += weigh(metadata.get("managedFields")).size

    def forget(self, uid: str) -> None:
        """A resource is gone; a uid never comes back."""
        entry = self._entries.remove(uid, None)
        if entry is not None:
            self.version += 1
            key = entry.identity["namespace"], entry.identity["name"]
            if self._names.get(key) == uid:
                del self._names[key]
        self._kept.forget(uid)
        self._prefetched.forget(uid)

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
        kept = self._kept.get(uid)
        return kept.raw if kept else None

    def size(self, uid: str) -> int:
        """Bytes of a resource as JSON, as it was seen last; 0 for one that never was."""
        entry = self._entries.get(uid)
        return entry.size if entry else 0

    def current(self, uid: str) -> bool:
        """Whether what is retained of a resource is the newest version that was observed."""
        kept, version = self._kept.get(uid), self._entries.version(uid)
        return kept is not None and version is not None and not supersedes(version, kept.version)

    def known(self, uid: str) -> RenderJob | None:
        """The last reading of a resource, maybe of an older version."""
        kept = self._kept.get(uid)
        return kept.job if kept else None

    def job(self, uid: str) -> RenderJob | None:
        """The job with this uid; read once for each version. None when it is not kept.

        Raises:
            InvalidJobError: its spec can't be read.
            DamagedStatusError: its status can't.
        """
        kept = self._kept.get(uid)
        if kept is None:
            return None
        if kept.job is None or kept.job.metadata.resource_version != kept.version:
            try:
                kept.take(read_job(kept.raw, kept.refused or kept.job))
            except InvalidJobError as error:
                # Without what it came from, which would be kept as long as it is.
                kept.take(InvalidJobError(error.job, error.problem))
                raise
        return kept.job

    def unread(self, uid: str) -> Object | None:
        """A resource whose manifest was never read, which may take long: `read_or_refuse` it, then `keep_reading`."""
        kept = self._kept.get(uid)
        if kept is None:
            return None
        before = kept.refused.job if kept.refused is not None else kept.job
        known = before is not None and before.metadata.generation == kept.raw["metadata"].get("generation")
        return None if known else kept.raw

    def keep_reading(self, uid: str, raw: Object, reading: RenderJob | InvalidJobError) -> None:
        """What an unread resource was found to say; it does not matter any more if there is another version by now."""
        entry, kept = self._entries.get(uid), self._kept.get(uid)
        if entry is None:
            return
        if kept is None and self._entries.version(uid) == raw["metadata"]["resourceVersion"]:
            # Meanwhile it made room for others: now it was used last.
            kept = _Kept(raw)
            self._weigh(uid, entry, kept)
        if kept is not None and kept.raw is raw:
            kept.take(reading)

    def _weigh(self, uid: str, entry: _Entry, kept: _Kept) -> None:
        """Keep a resource, and make room: what was not used for the longest time is read again when it is."""
        raw = kept.raw
        generation = raw["metadata"].get("generation")
        if entry.spec_weight is None or entry.weighed != generation:
            entry.spec_weight, entry.weighed = weigh(raw.get("spec")), generation
        rest = weigh({key: value for key, value in raw.items() if key != "spec"})
        entry.size = entry.spec_weight.size + rest.size
        # The status is kept twice: as it came, and as it was read.
        kept.memory = entry.spec_weight.memory + 2 * rest.memory
        self._kept.put(uid, kept)


def _identity(metadata: Mapping[str, Any]) -> Object:
    return {key: metadata[key] for key in ("name", "namespace", "uid") if key in metadata}
