"""A preview out of a cluster: a short-lived pod makes it beside the frames, and its log brings it here."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, Final

from renderjob.api import RenderJob
from renderjob.cli.errors import CliError
from renderjob.cli.text import say
from renderjob.executors.kubernetes import (
    PREVIEW_CONTAINER,
    PREVIEW_DEADLINE,
    SUSPENDED,
    held_up_by,
    preview_manifest,
)
from renderjob.kube import ApiError, KubeApi, KubeError, Object

from .text import MOST, Shown, read_text

POLL = 0.5
"""Seconds between two looks at the pod."""

MOST_TEXT: Final = 2 * MOST
"""Bytes of a log that are read at most."""

BY_HAND = "where the output is mounted on this machine, --directory needs no pod"


async def show_in_cluster(api: KubeApi, job: RenderJob, request: str, image: str, patience: float) -> Shown:
    """Have a pod make what a request names.

    Args:
        api: the cluster, with the user's own rights.
        job: whose frames.
        request: what to show, packed.
        image: with renderjob in it.
        patience: seconds that the pod may take to start.

    Raises:
        CliError: it could not, and why, in the words of whoever held it up.
    """
    try:
        manifest = preview_manifest(job, request, image, secrets.token_hex(3))
    except ValueError as error:
        raise CliError(str(error)) from None
    async with _made(api, manifest) as made:
        pod = await _Pod(api, made).ended(patience)
        return await _log_of(api, pod)


@asynccontextmanager
async def _made(api: KubeApi, manifest: Object) -> AsyncIterator[Object]:
    """The Job, there until the block ends, whatever ends it."""
    path = f"/apis/batch/v1/namespaces/{manifest['metadata']['namespace']}/jobs"
    try:
        made = await api.create(path, manifest)
    except ApiError as error:
        raise CliError(f"the preview's Job can't be made: {error.message}; {BY_HAND}") from error
    try:
        yield made
    finally:
        # Should this fail, it goes by itself a minute after its end, and with the RenderJob.
        with suppress(KubeError):
            await api.delete(f"{path}/{made['metadata']['name']}", uid=made["metadata"]["uid"])


class _Pod:
    """The pod of a preview's Job, looked at until it has ended."""

    def __init__(self, api: KubeApi, job: Object) -> None:
        self._api = api
        self._job = job
        self._path = f"/api/v1/namespaces/{job['metadata']['namespace']}"
        self._told = ""

    async def ended(self, patience: float) -> Object:
        """Wait for its end.

        Raises:
            CliError: it does not start in time, or is gone, or takes too long.
        """
        clock, words, seen = asyncio.get_running_loop().time, "", False
        begun = clock()
        while True:
            pod = await self._look()
            if pod is None and seen:
                raise CliError("the preview's pod is gone before it ended: somebody removed it, or its node")
            seen = pod is not None
            if pod is not None and pod["status"].get("phase") in ("Succeeded", "Failed"):
                return pod
            if not _runs(pod):
                words = await self._held_up(pod) or words
                self._tell(words)
                if clock() - begun > patience:
                    why = words or "nobody said why"
                    raise CliError(
                        f"the preview's pod did not start within {patience:g}s (--timeout): {why}; {BY_HAND}"
                    )
            elif clock() - begun > patience + PREVIEW_DEADLINE:
                raise CliError(f"the preview's pod did not end within {PREVIEW_DEADLINE}s")
            await asyncio.sleep(POLL)

    async def _look(self) -> Object | None:
        selector = f"batch.kubernetes.io/job-name={self._job['metadata']['name']}"
        found = (await self._api.get(f"{self._path}/pods", labelSelector=selector))["items"]
        ours = [pod for pod in found if _owner_of(pod) == self._job["metadata"]["uid"]]
        return ours[0] if ours else None

    async def _held_up(self, pod: Object | None) -> str:
        """In the words of the scheduler or the kubelet; what these say in events only, and a Job's controller."""
        if pod is not None and (words := held_up_by(pod)):
            return words
        if pod is None and await self._suspended():
            return SUSPENDED.message
        uid = (pod or self._job)["metadata"]["uid"]
        try:
            found = await self._api.get(
                f"{self._path}/events", fieldSelector=f"involvedObject.uid={uid},type=Warning"
            )
        except ApiError:
            return ""
        events = sorted(found["items"], key=lambda e: e.get("lastTimestamp") or e.get("eventTime") or "")
        return f"{events[-1].get('reason', '')}: {events[-1].get('message', '')}" if events else ""

    async def _suspended(self) -> bool:
        meta = self._job["metadata"]
        path = f"/apis/batch/v1/namespaces/{meta['namespace']}/jobs/{meta['name']}"
        try:
            return bool((await self._api.get(path))["spec"].get("suspend"))
        except ApiError:
            return False

    def _tell(self, words: str) -> None:
        if words != self._told:
            self._told = words
            say(f"the preview's pod waits: {words}", file=sys.stderr)


def _owner_of(pod: Object) -> str:
    owners = pod["metadata"].get("ownerReferences") or ()
    return next((owner.get("uid", "") for owner in owners if owner.get("controller")), "")


def _runs(pod: Object | None) -> bool:
    return pod is not None and pod["status"].get("phase") == "Running"


async def _log_of(api: KubeApi, pod: Object) -> Shown:
    """What a pod that has ended handed back.

    Raises:
        CliError: it failed, or what it printed is not whole.
    """
    meta = pod["metadata"]
    if pod["status"]["phase"] == "Failed":
        raise CliError(f"the preview's pod failed: {_end_of(pod)}; {BY_HAND}")
    path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/log"
    try:
        # A stream, and no answer within the seconds of any other request: it may be megabytes.
        async with aclosing(
            api.stream(path, idle=30, container=PREVIEW_CONTAINER, limitBytes=MOST_TEXT)
        ) as log:
            lines = [line async for line in log]
        return read_text(b"\n".join(lines).decode(errors="replace"))
    except ValueError as error:
        raise CliError(f"the log of the preview's pod can't be used: {error}; {BY_HAND}") from None
    except ApiError as error:
        raise CliError(f"the log of the preview's pod can't be read: {error.message}; {BY_HAND}") from error


def _end_of(pod: Object) -> str:
    statuses: list[dict[str, Any]] = pod["status"].get("containerStatuses") or []
    ends = [s["state"]["terminated"] for s in statuses if "terminated" in s.get("state", {})]
    ended: dict[str, Any] = ends[0] if ends else {}
    said = (ended.get("message") or pod["status"].get("message") or "").strip().removeprefix("error: ")
    reason = ended.get("reason") or pod["status"].get("reason") or ""
    if reason in ("", "Error") and said:
        return said
    code = f"exit code {ended['exitCode']}" if "exitCode" in ended else ""
    return ": ".join(filter(None, (reason, said or code))) or "it did not say why"
