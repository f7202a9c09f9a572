# SPDX-License-Identifier: GPL-3.0-or-later
"""One server, two apps: the API as it is, and beside it the console under /console.

NiceGUI is imported here and nowhere before: without the console it costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ..api.limits import BodyLimit
from ..api.parts import Parts
from . import places
from .feed import Feed, News
from .gate import ConsoleGate
from .hub import Hub
from .login import LogInPage

log = logging.getLogger("modemfarm.console")

# A browser that was away for longer gets a new page. The beat of the socket is 0.8 of it.
RECONNECT_S = 10.0
STATIC = Path(__file__).parent / "static"


class Site:
    """ASGI: /console and / are the console's, everything else is the API's."""

    def __init__(self, api: ASGIApp, console: FastAPI, parts: Parts) -> None:
        self._api = api
        self._lifespan = console
        self._console = BodyLimit(ConsoleGate(console, parts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["path"] == "/" or f"{scope['path']}/".startswith(f"{places.ROOT}/"):
            await self._console(scope, receive, send)
        else:
            await self._api(scope, receive, send)


def with_console(api: ASGIApp, parts: Parts) -> Site:
    """The API with the console. Once in a process: NiceGUI has one app."""
    from nicegui import app as pages
    from nicegui import ui

    from .pages import audit, farm, modem, modems, settings, users
    from .pages.context import Console

    hub = Hub()
    pages.state.console = Console(api, parts, hub)
    for found in (modems, modem, farm, users, audit, settings):
        found.register()
    page = LogInPage(parts)
    console = FastAPI(
        openapi_url=None, docs_url=None, redoc_url=None, lifespan=_feeding(parts, hub),
        routes=[
            Route("/", _to_console),
            Route(places.ROOT, _to_console),
            Route(places.LOG_IN, page.show, methods=["GET"]),
            Route(places.LOG_IN, page.take, methods=["POST"]),
            Route(places.LOG_OUT, page.end, methods=["POST"]),
            Route(places.ALIVE, _alive),
        ],
    )  # fmt: skip
    pages.config.socket_io_js_transports = ["websocket"]
    ui.run_with(
        console,
        title="modemfarm",
        language="en-US",
        dark=None,
        mount_path=places.ROOT,
        reconnect_timeout=RECONNECT_S,
        binding_refresh_interval=None,
        tailwind=False,
        show_welcome_message=False,
        favicon=STATIC / "favicon.svg",
    )
    return Site(api, console, parts)


def _feeding(parts: Parts, hub: Hub):  # type: ignore[no-untyped-def]
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        loop, stop = asyncio.get_running_loop(), threading.Event()

        def deliver(news: News) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(hub.take, news)

        feed = Feed(parts, deliver, stop, time.monotonic)
        feed.start()
        try:
            yield
        finally:
            stop.set()
            feed.wake()

    return lifespan


async def _to_console(_: Request) -> Response:
    return RedirectResponse(f"{places.ROOT}/", 303)


async def _alive(_: Request) -> Response:
    """Asked by a page that lost its socket: does the log-in still count?"""
    return Response(status_code=204)
