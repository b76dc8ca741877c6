"""/healthz, /readyz and /metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest

Check = Callable[[], str]
"""Why it is not well; empty when it is."""

_CONTENT = "text/plain; version=0.0.4; charset=utf-8"


@asynccontextmanager
async def health_server(
    address: str, port: int, *, live: Check, ready: Check, metrics: CollectorRegistry
) -> AsyncIterator[int]:
    """Answer probes while the block runs; gives the port, also where 0 asked for a free one."""

    def probe(check: Check) -> Callable[[web.Request], object]:
        async def answer(_: web.Request) -> web.Response:
            trouble = check()
            return web.Response(text=trouble or "ok", status=503 if trouble else 200)

        return answer

    async def numbers(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics), headers={"Content-Type": _CONTENT})

    app = web.Application()
    app.router.add_get("/healthz", probe(live))  # type: ignore[arg-type]
    app.router.add_get("/readyz", probe(ready))  # type: ignore[arg-type]
    app.router.add_get("/metrics", numbers)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, address, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
