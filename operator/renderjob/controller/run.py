"""From settings to a running operator: our runtime beside kopf, and whatever ends one ends the other."""

from __future__ import annotations

import asyncio
import logging

import kopf

from renderjob.kube import KubeApi

from .handlers import register
from .logs import configure_logs
from .runtime import Runtime
from .settings import Settings

log = logging.getLogger(__name__)


async def run_operator(settings: Settings) -> None:
    """Run until a signal says to stop.

    Raises:
        NoClusterError: there is no cluster.
        ExceptionGroup: something broke for good; a new process begins where this one left off.
    """
    configure_logs(settings.log_format, settings.log_level)
    async with await KubeApi.connect(
        settings.kubeconfig, settings.context, agent="renderjob-operator"
    ) as api:
        runtime = Runtime(settings, api)
        where = f"namespace {settings.namespace}" if settings.namespace else "all namespaces"
        log.info("works on %s in %s", api.server, where)
        registry = kopf.OperatorRegistry()
        register(registry, runtime, api.cluster)
        listener = asyncio.create_task(
            kopf.operator(
                registry=registry,
                standalone=True,
                clusterwide=settings.namespace is None,
                namespaces=[settings.namespace] if settings.namespace else [],
            ),
            name="kopf",
        )
        ours = asyncio.create_task(runtime.run(), name="runtime")
        done, _ = await asyncio.wait({listener, ours}, return_when=asyncio.FIRST_COMPLETED)
        for task in (ours, listener):
            task.cancel()
        await asyncio.gather(ours, listener, return_exceptions=True)
        for task in done:
            task.result()
        log.info("stopped")
