"""Actor: makes, ends and deletes the Jobs of attempts.

An attempt's Job has a name that nothing else can have, so creating it twice is harmless.
"""

from __future__ import annotations

import logging

from renderjob.api import Reason, RenderJob
from renderjob.core import Action, Attempt, Forget, Refusal, Start, Stop
from renderjob.kube import ApiError, KubeApi, KubeError, Object, WriteLimiter
from renderjob.manager import ExecutorError

from .children import Children, our_jobs
from .diagnosis import Diagnosis, no_pod, refusal_of
from .manifests import job_manifest, plain_job
from .names import child_name
from .news import ChildNews, News
from .views import JobView, read_job_view

log = logging.getLogger(__name__)


class Actor:
    """Acts; each write is harmless when it is repeated."""

    def __init__(
        self,
        api: KubeApi,
        limiter: WriteLimiter,
        image: str,
        children: Children,
        diagnosis: Diagnosis,
        news: News,
        child_news: ChildNews,
    ) -> None:
        """`image` is that of our own pods."""
        self._api = api
        self._limiter = limiter
        self._image = image
        self._children = children
        self._diagnosis = diagnosis
        self._news = news
        self._child_news = child_news

    async def act(self, job: RenderJob, action: Action) -> None:
        """Do one thing.

        Raises:
            ExecutorError: it did not work now.
        """
        uid = job.metadata.uid
        match action:
            case Start(attempt):
                await self._start(job, attempt)
            case Stop(id=id_, reason=reason):
                for view in self._children.with_id(uid, id_):
                    if view.deleting or view.uid in self._children.removed:
                        continue
                    if reason.free:
                        await self._delete(job, view, "Foreground")
                    else:
                        await self._end(job, view)
            case Forget(id=id_):
                for view in self._children.with_id(uid, id_):
                    await self._delete(job, view, "Background")

    async def _start(self, job: RenderJob, attempt: Attempt) -> None:
        uid, refusals = job.metadata.uid, self._diagnosis.refusals
        if refusals.waits(uid) or self._children.with_id(uid, attempt.id):
            return
        try:
            manifest = job_manifest(job, attempt, self._image)
        except ValueError as error:
            self._diagnosis.refused(uid, Refusal(Reason.INVALID_TEMPLATE, str(error)))
            return
        except Exception as error:
            # The template is the user's and may hold anything: what no pod can be made of is told like what the
            # API server refuses.
            log.warning("no pod can be made for %s: %s: %s", job.key, type(error).__name__, error)
            self._diagnosis.refused(uid, await self._what_the_server_says(job, attempt) or no_pod(error))
            return
        try:
            async with refusals.asking(uid), self._limiter.turn(job.key):
                if refusals.waits(uid):
                    return
                raw = await self._api.create(_path(job.metadata.namespace), manifest)
        except ApiError as error:
            if error.already_exists:
                await self._adopt(job, attempt)
            elif error.permanent:
                self._diagnosis.refused(uid, refusal_of(error))
            else:
                raise _not_now(manifest["metadata"]["name"], "created", error) from error
            return
        except KubeError as error:
            raise _not_now(manifest["metadata"]["name"], "created", error) from error
        self._started(uid, raw)

    async def _what_the_server_says(self, job: RenderJob, attempt: Attempt) -> Refusal | None:
        """Why the API server would refuse the template as it stands, in its words; None: it would not, or is away."""
        try:
            await self._api.create(_path(job.metadata.namespace), plain_job(job, attempt), dryRun="All")
        except ApiError as error:
            return refusal_of(error) if error.permanent else None
        except KubeError:
            return None
        return None

    async def _adopt(self, job: RenderJob, attempt: Attempt) -> None:
        """A Job of this name is there: ours, if its owner and its attempt say so; else somebody else's."""
        name, uid = child_name(job, attempt), job.metadata.uid
        try:
            raw = await self._api.get(_path(job.metadata.namespace, name))
        except KubeError as error:
            raise ExecutorError(f"Job {name} is there and can't be read: {error}") from error
        view = read_job_view(raw)
        ours = view is not None and our_jobs(uid, job.metadata.namespace, (view,))
        if view is not None and ours and view.attempt_id == attempt.id:
            self._started(uid, raw)
            return
        sentence = (
            f"a Job {name} that is not this RenderJob's is in the way: delete it, or rename the RenderJob"
        )
        self._diagnosis.refused(uid, Refusal(Reason.NAME_CONFLICT, sentence))

    def _started(self, uid: str, raw: Object) -> None:
        self._note(raw)
        self._diagnosis.accepted(uid)

    async def _delete(self, job: RenderJob, view: JobView, propagation: str) -> None:
        removed = self._children.removed
        if view.uid in removed:
            return
        if propagation == "Background":
            # It has ended: from here on it is not observed any more. One that still runs is until it is gone.
            removed.add(view.uid)
        try:
            async with self._limiter.turn(job.key):
                path = _path(view.namespace, view.name)
                await self._api.delete(path, uid=view.uid, propagation=propagation)
        except ApiError as error:
            if error.not_found or error.conflict:
                # The watch may tell of it later, and then that is no news.
                self._children.note_deleted(view)
                self._child_news.job_changed("DELETED", view, None)
                return
            removed.discard(view.uid)
            raise _not_now(view.name, "deleted", error) from error
        except KubeError as error:
            removed.discard(view.uid)
            raise _not_now(view.name, "deleted", error) from error

    async def _end(self, job: RenderJob, view: JobView) -> None:
        """Have the Job controller end it and keep what it left: it took too long, or hangs."""
        body = {"metadata": {"uid": view.uid}, "spec": {"activeDeadlineSeconds": 1}}
        try:
            async with self._limiter.turn(job.key):
                raw = await self._api.merge_patch(_path(view.namespace, view.name), body)
        except ApiError as error:
            if not (error.not_found or error.conflict):
                raise _not_now(view.name, "stopped", error) from error
        except KubeError as error:
            raise _not_now(view.name, "stopped", error) from error
        else:
            self._note(raw)

    def _note(self, raw: Object) -> None:
        """Take in the answer to a write. When the watch tells of the same, that is no news."""
        view = self._children.note(raw)
        if view is not None and view.finished:
            self._news.notify(view.owner)


def _path(namespace: str, name: str = "") -> str:
    return f"/apis/batch/v1/namespaces/{namespace}/jobs" + (f"/{name}" if name else "")


def _not_now(name: str, what: str, error: KubeError) -> ExecutorError:
    return ExecutorError(f"Job {name} can't be {what} now: {error}")
