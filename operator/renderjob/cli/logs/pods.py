"""Logs of pods: there as long as the pod is, read whole or from their end, and followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from renderjob.api.frames import MAX_FRAMES
from renderjob.cli.errors import CliError
from renderjob.executors.kubernetes import (
    ANNOTATION_FRAMES,
    LABEL_ATTEMPT,
    LABEL_CHUNK,
    LABEL_KIND,
    LABEL_UID,
    JobView,
    PodView,
    our_jobs,
    our_pods,
    read_job_view,
    read_pod_view,
)
from renderjob.frames import FrameSet
from renderjob.kube import ApiError, KubeApi, Object

_POLL = 1.0
"""Seconds between two looks whether a pod has begun."""


@dataclass(frozen=True)
class PodLog:
    """The log of one attempt's pod."""

    api: KubeApi
    pod: PodView
    container: str
    chunk: int | None
    attempt: int
    frames: FrameSet

    @property
    def id(self) -> int:
        """The attempt's id."""
        return self.pod.attempt_id

    @property
    def ends(self) -> tuple[int, int] | None:
        """The first and the last frame; None for the merge."""
        return None if self.chunk is None or not self.frames else (self.frames.first, self.frames.last)

    def holds(self, frame: int) -> bool:
        """Whether it is of this frame; a merge is of none."""
        return self.chunk is not None and frame in self.frames

    async def read(self, *, follow: bool, tail: int | None) -> AsyncGenerator[bytes]:
        """Its lines; with `follow`, a pod that has not begun is waited for.

        Raises:
            CliError: there is nothing to read, and why.
        """
        if follow:
            await self._begun()
        path = f"/api/v1/namespaces/{self.pod.namespace}/pods/{self.pod.name}/log"
        lines = self.api.stream(path, container=self.container, follow=follow, tailLines=tail)
        try:
            async with aclosing(lines):
                async for line in lines:
                    yield line + b"\n"
        except ApiError as error:
            why = self.pod.waiting.message if self.pod.waiting else error.message
            raise CliError(f"pod {self.pod.name} has no log to read: {why}") from error

    async def _begun(self) -> None:
        path = f"/api/v1/namespaces/{self.pod.namespace}/pods/{self.pod.name}"
        while (view := read_pod_view(await self.api.get(path))) is not None:
            if view.started is not None or view.terminal:
                return
            await asyncio.sleep(_POLL)


async def pod_logs(api: KubeApi, namespace: str, uid: str) -> list[PodLog]:
    """The logs of a RenderJob's chunks and merges, as far as their pods are there; the oldest attempt first.

    Pods that only have its labels are not among them.

    Raises:
        KubeError: the pods can't be listed.
    """
    jobs = await _jobs(api, namespace, uid)
    logs = []
    path = f"/api/v1/namespaces/{namespace}/pods"
    async with aclosing(api.list_pages(path, labelSelector=f"{LABEL_UID}={uid}")) as pages:
        async for page in pages:
            found = [log for item in page["items"] if (log := _log(api, item)) is not None]
            logs += [log for log in found if our_pods(uid, namespace, jobs, (log.pod,))]
    # Of one attempt, a pod that was evicted has a successor.
    return sorted(logs, key=lambda log: (log.id, log.pod.created))


async def _jobs(api: KubeApi, namespace: str, uid: str) -> list[JobView]:
    """A RenderJob's own Jobs; none for who may not see Jobs: their names are all that tells then."""
    views: list[JobView | None] = []
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    with suppress(ApiError):
        async with aclosing(api.list_pages(path, labelSelector=f"{LABEL_UID}={uid}")) as pages:
            async for page in pages:
                views += [read_job_view(item) for item in page["items"]]
    return our_jobs(uid, namespace, [view for view in views if view is not None])


def _log(api: KubeApi, raw: Object) -> PodLog | None:
    view, labels = read_pod_view(raw), raw["metadata"].get("labels") or {}
    kind = labels.get(LABEL_KIND)
    if view is None or kind not in ("render", "merge", "check"):
        return None
    return PodLog(
        api=api,
        pod=view,
        container=view.container,
        chunk=int(labels.get(LABEL_CHUNK, 0)) if kind == "render" else None,
        attempt=int(labels.get(LABEL_ATTEMPT, 1)),
        frames=_frames(raw),
    )


def _frames(raw: Mapping[str, Any]) -> FrameSet:
    # An annotation that was cut ends in the middle of a range: what stands before it is so.
    text = (raw["metadata"].get("annotations") or {}).get(ANNOTATION_FRAMES, "")
    whole = text if not text.endswith("…") else text.rpartition(",")[0]
    try:
        return FrameSet.parse_at_most(whole, MAX_FRAMES)
    except ValueError:
        return FrameSet()
