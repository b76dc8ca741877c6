"""From settings to a running operator: our runtime beside kopf, and whatever ends one ends the other."""

from __future__ import annotations

import asyncio
import logging

import kopf

from renderjob.kube import KubeApi

from .definition import until_defined
from .handlers import register
from .logs import configure_logs
from .runtime import Runtime
from .settings import Settings

log = logging.getLogger(__name__)

IDENTITY = "renderjob-operator"
"""What kopf calls this process; it tells nobody."""


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
        listener = asyncio.create_task(_listen(settings, api, runtime), name="kopf")
        ours = asyncio.create_task(runtime.run(), name="runtime")
        try:
            done, _ = await asyncio.wait({listener, ours}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # The lease is given back while there still is a connection.
            for task in (ours, listener):
                task.cancel()
            await asyncio.gather(ours, listener, return_exceptions=True)
        for task in done:
            task.result()
        log.info("stopped")


async def _listen(settings: Settings, api: KubeApi, runtime: Runtime) -> None:
    """Let kopf listen, as soon as there is something to listen to."""
    await until_defined(api)
    registry = kopf.OperatorRegistry()
    register(registry, runtime, api.cluster)
    await kopf.operator(
        registry=registry,
        standalone=True,
        # Else kopf asks who the user is, and the user of a container has no name.
        identity=IDENTITY,  # type: ignore[arg-type]
        clusterwide=settings.namespace is None,
        namespaces=[settings.namespace] if settings.namespace else [],
    )
