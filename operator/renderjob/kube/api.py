"""KubeApi: requests to an API server, as paths and raw JSON.

The typed client costs up to ten times as much per object and drops fields that it does not know, so only its
configuration and its HTTP layer (TLS, proxies, tokens) are used. Nothing is retried here but what the server
surely did not do (an unknown credential): who writes knows best whether a write may be repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from aiohttp import ClientError, ClientResponse, ClientTimeout
from kubernetes.aio.client.rest import RESTClientObject
from yarl import URL

from .cluster import Cluster, find_cluster
from .connections import Connector
from .errors import ApiError, UnreachableError
from .lines import LONGEST, split_lines
from .reading import read_json

Object = dict[str, Any]
"""An API object, as the JSON has it."""

TIMEOUT = 30.0
"""Seconds for a request that is not a stream, waiting for a connection included."""
CONNECT_TIMEOUT = 10.0
"""Seconds for a TCP connection and its TLS handshake."""
CONNECTIONS = 256
"""Connections at most: the writes in flight, and every watch and log that is followed."""
PAGE = 500
"""Objects in a page of a list: the API server's own clients ask for as many."""
PAGE_BYTES = 2 * 1024 * 1024
"""A page that is larger is asked for again with fewer objects: in memory it takes up to thirty times as much."""
REGROWTH = 4
"""Pages in a row that were no larger, after which the next may have twice as many objects again."""

_JSON = "application/json"
_MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: URL
    patience: ClientTimeout
    body: Object | None = None
    content_type: str = _JSON

    def __str__(self) -> str:
        return f"{self.method} {self.url.with_query(None)}"


class _TooLongError(Exception):
    """An answer has more bytes than it may."""


class _Rest(RESTClientObject):
    """The generated client's HTTP layer, with connections that end with it."""

    def _create_connector(self) -> Connector:
        return Connector(limit=self.maxsize, ssl=self.ssl_context)


class KubeApi:
    """A connection pool to one API server; use it as an async context manager, in one event loop.

    A query's values are strings, numbers or booleans; None leaves it out.
    """

    def __init__(self, cluster: Cluster, *, timeout: float = TIMEOUT, agent: str = "renderjob") -> None:
        self.cluster = cluster
        self._patience = ClientTimeout(total=timeout, sock_connect=CONNECT_TIMEOUT)
        self._agent = agent
        self._base = cluster.server.rstrip("/")
        cluster.configuration.connection_pool_maxsize = CONNECTIONS
        # Else ~/.netrc and the environment are read by threads at every request, and a password in the one is
        # sent where kubectl sends none. The proxy is known already.
        cluster.configuration.client_session_kwargs = {"trust_env": False}
        self._rest: RESTClientObject = _Rest(cluster.configuration)
        self._reloading = asyncio.Lock()

    @classmethod
    async def connect(
        cls, kubeconfig: str | Path | None = None, context: str | None = None, *, agent: str = "renderjob"
    ) -> Self:
        """A KubeApi for the cluster that `find_cluster` finds. Nothing is sent yet.

        Raises:
            NoClusterError: there is none.
        """
        return cls(await find_cluster(kubeconfig, context), agent=agent)

    @property
    def server(self) -> str:
        """The server's URL."""
        return self.cluster.server

    @property
    def namespace(self) -> str:
        """The namespace for those who name none."""
        return self.cluster.namespace

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; requests under way fail."""
        await self._rest.close()

    async def get(self, path: str, **query: Any) -> Object:
        """Read an object, or a list without its paging.

        Raises (as every method here):
            ApiError: the server refused.
            UnreachableError: there was no answer.
        """
        return await self._call("GET", path, query)

    async def list_pages(self, path: str, *, limit: int = PAGE, **query: Any) -> AsyncGenerator[Object]:
        """Read a list, page by page; each has `items` and the resourceVersion of the whole.

        Raises:
            ApiError: `gone` when the list took so long that the server forgot its beginning.
        """
        token: str | None = None
        most, fitting = limit, 0
        while True:
            asked = {**query, "limit": limit or None, "continue": token}
            try:
                page = await self._call("GET", path, asked, most=PAGE_BYTES if limit > 1 else None)
            except _TooLongError:
                limit, fitting = max(1, limit // 4), 0
                continue
            yield page
            fitting += 1
            if limit < most and fitting >= REGROWTH:
                # A few large objects must not make a list of thousands one of thousands of requests.
                limit, fitting = min(most, limit * 2), 0
            token = page["metadata"].get("continue")
            if not token:
                return

    async def create(self, path: str, body: Object, **query: Any) -> Object:
        """POST an object to a collection. Returns it as the server made it."""
        return await self._call("POST", path, query, body)

    async def merge_patch(self, path: str, body: Object, **query: Any) -> Object:
        """Change an object by a JSON merge patch (RFC 7386). Returns it as it is now.

        With `metadata.resourceVersion` or `metadata.uid` in the body, an object that is another one by now
        is left alone: `conflict`.
        """
        return await self._call("PATCH", path, query, body, _MERGE_PATCH)

    async def delete(
        self,
        path: str,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: str = "Background",
        grace: int | None = None,
    ) -> Object:
        """Delete an object; one with another uid or version is left alone: `conflict`.

        `propagation` is what becomes of its dependents (Background, Foreground, Orphan); `grace` is in seconds.
        Returns the object, when something still holds it, or a Status.
        """
        body: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        conditions = {"uid": uid, "resourceVersion": resource_version}
        if preconditions := {key: value for key, value in conditions.items() if value is not None}:
            body["preconditions"] = preconditions
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        return await self._call("DELETE", path, {}, body)

    async def stream(
        self,
        path: str,
        *,
        idle: float | None = None,
        opened: Callable[[], None] = lambda: None,
        longest: int = LONGEST,
        **query: Any,
    ) -> AsyncGenerator[bytes]:
        """The lines of a watch or a log, while they come.

        Whoever stops early closes it: `async with contextlib.aclosing(api.stream(…)) as lines`. With `idle`,
        so many seconds without a byte raise UnreachableError. `opened` is called when the server has agreed,
        which may be long before the first line. A line of more than `longest` bytes is cut there.
        """
        patience = ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=idle)
        async with self._answer(_Request("GET", self._url(path, query), patience)) as response:
            opened()
            async for line in split_lines(response.content.iter_any(), longest):
                yield line

    async def text(self, path: str, **query: Any) -> str:
        """Read what is not JSON: the log of a container that has ended, /healthz."""
        request = _Request("GET", self._url(path, query), self._patience)
        async with self._answer(request) as response:
            return (await response.read()).decode(errors="replace")

    async def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Object | None = None,
        content_type: str = _JSON,
        most: int | None = None,
    ) -> Object:
        request = _Request(method, self._url(path, query), self._patience, body, content_type)
        async with self._answer(request) as response:
            content = await response.read() if most is None else await _read(response, most)
        try:
            parsed = read_json(content)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            raise UnreachableError(f"{request}: the answer is no JSON object")
        return parsed

    def _url(self, path: str, query: Mapping[str, Any]) -> URL:
        values = {key: _text(value) for key, value in query.items() if value is not None}
        return URL(
            f"{self._base}{path}?{urlencode(values)}" if values else f"{self._base}{path}", encoded=True
        )

    @asynccontextmanager
    async def _answer(self, request: _Request) -> AsyncIterator[ClientResponse]:
        """A successful answer. What the network does to it, in the block as well, becomes an UnreachableError."""
        try:
            response = await self._send(request)
            try:
                if response.status >= 300:
                    raise ApiError.from_response(response.status, await response.read(), response.headers)
                yield response
            finally:
                # What was read to its end is back in the pool already; the rest of a stream is not waited for,
                # nor is a TLS connection's good-bye.
                connection = response.connection
                if connection is not None and connection.transport is not None:
                    connection.transport.abort()
                response.close()
        except TimeoutError as e:
            raise UnreachableError(f"{request}: no answer in time") from e
        except (ClientError, OSError) as e:
            raise UnreachableError(f"{request}: {e or type(e).__name__}") from e

    async def _send(self, request: _Request) -> ClientResponse:
        token = await self._token()
        response = await self._send_as(token, request)
        if response.status != 401 or self.cluster.reload is None:
            return response
        response.release()
        return await self._send_as(await self._renewed(token), request)

    async def _send_as(self, token: str | None, request: _Request) -> ClientResponse:
        headers = {"Accept": _JSON, "Content-Type": request.content_type, "User-Agent": self._agent}
        if token:
            headers["Authorization"] = token
        answer = await self._rest.request(
            request.method,
            request.url,
            headers=headers,
            body=request.body,
            _request_timeout=request.patience,
        )
        response: ClientResponse = answer.response
        return response

    async def _token(self) -> str | None:
        # Reads a service account's token anew once a minute.
        return await self.cluster.configuration.get_api_key_with_prefix("BearerToken")

    async def _renewed(self, refused: str | None) -> str | None:
        """The credentials after another look at where they come from."""
        async with self._reloading:
            # Of many requests that were refused at once, one looks.
            if self.cluster.reload is not None and await self._token() == refused:
                await self.cluster.reload()
                configuration = self.cluster.configuration
                if configuration.cert_file:
                    self._rest.ssl_context.load_cert_chain(configuration.cert_file, configuration.key_file)
        return await self._token()


async def _read(response: ClientResponse, most: int) -> bytes:
    """The whole answer, unless it is longer than it may be."""
    pieces: list[bytes] = []
    size = 0
    async for piece in response.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise _TooLongError
    return b"".join(pieces)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
