"""When RenderJobs are observed again: what decides something is news at once, all else can wait for a moment."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from renderjob.kube import Event
from renderjob.manager import Listener

from .children import Children
from .diagnosis import Diagnosis
from .views import JobView, PodView

SOON = 1.0
"""Seconds within which what can wait is observed: much of it comes together."""


class News:
    """Whom to tell, and what of that can wait."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._soon: dict[str, asyncio.TimerHandle] = {}
        """RenderJobs of which there is news that can wait."""

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with a RenderJob's uid whenever it should be observed again."""
        self._listeners.append(listener)

    def notify(self, uid: str) -> None:
        """Observe a RenderJob now."""
        for listener in self._listeners:
            listener(uid)

    def notify_soon(self, uid: str) -> None:
        """Observe it within SOON."""
        if uid not in self._soon:
            self._soon[uid] = asyncio.get_running_loop().call_later(SOON, self._due, uid)

    def taken_in(self, uid: str) -> None:
        """It is observed just now, or gone: whatever news there was."""
        timer = self._soon.pop(uid, None)
        if timer is not None:
            timer.cancel()

    def _due(self, uid: str) -> None:
        self._soon.pop(uid, None)
        self.notify(uid)


class ChildNews:
    """What becomes of Jobs and pods, as news of their RenderJobs."""

    def __init__(self, children: Children, diagnosis: Diagnosis, news: News) -> None:
        self._children = children
        self._diagnosis = diagnosis
        self._news = news

    def job_changed(self, event: Event, old: JobView | None, new: JobView | None) -> None:
        """A Job was made, is another, or is gone."""
        view = new or old
        if view is None:
            return
        ours = view.uid in self._children.removed
        if event == "DELETED":
            self._children.removed.discard(view.uid)
        if event == "DELETED" or view.finished:
            self._diagnosis.refusals.ask_again(view.owner)
        if (event == "DELETED" or view.finished) and not ours:
            self._news.notify(view.owner)
        else:
            self._news.notify_soon(view.owner)

    def pod_changed(self, event: Event, old: PodView | None, new: PodView | None) -> None:
        """A pod was made, is another, or is gone."""
        if old is not None and new is not None and replace(old, version=new.version) == new:
            return
        view = new or old
        if view is None or not self._children.believed(view):
            return
        if event == "DELETED":
            self._children.disrupted.removed(view)
        ended = old is not None and not old.terminal and (new is None or new.terminal)
        if event == "DELETED" and not ended:
            return
        jobs = self._children.with_id(view.owner, view.attempt_id) if ended or event == "ADDED" else []
        if ended and not jobs:
            # Another attempt may have waited for it. Else how an attempt ends is told by its Job, after its pod.
            self._news.notify(view.owner)
            return
        if event == "ADDED":
            for job in jobs:
                self._diagnosis.controller.pod_made(job.created)
        self._news.notify_soon(view.owner)
