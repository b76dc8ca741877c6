"""Jobs as RenderJob resources of a cluster: the API server is the store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing, nullcontext
from functools import partial
from typing import Any

from renderjob.api import GROUP, VERSION, RenderJob
from renderjob.kube import ApiError, KubeApi, KubeError, Lister, WriteLimiter, merge_diff
from renderjob.manager import (
    AlreadyExistsError,
    ConflictError,
    DamagedStatusError,
    InvalidJobError,
    Lane,
    NotFoundError,
    RepositoryError,
    TookTooLongError,
    TooLargeError,
)

from .cache import LARGE, ResourceCache
from .resource import Object, read_job, read_or_refuse, refuse, write_job
from .weight import weigh

log = logging.getLogger(__name__)

PLURAL = "renderjobs"
FIELD_MANAGER = "renderjob"

TOO_LARGE = 1 << 20
"""Bytes of a resource from which on its size is why it can't be written: by default etcd takes 1.5 MiB, of which a
request takes some, and it may be set to take less."""
HUGE = 256 << 10
"""Bytes of a resource from which on it is read alone: in memory it may have thirty times as many."""

_TOO_LONG = (
    "spec can't be read in the time that any job may take; fewer frames, ranges or listed chunks in one RenderJob "
    "cost less"
)


def collection(namespace: str | None) -> str:
    """The path of the RenderJobs of a namespace, or of all."""
    below = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/{GROUP}/{VERSION}{below}/{PLURAL}"


class CustomResourceRepository:
    """Keeps jobs as RenderJob resources.

    Every write is a merge patch of what changed, with the version that was read as its precondition. With a
    cache, which whoever watches the resources feeds through `note` and `forget`, reads cost no request; it is
    read again only after a conflict.
    """

    def __init__(
        self,
        api: KubeApi,
        *,
        namespace: str | None = None,
        limiter: WriteLimiter | None = None,
        cached: bool = False,
        lane: Lane | None = None,
    ) -> None:
        """What keeps jobs in a cluster.

        Args:
            api: the connection.
            namespace: the only one to look in; None: all.
            limiter: of writes.
            cached: whether somebody watches the resources and feeds the cache.
            lane: where manifests are read, with a cache; None reads them in place.
        """
        self._api = api
        self._limiter = limiter or WriteLimiter()
        self._cached = cached
        self._lane = lane
        self._cache = ResourceCache()
        self._lister = Lister(api, collection(namespace))
        self._alone = asyncio.Semaphore(1)
        """For a resource that may be huge while its manifest is read: a few at a time would fill the memory."""
        self.trouble = "not listed yet"
        """Why the RenderJobs could not be listed the last time; empty when they could."""

    # -- the cache --------------------------------------------------------------------------------------------

    def observe_version(self, metadata: Mapping[str, Any]) -> bool:
        """A watch reports a version of a resource, which is read when it is asked for. Whether that is news."""
        return self._cache.observe_version(metadata)

    def prefetch(self, raw: Object, size: int) -> None:
        """A watch sent a resource of so many bytes, whose version follows; a large one is not retained."""
        if size <= LARGE:
            self._cache.prefetch(raw)

    def note(self, raw: Object) -> bool:
        """Take in a resource from a watch or a list. Whether that is news."""
        return self._cache.note(raw)

    def forget(self, uid: str) -> None:
        """A watch reports that a resource is gone."""
        self._cache.forget(uid)

    async def resync(self) -> set[str]:
        """Relist. Returns the ids of the resources whose events a watch has missed.

        Raises:
            RepositoryError: they can't be read now.
        """
        before = self._cache.uids()
        there: set[str] = set()
        news: set[str] = set()
        left_out = 0
        try:
            async with aclosing(self._lister.objects()) as items:
                async for item in items:
                    try:
                        uid: str = item["metadata"]["uid"]
                        there.add(uid)
                        if self._observe_item(item):
                            news.add(uid)
                    except Exception:
                        # Whatever it is, it is this object's trouble, and no other's.
                        left_out += 1
        except KubeError as error:
            self.trouble = str(error)
            raise _error(error, "the RenderJobs") from error
        self.trouble = ""
        if left_out:
            log.warning("of the RenderJobs, %d can't be read: they have no name, uid or version", left_out)
        # Only what was known before the list began: what was made meanwhile may not be in it.
        gone = before - there
        for uid in gone:
            self.forget(uid)
        return news | gone

    def _observe_item(self, item: Object) -> bool:
        """Take in an item of a list: one that is large only by name, or a few of them would fill the memory."""
        if self._cached and weigh(item).size > LARGE:
            return self.observe_version(item["metadata"])
        return self.note(item)

    # -- JobRepository ----------------------------------------------------------------------------------------

    async def create(self, job: RenderJob) -> RenderJob:
        """Create the resource."""
        namespace = job.metadata.namespace
        body = write_job(job)
        try:
            async with self._limiter.turn(f"{namespace}/{job.metadata.name}"):
                raw = await self._api.create(collection(namespace), body, fieldManager=FIELD_MANAGER)
        except ApiError as error:
            if error.already_exists:
                raise AlreadyExistsError(f"{job.key} exists already") from error
            raise _error(error, job.key) from error
        except KubeError as error:
            raise _error(error, job.key) from error
        return self._read(raw)

    async def save(self, job: RenderJob) -> RenderJob:
        """Patch labels, annotations and what changed of the spec."""
        stored = await self._stored(job)
        before, after = stored.metadata, job.metadata
        patch: Object = {}
        if spec := merge_diff(stored.spec.to_wire(), job.spec.to_wire()):
            patch["spec"] = spec
        for name in ("labels", "annotations"):
            if changed := merge_diff(getattr(before, name), getattr(after, name)):
                patch.setdefault("metadata", {})[name] = changed
        return await self._patch(job, patch, "")

    async def save_status(self, job: RenderJob) -> RenderJob:
        """Patch what changed of the status."""
        raw = self._cache.raw(job.metadata.uid)
        before: Mapping[str, Any] = (raw or {}).get("status") or {}
        if raw is None or raw["metadata"]["resourceVersion"] != job.metadata.resource_version:
            stored = await self._fetch(job)
            before = stored.get("status") or {}
        return await self._patch(job, {"status": merge_diff(before, job.status.to_wire())}, "/status")

    async def get(self, uid: str) -> RenderJob | None:
        """The job with this id; from the cache where there is one."""
        if self._cached:
            # What is kept may make room for others while it is waited for: a job is gone only when it is not known.
            while (known := self._cache.identity(uid)) is not None:
                size = self._cache.size(uid)
                async with nullcontext() if 0 < size < HUGE else self._alone:
                    if not self._cache.current(uid):
                        await self._refresh(known)
                    await self._read_aside(uid)
                if self._cache.raw(uid) is not None:
                    break
            return self._cache.job(uid)
        raw = self._cache.identity(uid)
        if raw is None:
            await self.resync()
        else:
            await self._refresh(raw)
        return self._cache.job(uid)

    async def _read_aside(self, uid: str) -> None:
        """Read a manifest that was never read, in the lane: nobody knows how long it takes."""
        raw = self._cache.unread(uid) if self._lane is not None else None
        if self._lane is None or raw is None:
            return
        try:
            reading = await self._lane.run(uid, partial(read_or_refuse, raw), raw["metadata"]["namespace"])
        except TookTooLongError:
            reading = refuse(raw, _TOO_LONG)
        self._cache.keep_reading(uid, raw, reading)

    async def confirm(self, job: RenderJob) -> None:
        """Ask the API server whether this is the current version."""
        await self._fetch(job)

    async def find(self, namespace: str, name: str) -> RenderJob | None:
        """The job with this name."""
        try:
            raw = await self._api.get(f"{collection(namespace)}/{name}")
        except ApiError as error:
            if error.not_found:
                return None
            raise _error(error, f"{namespace}/{name}") from error
        except KubeError as error:
            raise _error(error, f"{namespace}/{name}") from error
        return self._read(raw)

    async def named(self, namespace: str, name: str) -> RenderJob | None:
        """The job with this name; from the cache where there is one."""
        if not self._cached:
            return await self.find(namespace, name)
        uid = self._cache.uid_of(namespace, name)
        return await self.get(uid) if uid is not None else None

    async def list(self) -> list[RenderJob]:
        """All jobs, the oldest first; those that can't be read are left out."""
        await self.resync()
        jobs = []
        for uid in self._cache.uids():
            try:
                job = self._cache.job(uid)
            except (InvalidJobError, DamagedStatusError):
                continue
            if job is not None:
                jobs.append(job)
        return sorted(jobs, key=lambda job: (str(job.metadata.creation_timestamp), job.key))

    def namespace_of(self, uid: str) -> str:
        """The namespace of a job that is known; empty for others."""
        known = self._cache.identity(uid)
        return str(known["metadata"]["namespace"]) if known is not None else ""

    def uids(self) -> set[str]:
        """The ids of all jobs that are known, whether or not their spec can be read."""
        return self._cache.uids()

    async def delete(self, uid: str) -> bool:
        """Delete the resource; the garbage collector deletes its children."""
        if self._cache.identity(uid) is None:
            await self.resync()
        raw = self._cache.identity(uid)
        if raw is None:
            return False
        try:
            async with self._limiter.turn(_key(raw)):
                await self._api.delete(_path(raw), uid=uid)
        except ApiError as error:
            if error.not_found or error.conflict:
                self.forget(uid)
                return False
            raise _error(error, _key(raw)) from error
        except KubeError as error:
            raise _error(error, _key(raw)) from error
        self.forget(uid)
        return True

    async def version(self) -> int:
        """Changes with every write that the cache has seen."""
        return self._cache.version

    # -- requests ---------------------------------------------------------------------------------------------

    async def _refresh(self, raw: Object) -> Object | None:
        """Read a resource anew; None when it, or the one with its uid, is gone."""
        uid = raw["metadata"]["uid"]
        try:
            fresh = await self._api.get(_path(raw))
        except ApiError as error:
            if not error.not_found:
                raise _error(error, _key(raw)) from error
            fresh = None
        except KubeError as error:
            raise _error(error, _key(raw)) from error
        if fresh is None or fresh["metadata"]["uid"] != uid:
            self.forget(uid)
            return None
        self.note(fresh)
        return fresh

    async def _fetch(self, job: RenderJob) -> Object:
        """The resource of a job as it is now.

        Raises:
            NotFoundError: it is gone.
            ConflictError: it is not the version that the job was read from.
        """
        stub = {
            "metadata": {
                "namespace": job.metadata.namespace,
                "name": job.metadata.name,
                "uid": job.metadata.uid,
            }
        }
        fresh = await self._refresh(stub)
        if fresh is None:
            raise NotFoundError(f"{job.key} is not there any more")
        if fresh["metadata"]["resourceVersion"] != job.metadata.resource_version:
            raise ConflictError(f"{job.key} was written by somebody else")
        return fresh

    async def _stored(self, job: RenderJob) -> RenderJob:
        cached = self._cache.raw(job.metadata.uid)
        if cached is None or cached["metadata"]["resourceVersion"] != job.metadata.resource_version:
            await self._fetch(job)
        try:
            stored = self._cache.job(job.metadata.uid)
        except (InvalidJobError, DamagedStatusError) as error:
            return error.job
        if stored is None:
            raise NotFoundError(f"{job.key} is not there any more")
        return stored

    async def _patch(self, job: RenderJob, patch: Object, subresource: str) -> RenderJob:
        meta = job.metadata
        body = {
            **patch,
            "metadata": {
                **patch.get("metadata", {}),
                "uid": meta.uid,
                "resourceVersion": meta.resource_version,
            },
        }
        path = f"{collection(meta.namespace)}/{meta.name}{subresource}"
        try:
            async with self._limiter.turn(job.key):
                raw = await self._api.merge_patch(path, body, fieldManager=FIELD_MANAGER)
        except ApiError as error:
            if error.not_found:
                self.forget(meta.uid)
                raise NotFoundError(f"{job.key} is not there any more") from error
            if error.conflict:
                # What the cache has is old: the next reconciliation must not decide on it again.
                await self._refresh({"metadata": meta.model_dump(by_alias=True)})
                raise ConflictError(f"{job.key} was written by somebody else") from error
            if error.status == 422 and subresource:
                raise RepositoryError(
                    f"{job.key}: the API server refuses its status; is the CustomResourceDefinition older than this "
                    f"program? apply crds/ again. It said: {error.message[:300]}"
                ) from error
            self._blame_size(job, patch, error)
            raise _error(error, job.key) from error
        except KubeError as error:
            raise _error(error, job.key) from error
        return self._read(raw)

    def _blame_size(self, job: RenderJob, patch: Object, error: ApiError) -> None:
        """An API server says 500 where its store does not take so large an object, as to any trouble of its own.

        Raises:
            TooLargeError: the object is so large that this must be the reason.
        """
        size = self._cache.size(job.metadata.uid) + weigh(patch).size
        if error.status in (413, 500) and size > TOO_LARGE:
            raise TooLargeError(
                f"{job.key}: its status can't be written: with it the RenderJob has {size >> 10} KiB, and a cluster "
                "takes about 1536 KiB; make its metadata (labels, annotations, finalizers, owners) or its spec "
                f"smaller. The API server said: {error.message[:300]}"
            ) from error

    def _read(self, raw: Object) -> RenderJob:
        self._cache.note(raw, ours=True)
        try:
            return read_job(raw, self._cache.known(raw["metadata"]["uid"]))
        except (InvalidJobError, DamagedStatusError) as error:
            # Written, all the same: what is asked next says what is wrong with it.
            return error.job


def _path(raw: Object) -> str:
    return f"{collection(raw['metadata']['namespace'])}/{raw['metadata']['name']}"


def _key(raw: Object) -> str:
    return f"{raw['metadata']['namespace']}/{raw['metadata']['name']}"


def _error(error: KubeError, what: str) -> RepositoryError:
    return RepositoryError(f"{what}: {error}")
