"""The definition of RenderJobs: nothing can be watched before a cluster has it."""

from __future__ import annotations

import asyncio
import logging

from renderjob.api import GROUP, VERSION
from renderjob.kube import ApiError, KubeApi, KubeError
from renderjob.repositories.custom_resource import PLURAL

log = logging.getLogger(__name__)

PAUSE = 2.0
"""Seconds between two requests."""


async def until_defined(api: KubeApi) -> None:
    """Wait until the API server serves RenderJobs: kopf asks once, and would never learn of a later definition."""
    logged = ""
    while True:
        try:
            if await _served(api):
                return
            why = f"the cluster has no {PLURAL}.{GROUP} {VERSION}; kubectl apply -k crds"
        except KubeError as error:
            why = str(error)
        if why != logged:
            logged = why
            log.warning("waits for the definition of RenderJobs: %s", why)
        await asyncio.sleep(PAUSE)


async def _served(api: KubeApi) -> bool:
    try:
        found = await api.get(f"/apis/{GROUP}/{VERSION}")
    except ApiError as error:
        if error.not_found:
            return False
        raise
    return any(resource.get("name") == PLURAL for resource in found.get("resources") or ())
