"""The proxy on the way to an API server, as the environment names it: looked up once, not at every request."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_for(server: str) -> str | None:
    """The URL of the proxy for a server, by HTTP_PROXY, HTTPS_PROXY and NO_PROXY; None: the way is direct.

    As for kubectl, NO_PROXY may name networks, such as 10.96.0.0/12.
    """
    url, proxies = urlsplit(server), getproxies()
    host = url.hostname or ""
    if proxy_bypass(host) or _in_one_of(host, proxies.get("no", "").split(",")):
        return None
    return proxies.get(url.scheme)


def _in_one_of(host: str, networks: list[str]) -> bool:
    with suppress(ValueError):
        address = ip_address(host)
        for network in networks:
            with suppress(ValueError):
                if address in ip_network(network.strip(), strict=False):
                    return True
    return False
