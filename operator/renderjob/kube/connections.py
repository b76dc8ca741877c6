"""Connector: a connection pool that has closed every connection it ever made when it is closed.

aiohttp's pool knows the connections that are in use or wait to be used. It lets go of one whose request was cancelled
or ran out of time, also while the connection was being made. Over TLS, such a connection tells the other side that it
ends and waits up to half a minute for the answer; the pool's `close` does not wait for it. Whoever closes the event
loop meanwhile, as every command does at its end, leaves the socket to the garbage collector.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl as tls
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from aiohttp import TCPConnector

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds at most that closing waits for the event loop to close what was made; it takes a few turns as a rule."""
_TURN = 0.001
"""Seconds between two looks at what is still open."""


class Connector(TCPConnector):
    """At most `limit` connections at a time (0: any number), over TLS as `ssl` says, or True for the usual way."""

    def __init__(self, *, limit: int, ssl: tls.SSLContext | bool = True) -> None:
        self._made: WeakSet[socket.socket] = WeakSet()
        super().__init__(limit=limit, ssl=ssl, socket_factory=self._make_socket)

    def _make_socket(self, address: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, *_ = address
        made = socket.socket(family, kind, protocol)
        self._made.add(made)
        return made

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Close all connections without a word to the other side; what waits for an answer on them fails."""
        await super().close(abort_ssl=abort_ssl)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while still_open := [made for made in self._made if made.fileno() >= 0]:
                    for one in still_open:
                        _hang_up(one)
                    await asyncio.sleep(_TURN)
                return
        log.debug("connections that did not close: %s", still_open)


def _hang_up(one: socket.socket) -> None:
    """Let the owner of a socket read its end, upon which it closes it, whatever it is at."""
    # One that is not connected yet has nothing to shut down.
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
