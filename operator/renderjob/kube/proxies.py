"""The proxy on the way to an API server, as the environment names it: looked up once, not at every request."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_for(server: str) -> str | None:
    """The URL of the proxy for a server, by HTTP_PROXY, HTTPS_PROXY and NO_PROXY; None: the way is direct."""
    url = urlsplit(server)
    if proxy_bypass(url.hostname or ""):
        return None
    return getproxies().get(url.scheme)
