"""The connection that kopf listens by: of each RenderJob it is told the identity and the version, and nothing else.

kopf parses every line of a watch and every page of a list as a whole, copies what is in it a few times, and reads
annotations of its own from it. What a user wrote, however deep or large, or in kopf's own name, would be in its way,
and a line that it can't parse ends it. So it is told which RenderJob changed, and what a RenderJob says goes to the
repository beside it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Protocol

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
from pydantic import BaseModel

from renderjob.kube.connections import Connector
from renderjob.kube.lines import split_lines
from renderjob.kube.reading import read_json
from renderjob.repositories.cache import LARGE

PLURAL: Final = "renderjobs"

log = logging.getLogger(__name__)


def _alone(kind: str) -> str:
    return f"application/json;as={kind};g=meta.k8s.io;v=v1,application/json"


METADATA_LIST: Final = _alone("PartialObjectMetadataList")
"""Of a list, metadata alone: what there is is listed by the repository."""

Saw = Callable[[dict[str, Any], int], None]

_KEPT: Final = (
    *("name", "namespace", "uid", "generation", "resourceVersion"),
    *("creationTimestamp", "deletionTimestamp"),
)
_OBJECTS: Final = ("ADDED", "MODIFIED", "DELETED")
_LIST_ANEW: Final = json.dumps(
    {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}
).encode()
"""What an API server says when somebody must list anew; kopf does."""


class _Identity(BaseModel):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resourceVersion: str = ""  # noqa: N815 (as in the JSON)
    creationTimestamp: str = ""  # noqa: N815
    deletionTimestamp: str = ""  # noqa: N815


class _Thing(BaseModel):
    apiVersion: str = ""  # noqa: N815
    kind: str = ""
    metadata: _Identity


class _Narrow(BaseModel):
    """No more of an event than kopf is told: of a megabyte of brackets that is read in a tenth of the time."""

    type: str
    object: _Thing


class Listener(Protocol):
    """Who wants to know more than kopf is told."""

    def listens(self, trouble: str) -> None:
        """RenderJobs can be listened to; or why not."""

    def saw(self, raw: dict[str, Any], size: int) -> None:
        """A RenderJob as a watch told of it, with the size of that in bytes; kopf tells of it in a moment."""


def connection(info: kopf.ConnectionInfo, listener: Listener) -> kopf.AiohttpSession:
    """A connection to the same API server, with the same credentials."""

    class Response(_Response):
        @staticmethod
        def saw(raw: dict[str, Any], size: int) -> None:
            listener.saw(raw, size)

    async def asked(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        # Of what has no metadata, such as what there is in an API group, the answer is what it always is.
        if not request.url.path.endswith(f"/{PLURAL}"):
            return await handler(request)
        if "watch" not in request.url.query:
            request.headers["Accept"] = METADATA_LIST
        try:
            response = await handler(request)
        except (ClientError, OSError) as error:
            listener.listens(str(error) or type(error).__name__)
            raise
        listener.listens("" if response.status == 200 else f"HTTP {response.status} {response.reason}")
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
    def saw(raw: dict[str, Any], size: int) -> None:
        """Take in what is not passed on."""

    async def start(self, connection: Any) -> ClientResponse:
        await super().start(connection)
        if self.status == 200 and "watch" in self.url.query:
            self.content = _Events(self.content, self.saw)  # type: ignore[assignment]
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

    def __init__(self, stream: StreamReader, saw: Saw) -> None:
        self._stream = stream
        self._saw = saw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def iter_chunked(self, _: int) -> AsyncIterator[bytes]:
        """Lines, each with an event of an identity."""
        async for line in split_lines(self._stream.iter_any()):
            if line.strip() and (told := event(line, self._saw)) is not None:
                yield told + b"\n"


def event(line: bytes, saw: Saw = lambda *_: None) -> bytes | None:
    """A line of a watch with an identity for its object; None for one that tells of nothing."""
    try:
        read = _narrow(line) if len(line) > LARGE else None
        if read is not None:
            saw = lambda *_: None  # noqa: E731 (nobody keeps what is large)
        else:
            read = read_json(line)
        kind, thing = read["type"], read["object"]
        if kind == "BOOKMARK":
            metadata = {"resourceVersion": thing["metadata"]["resourceVersion"]}
            return json.dumps({"type": kind, "object": {"metadata": metadata}}).encode()
    except (ValueError, KeyError, TypeError):
        log.warning("the watch of RenderJobs sent what is no event, and is begun anew: %r", line[:200])
        return _LIST_ANEW
    if kind not in _OBJECTS:
        return line
    told = identity(thing)
    if told is None:
        return None
    if kind != "DELETED":
        saw(thing, len(line))
    return json.dumps({"type": kind, "object": told}).encode()


def _narrow(line: bytes) -> Any:
    """What kopf is told of an event; None where only another parser can read it."""
    try:
        return _Narrow.model_validate_json(line).model_dump(exclude_unset=True)
    except ValueError:
        return None


def identity(thing: Any) -> dict[str, Any] | None:
    """An object with no more than it takes to know which it is; None for what is none."""
    metadata = thing.get("metadata") if isinstance(thing, dict) else None
    if not isinstance(metadata, dict) or not metadata.get("uid") or not metadata.get("resourceVersion"):
        return None
    return {
        "apiVersion": thing.get("apiVersion"),
        "kind": thing.get("kind"),
        "metadata": {name: metadata[name] for name in _KEPT if name in metadata},
    }
