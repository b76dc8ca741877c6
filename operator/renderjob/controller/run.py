"""From settings to a running operator: our runtime beside kopf, and whatever ends one ends the other."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from typing import Any

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


class BrokenOffError(Exception):
    """kopf ended: by a line of a watch that was cut short on its way, or an error told in a watch.

    It takes what else runs in its loop with it, so this process must end, and a new one begins.
    """


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
        stop, listening = asyncio.Event(), asyncio.Event()
        signals = asyncio.create_task(_heed_signals(stop, listening), name="signals")
        told = asyncio.create_task(stop.wait(), name="stop")
        listener = asyncio.create_task(_listen(settings, api, runtime, listening), name="kopf")
        ours = asyncio.create_task(runtime.run(), name="runtime")
        try:
            done, _ = await asyncio.wait({told, listener, ours}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Ours first: the lease is given back while there still is a connection.
            task: asyncio.Task[Any]
            for task in (ours, listener, told, signals):
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        for task in done:
            task.result()
        log.info("stopped")


async def _heed_signals(stop: asyncio.Event, listening: asyncio.Event) -> None:
    """Have signals set `stop`, also when kopf has taken them for itself, which it does before `listening`.

    It would give all that runs in this process, ours too, seconds to end by itself, in which nobody leads.
    """
    for _ in range(2):
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await listening.wait()


async def _listen(settings: Settings, api: KubeApi, runtime: Runtime, listening: asyncio.Event) -> None:
    """Let kopf listen, as soon as there is something to listen to."""
    await until_defined(api)
    registry = kopf.OperatorRegistry()
    close = register(registry, runtime, api.cluster)
    try:
        await kopf.operator(
            registry=registry,
            standalone=True,
            # Else kopf asks who the user is, and the user of a container has no name.
            identity=IDENTITY,  # type: ignore[arg-type]
            ready_flag=listening,
            clusterwide=settings.namespace is None,
            namespaces=[settings.namespace] if settings.namespace else [],
        )
    except Exception as error:
        raise BrokenOffError(f"{type(error).__name__}: {error}") from error
    finally:
        await close()
