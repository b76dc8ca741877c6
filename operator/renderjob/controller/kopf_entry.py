"""The operator for `kopf run -m renderjob.controller.kopf_entry`: the same, started by kopf's own command."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import kopf

from renderjob.api import GROUP, VERSION
from renderjob.kube import KubeApi
from renderjob.repositories.custom_resource import PLURAL

from .kopf_adapter import configure_kopf, connection, credentials, pass_on
from .runtime import Runtime
from .settings import Settings


class _Process:
    """What runs beside kopf in its process."""

    def __init__(self) -> None:
        self.api: KubeApi | None = None
        self.runtime: Runtime | None = None
        self.task: asyncio.Task[None] | None = None


_process = _Process()


async def _connected() -> KubeApi:
    if _process.api is None:
        settings = Settings()
        _process.api = await KubeApi.connect(
            settings.kubeconfig, settings.context, agent="renderjob-operator"
        )
        _process.runtime = Runtime(settings, _process.api)
    return _process.api


@kopf.on.login()
async def login(**_: Any) -> kopf.AiohttpSession:
    """As our own client."""
    api = await _connected()
    assert _process.runtime is not None, "it is made with the connection"  # noqa: S101
    return connection(await credentials(api.cluster), _process.runtime)


@kopf.on.startup()
async def begin(settings: kopf.OperatorSettings, **_: Any) -> None:
    """Start everything of ours; should it break, the process ends, and a new one goes on."""
    configure_kopf(settings)
    await _connected()
    if _process.runtime is not None:
        _process.task = asyncio.create_task(_process.runtime.run())
        _process.task.add_done_callback(_ended)


@kopf.on.cleanup()
async def end(**_: Any) -> None:
    """Give up the lead, close connections."""
    if _process.task is not None:
        _process.task.cancel()
        await asyncio.gather(_process.task, return_exceptions=True)
    if _process.api is not None:
        await _process.api.close()


@kopf.on.event(GROUP, VERSION, PLURAL)
async def changed(event: kopf.RawEvent, **_: Any) -> None:
    """Something happened to a RenderJob."""
    if _process.runtime is not None:
        pass_on(event, _process.runtime)


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        os.kill(os.getpid(), signal.SIGTERM)
