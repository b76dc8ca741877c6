"""Places: where a user finds a job and what it made, and with which commands they get on with it."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Protocol

from renderjob.api import Reason

from .where import BACKEND, PLUGIN, Where

if TYPE_CHECKING:
    from renderjob.api import RenderJob


class Place(Protocol):
    """Here, or a cluster."""

    cluster: bool
    """Whether something works on jobs here all the time."""
    here: str
    """Where that is, in words."""
    retained_logs: str
    """Which logs there are not any more."""

    def elsewhere(self) -> str:
        """A hint that a job may be in another place, where one may well have meant that."""

    def command(self, *words: str, job: RenderJob | None = None) -> str:
        """A command line; with a job, one that finds it."""

    def reference(self, job: RenderJob) -> str:
        """What names a job in a command: its name, with its namespace where that is not the usual one."""

    def begin(self) -> str:
        """The command that brings a first job here."""

    def go_on(self, job: RenderJob) -> str:
        """The command by which a job that stands still, or has failed, goes on."""

    def again(self, job: RenderJob) -> str:
        """The command by which a job renders again what failed of it, in any state."""

    def output(self, job: RenderJob) -> str:
        """The directory of its frames; empty where the manifest names none."""

    def merged(self, job: RenderJob) -> str:
        """Its merged file; empty when there is none."""


def verb_of(job: RenderJob) -> str:
    """The verb by which a job goes on that was stopped, or has stopped by itself."""
    if any(c.reason == Reason.AWAITING_APPROVAL and c.status == "True" for c in job.status.conditions):
        return "approve"
    return {"Failed": "retry", "Cancelled": "resume", "Suspended": "resume"}.get(
        job.status.state.value, "run"
    )


class LocalPlace:
    """Here: this machine, with one of its stores."""

    cluster = False
    here = "here"
    retained_logs = "of attempts that printed nothing, none is kept"

    def __init__(self, where: Where) -> None:
        self._where = where

    def command(self, *words: str, job: RenderJob | None = None) -> str:
        """`renderjob …`, with the store where it is not the user's own."""
        del job
        from renderjob.executors.local import Store

        store, options = self._where.store.root, []
        if words[0] != "run" and (self._where.program == PLUGIN or os.environ.get(BACKEND) == "cluster"):
            options.append("--local")
        if store != Store.default().root:
            options += ["--store", str(store)]
        return f"{self._where.program} {shlex.join([*words, *options])}"

    def elsewhere(self) -> str:
        """`renderjob` alone does not look into a cluster."""
        return "" if self._where.program == PLUGIN else " (of a cluster, with --cluster)"

    def reference(self, job: RenderJob) -> str:
        """Names of all namespaces are looked for here."""
        meta = job.metadata
        return meta.name if meta.namespace == "default" else job.key

    def begin(self) -> str:
        """`run` renders here."""
        return self.command("run", "FILE")

    def go_on(self, job: RenderJob) -> str:
        """The verb, and somebody has to run it, too."""
        verb, name = verb_of(job), self.reference(job)
        return self.command("run", name) if verb == "run" else self.command(verb, name, "--run")

    def again(self, job: RenderJob) -> str:
        """Somebody has to run it, too."""
        return self.command("retry", self.reference(job), "--run")

    def output(self, job: RenderJob) -> str:
        """A path of this machine."""
        from renderjob.executors.local import output_directory

        return str(output_directory(job) or "")

    def merged(self, job: RenderJob) -> str:
        """A path of this machine."""
        from renderjob.executors.local import Mounts, directory_of

        merged = job.status.result.merged
        return str(directory_of(job) / Mounts.of(job).translate(merged)) if merged else ""


class ClusterPlace:
    """A cluster; paths are as its containers see them."""

    cluster = True
    retained_logs = "they go with their pods: those of chunks that succeeded are removed"

    def __init__(self, where: Where, namespace: str | None, usual: str) -> None:
        """`namespace` is what the command looks in (None: all), `usual` what one means that names none."""
        self._where = where
        self._usual = usual
        self.here = f"in the namespace {namespace}" if namespace else "in the cluster"

    def elsewhere(self) -> str:
        """There is nothing to add: the command said that it means the cluster."""
        return ""

    def command(self, *words: str, job: RenderJob | None = None) -> str:
        """`kubectl renderjob …` where it was called so, else `renderjob …`; with the namespace if need be."""
        where, options = self._where, []
        if job is not None and job.metadata.namespace != self._usual:
            options += ["-n", job.metadata.namespace]
        if where.context is not None:
            options += ["--context", where.context]
        if where.kubeconfig is not None:
            options += ["--kubeconfig", where.kubeconfig]
        known = where.program == PLUGIN or where.context is not None or where.kubeconfig is not None
        if not known and words[0] != "submit" and os.environ.get(BACKEND) != "cluster":
            options.append("--cluster")
        return f"{where.program} {shlex.join([*words, *options])}"

    def reference(self, job: RenderJob) -> str:
        """Its namespace is an option of the command."""
        return job.metadata.name

    def begin(self) -> str:
        """`submit` brings it to the cluster."""
        return self.command("submit", "FILE")

    def go_on(self, job: RenderJob) -> str:
        """The verb alone: somebody works on it."""
        return self.command(verb_of(job), job.metadata.name, job=job)

    def again(self, job: RenderJob) -> str:
        """The verb alone: somebody works on it."""
        return self.command("retry", job.metadata.name, job=job)

    def output(self, job: RenderJob) -> str:
        """As its containers see it."""
        return job.status.result.output or (job.spec.output.path if job.spec.output else "")

    def merged(self, job: RenderJob) -> str:
        """As its containers see it."""
        return job.status.result.merged
