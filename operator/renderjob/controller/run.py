"""From settings to a running operator: our runtime beside kopf, and whatever ends one ends the other."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import Any

from renderjob.kube import KubeApi

from .definition import until_defined
from .kopf_adapter import heed_signals, watch_renderjobs
from .logs import configure_logs
from .runtime import Runtime
from .settings import Settings

log = logging.getLogger(__name__)


async def run_operator(settings: Settings) -> None:
    """Run until a signal says to stop.

    Raises:
        NoClusterError: there is no cluster.
        BrokenOffError: kopf ended; a new process begins where this one left off.
        ExceptionGroup: something broke for good; a new process begins where this one left off.
    """
    configure_logs(settings.log_format, settings.log_level)
    # What is loaded stays for good: the collector need not go through it, for tens of milliseconds, again and again.
    gc.freeze()
    async with await KubeApi.connect(
        settings.kubeconfig, settings.context, agent="renderjob-operator"
    ) as api:
        runtime = Runtime(settings, api)
        where = f"namespace {settings.namespace}" if settings.namespace else "all namespaces"
        log.info("works on %s in %s", api.server, where)
        stop, ready = asyncio.Event(), asyncio.Event()
        signals = asyncio.create_task(heed_signals(stop, ready), name="signals")
        stopped = asyncio.create_task(stop.wait(), name="stop")
        watch = asyncio.create_task(_watch(settings, api, runtime, ready), name="kopf")
        ours = asyncio.create_task(runtime.run(), name="runtime")
        try:
            done, _ = await asyncio.wait({stopped, watch, ours}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Ours first: the lease is given back while there still is a connection.
            task: asyncio.Task[Any]
            for task in (ours, watch, stopped, signals):
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        for task in done:
            task.result()
        log.info("stopped")


async def _watch(settings: Settings, api: KubeApi, runtime: Runtime, ready: asyncio.Event) -> None:
    """Have kopf watch RenderJobs, as soon as there is a definition of them."""
    await until_defined(api)
    await watch_renderjobs(api.cluster, runtime, settings.namespace, ready)
