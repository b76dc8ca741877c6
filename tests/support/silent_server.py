"""A TLS server that at a chosen point says nothing any more: no answer, and no good-bye to a client that hangs up."""

from __future__ import annotations

import contextlib
import enum
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kubernetes.aio.client.configuration import Configuration

from renderjob.kube import Cluster

# Of nobody, for this machine alone, and good for a hundred years.
_CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgpKJEIxw2uCsawzY1
ynffLGamRkWaRUgEU2Uxd61dKcGhRANCAAQv+koX5h5Q73tThEI0NmwaP/yC4DSI
3K4hVzz+R8W614Yz2p0s5ypQiZRyJ9USz0YMjM1UqclkYrOpj0bmCVPf
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUSUaPqgTfMhVMpo7kV1ID8hO95lYwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyODA1MTM1NloYDzIxMjYxMTA0
MDUxMzU2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQv+koX5h5Q73tThEI0NmwaP/yC4DSI3K4hVzz+R8W614Yz2p0s5ypQ
iZRyJ9USz0YMjM1UqclkYrOpj0bmCVPfo28wbTAdBgNVHQ4EFgQUilZx+CQiYqxv
g4Kg49IyXroKzdIwHwYDVR0jBBgwFoAUilZx+CQiYqxvg4Kg49IyXroKzdIwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAKwYRwy7sYRIAUjo5I88iIBvaf4qnUQdZ3sFvA9PnzsvAiEA
nM7NCVXdXrt0S6LwT+dzH59wX/886CV4Uj9PodTqokI=
-----END CERTIFICATE-----
"""

_BEGUN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"


class Until(enum.Enum):
    """The last thing that the server does for a client."""

    CONNECTED = enum.auto()
    """It takes the connection, and does not shake hands."""
    ASKED = enum.auto()
    """It reads the request."""
    BEGUN = enum.auto()
    """It sends the beginning of an answer."""


class SilentServer:
    """See the module; it is one by `silent_server`."""

    def __init__(self, last: Until, certificate: Path) -> None:
        self.reached = threading.Semaphore(0)
        """Released for each client for which the server has done what it does."""
        self._last = last
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._clients: list[socket.socket] = []
        configuration = Configuration(host=f"https://127.0.0.1:{self._listener.getsockname()[1]}")
        configuration.ssl_ca_cert = str(certificate)
        self.cluster = Cluster(configuration, "default", "a test")
        """How a client finds it."""

    def serve(self) -> None:
        """Take clients until `close`."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._clients.append(client)
            # A client that hangs up in between is none of its concerns.
            with contextlib.suppress(OSError):
                self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        if self._last is not Until.CONNECTED:
            secure = self._context.wrap_socket(client, server_side=True)
            self._clients[-1] = secure
            if not secure.recv(65536):
                return
            if self._last is Until.BEGUN:
                secure.sendall(_BEGUN)
        self.reached.release()

    def close(self) -> None:
        """Let go of all clients."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._clients:
            client.close()


@contextmanager
def silent_server(last: Until, directory: Path) -> Iterator[SilentServer]:
    """A server while the block runs, in a thread of its own."""
    certificate = directory / "certificate.pem"
    certificate.write_text(_CERTIFICATE)
    server = SilentServer(last, certificate)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()
