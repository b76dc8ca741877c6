"""kopf's part: it watches RenderJobs; its handlers take note of an event and wake the manager, nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol

import kopf
from aiohttp import ClientSession

from renderjob.api import GROUP, VERSION
from renderjob.kube import Cluster
from renderjob.kube.api import CONNECT_TIMEOUT, TIMEOUT

from .listening import PLURAL, Listener, connection


class Hearer(Listener, Protocol):
    """Who wants to hear of RenderJobs."""

    def heard(self, kind: str | None, raw: dict[str, Any]) -> None:
        """Something happened to a RenderJob: ADDED, MODIFIED, DELETED, or None for one that was listed.

        `raw` is its metadata, as far as it takes to know which it is, and its version.
        """


class _ForEver:
    """Pauses between tries, without an end; kopf asks for them anew at every request."""

    def __iter__(self) -> Iterator[float]:
        yield from (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
        while True:
            yield 15.0


def register(
    registry: kopf.OperatorRegistry, hearer: Hearer, cluster: Cluster
) -> Callable[[], Awaitable[None]]:
    """Have kopf tell `hearer` of the RenderJobs of a cluster. Returns what closes its connections when it has ended."""
    opened: list[ClientSession] = []

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
    async def changed(event: kopf.RawEvent, **_: Any) -> None:
        hearer.heard(event["type"], {"metadata": event["object"]["metadata"]})

    @kopf.on.startup(registry=registry)
    async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        configure_kopf(settings)

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.AiohttpSession:
        made = connection(await credentials(cluster), hearer)
        opened[:] = [*(session for session in opened if not session.closed), made.aiohttp_session]
        return made

    async def close() -> None:
        # kopf closes those that it has come to use.
        for session in opened:
            await session.close()

    return close


def configure_kopf(settings: kopf.OperatorSettings) -> None:
    """What fits an operator that only listens: no scanning, no events of kopf's own, no end of tries."""
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 310
    settings.networking.connect_timeout = CONNECT_TIMEOUT
    settings.networking.request_timeout = TIMEOUT
    settings.networking.error_backoffs = _ForEver()


async def credentials(cluster: Cluster) -> kopf.ConnectionInfo:
    """The way to the cluster that our own client goes, for kopf's."""
    configuration = cluster.configuration
    if cluster.reload is not None:
        await cluster.reload()
    header = await configuration.get_api_key_with_prefix("BearerToken")
    scheme, _, token = (header or "").rpartition(" ")
    return kopf.ConnectionInfo(
        server=cluster.server,
        ca_path=configuration.ssl_ca_cert,
        ca_data=None if configuration.ssl_ca_cert else configuration.ca_cert_data,
        insecure=not configuration.verify_ssl,
        scheme=scheme or None,
        token=token or None,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        default_namespace=cluster.namespace,
        proxy_url=configuration.proxy,
    )
