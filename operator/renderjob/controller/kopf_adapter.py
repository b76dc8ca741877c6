"""kopf, and all that it takes to work with it: the only module that knows kopf, beside its own command's entry.

kopf watches RenderJobs and is the operator's entry; its one handler passes on which RenderJob changed. What is
worked around here, and why:

- **It gets identities alone.** kopf parses every line of a watch and every page of a list as a whole, copies it a few
  times, and reads annotations of its own from it: what a user wrote, however deep or large, or in kopf's own name,
  would be in its way, and a line that it can't parse ends it. So `connection` gives it answers in which objects are
  identities (`identities.py`), and the whole of a RenderJob goes to the repository.
- **Its only handler is `on.event`**: those that keep state in annotations cost one to three patches for each object.
- **It tries for ever** (`_ForEver`): by itself it ends the operator after a minute of failed requests.
- **It does not scan** for resources and namespaces, which takes rights that an operator of one namespace has not, and
  posts no events: the operator has a recorder of its own, which counts and limits.
- **Its own credentials are ours** (`credentials`), proxy included, so that both go the same way to the cluster.
- **Its connections are closed here**: kopf closes only those that it has come to use.
- **It reads the definition once**, so it is started when there is one (`definition.py`).
- **It takes the signals for itself** as it starts, and would give all that runs in this process seconds to end, in
  which nobody leads (`heed_signals`).
- **It asks who the user is**, who has no name in a container: it is given an identity.
- **It ends with the whole loop** on an error that a watch tells of: `BrokenOffError`, upon which a new process begins.

Child Jobs and pods are none of its business: an index of 10,000 takes it minutes, so informers keep them.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Protocol

import kopf
from aiohttp import (
    ClientError,
    ClientHandlerType,
    ClientPayloadError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    StreamReader,
)

from renderjob.api import GROUP, VERSION
from renderjob.kube import Cluster
from renderjob.kube.api import CONNECT_TIMEOUT, TIMEOUT
from renderjob.kube.connections import Connector
from renderjob.kube.lines import split_lines
from renderjob.kube.reading import read_json
from renderjob.primitives import exponential
from renderjob.repositories.custom_resource import PLURAL

from .identities import Observe, event, identity

IDENTITY = "renderjob-operator"
"""What kopf calls this process; it tells nobody."""

FIRST_PAUSE = 0.25
"""Seconds before kopf tries a request again; twice as long each time."""
LONGEST_PAUSE = 15.0
"""Seconds between two tries of a request at most."""

METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
"""Of a list, metadata alone: what there is is listed by the repository."""


class BrokenOffError(Exception):
    """kopf ended: by a line of a watch that was cut short on its way, or an error told in a watch.

    It takes what else runs in its loop with it, so this process must end, and a new one begins.
    """


class Watcher(Protocol):
    """What observes RenderJobs."""

    def observe_event(self, kind: str | None, raw: dict[str, Any]) -> None:
        """Something happened to a RenderJob: ADDED, MODIFIED, DELETED, or None for one that was listed.

        `raw` is its metadata, as far as it takes to know which it is, and its version.
        """

    def observe_object(self, raw: dict[str, Any], size: int) -> None:
        """A RenderJob as a watch sent it, with the size of that in bytes; `observe_event` follows in a moment."""

    def report_access(self, trouble: str) -> None:
        """RenderJobs can be listed and watched; or why not."""


class _ForEver:
    """Pauses between tries, without an end; kopf asks for them anew at every request."""

    def __iter__(self) -> Iterator[float]:
        failures = 0
        while True:
            yield exponential(FIRST_PAUSE, failures, LONGEST_PAUSE)
            failures += 1


def register(
    registry: kopf.OperatorRegistry, watcher: Watcher, cluster: Cluster
) -> Callable[[], Awaitable[None]]:
    """Have kopf call `watcher` for the RenderJobs of a cluster.

    Returns what closes its connections once it has ended.
    """
    opened: list[ClientSession] = []

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
    async def changed(event: kopf.RawEvent, **_: Any) -> None:
        pass_on(event, watcher)

    @kopf.on.startup(registry=registry)
    async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        configure_kopf(settings)

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.AiohttpSession:
        made = connection(await credentials(cluster), watcher)
        opened[:] = [*(session for session in opened if not session.closed), made.aiohttp_session]
        return made

    async def close() -> None:
        for session in opened:
            await session.close()

    return close


def pass_on(event: kopf.RawEvent, watcher: Watcher) -> None:
    """Pass an event of kopf's on."""
    watcher.observe_event(event["type"], {"metadata": event["object"]["metadata"]})


async def watch_renderjobs(
    cluster: Cluster, watcher: Watcher, namespace: str | None, ready: asyncio.Event
) -> None:
    """Have kopf watch the RenderJobs of a namespace, or of all, until cancelled.

    Args:
        cluster: where they are.
        watcher: what observes them.
        namespace: the only one to watch; None: all.
        ready: set when kopf has started.

    Raises:
        BrokenOffError: kopf ended.
    """
    registry = kopf.OperatorRegistry()
    close = register(registry, watcher, cluster)
    try:
        await kopf.operator(
            registry=registry,
            standalone=True,
            identity=IDENTITY,  # type: ignore[arg-type]
            ready_flag=ready,
            clusterwide=namespace is None,
            namespaces=[namespace] if namespace else [],
        )
    except Exception as error:
        raise BrokenOffError(f"{type(error).__name__}: {error}") from error
    finally:
        await close()


async def heed_signals(stop: asyncio.Event, ready: asyncio.Event) -> None:
    """Have signals set `stop`, also when kopf has taken them for itself, which it does before it is `ready`."""
    for _ in range(2):
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await ready.wait()


def configure_kopf(settings: kopf.OperatorSettings) -> None:
    """What fits an operator that only watches: no scanning, no events of kopf's own, no end of tries."""
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


def connection(info: kopf.ConnectionInfo, watcher: Watcher) -> kopf.AiohttpSession:
    """A connection to the API server, in whose answers RenderJobs are identities."""

    class Response(_Response):
        @staticmethod
        def observe(raw: dict[str, Any], size: int) -> None:
            watcher.observe_object(raw, size)

    async def asked(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        # Of what has no metadata, such as what there is in an API group, the answer is what it always is.
        if not request.url.path.endswith(f"/{PLURAL}"):
            return await handler(request)
        if "watch" not in request.url.query:
            request.headers["Accept"] = METADATA_LIST
        try:
            response = await handler(request)
        except (ClientError, OSError) as error:
            watcher.report_access(str(error) or type(error).__name__)
            raise
        watcher.report_access("" if response.status == 200 else f"HTTP {response.status} {response.reason}")
        return response

    session = ClientSession(
        connector=Connector(limit=0, ssl=info.as_ssl_context()),
        headers=info.as_http_headers(),
        middlewares=(asked,),
        proxy=info.proxy_url,
        trust_env=False,
        response_class=Response,
    )
    return kopf.AiohttpSession(
        server=info.server, default_namespace=info.default_namespace, aiohttp_session=session
    )


class _Response(ClientResponse):
    """An answer in which objects are identities."""

    @staticmethod
    def observe(raw: dict[str, Any], size: int) -> None:
        """Take in what is not passed on."""

    async def start(self, connection: Any) -> ClientResponse:
        await super().start(connection)
        if self.status == 200 and "watch" in self.url.query:
            self.content = _Events(self.content, self.observe)  # type: ignore[assignment]
        return self

    async def json(self, **options: Any) -> Any:
        """A list of identities; anything else as it is."""
        if self.status != 200:
            return await super().json(**options)
        try:
            answer = read_json(await self.read())
        except ValueError as error:
            # kopf tries what was broken on its way again.
            raise ClientPayloadError(f"{self.url.path}: the answer is no JSON") from error
        if not isinstance(answer, dict) or "items" not in answer:
            return answer
        found = [identity(item) for item in answer["items"] or ()]
        return {**answer, "items": [item for item in found if item is not None]}


class _Events:
    """The lines of a watch."""

    def __init__(self, stream: StreamReader, observe: Observe) -> None:
        self._stream = stream
        self._observe = observe

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def iter_chunked(self, _: int) -> AsyncIterator[bytes]:
        """Lines, each with an event of an identity."""
        async for line in split_lines(self._stream.iter_any()):
            if line.strip() and (known := event(line, self._observe)) is not None:
                yield known + b"\n"
