"""Which image merges and verifications run: the one that this process came in."""

from __future__ import annotations

import asyncio
import logging

from renderjob.kube import KubeApi, KubeError
from renderjob.primitives import Backoff

from .settings import Settings

log = logging.getLogger(__name__)

CONTAINER = "operator"
"""The name of our container in our own pod."""


async def helper_image(api: KubeApi, settings: Settings) -> str:
    """The image that is set; else that of our own pod; else the name of the image that `make image` builds."""
    if settings.image:
        return settings.image
    if not (settings.pod_name and settings.pod_namespace):
        return settings.default_image
    path = f"/api/v1/namespaces/{settings.pod_namespace}/pods/{settings.pod_name}"
    backoff = Backoff()
    while True:
        try:
            containers = (await api.get(path))["spec"]["containers"]
            break
        except KubeError as error:
            if not error.transient:
                log.warning(
                    "our own pod can't be read, merges and verifications run %s: %s",
                    settings.default_image,
                    error,
                )
                return settings.default_image
            # With a guess, merges could fail for as long as this process lives.
            log.warning("our own pod can't be read now, tried again: %s", error)
        await asyncio.sleep(backoff.next())
    image: str = next((c for c in containers if c["name"] == CONTAINER), containers[0])["image"]
    return image
