# SPDX-License-Identifier: GPL-3.0-or-later
"""What every request to the console passes: where it comes from, and whose cookie it has.

Nothing but the log-in page is open. A page of another site can neither send a form nor open a
socket here: the cookie is SameSite=Strict, and the Origin must be ours.
"""

from __future__ import annotations

import time
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modemfarm.caller import new_correlation

from ..api.gate import Caller
from ..api.parts import Parts
from ..errors import DatabaseGoneError
from . import places
from .session import COOKIE, visitor

_READING = ("GET", "HEAD")
_OPEN = {("GET", places.LOG_IN), ("HEAD", places.LOG_IN), ("POST", places.LOG_IN)}
# NiceGUI compiles its templates in the browser (eval) and has inline scripts; all else is ours.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# A page asks for some twenty files at once: none of them is a secret, and one look serves them all.
ASSET_S = 60.0
MOST_KNOWN = 1000
_FOREVER = "private, max-age=31536000, immutable"  # their path has NiceGUI's version in it


class ConsoleGate:
    """ASGI middleware; state has `address`, `correlation` and, behind the log-in, `caller`."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app = app
        self._parts = parts
        self._known: dict[str, float] = {}  # cookies that counted, until when files need no look

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it through, or say why not."""
        state = scope.setdefault("state", {})
        state["correlation"] = new_correlation()
        state["address"] = scope["client"][0] if scope.get("client") else "unknown"
        refused = await self._refused(scope, HTTPConnection(scope))
        if refused is None:
            await self._app(scope, receive, _guarded(scope, send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refused(scope, receive, _guarded(scope, send))

    async def _refused(self, scope: Scope, request: HTTPConnection) -> Response | None:
        method = scope.get("method", "WEBSOCKET")
        if method not in _READING and not _from_here(request):
            return PlainTextResponse("this comes from another site", 403)
        if (method, scope["path"]) in _OPEN:
            return None
        cookie = request.cookies.get(COOKIE)
        if scope["path"].startswith(places.ASSETS) and self._is_known(cookie):
            return None
        try:
            found = await run_in_threadpool(visitor, self._parts, cookie)
        except DatabaseGoneError:
            text = "The database is away. This page tries again by itself."
            return PlainTextResponse(text, 503, {"Retry-After": "5", "Refresh": "5"})
        if found is None:
            return _who_are_you(scope, request)
        self._know(str(cookie))
        scope["state"]["caller"] = Caller(
            found, scope["state"]["address"], scope["state"]["correlation"]
        )
        if scope["path"].startswith(places.SOCKET) and not _of(found.session, scope):
            return PlainTextResponse("this page is somebody else's", 403)
        return None

    def _is_known(self, cookie: str | None) -> bool:
        return cookie is not None and self._known.get(cookie, 0.0) > time.monotonic()

    def _know(self, cookie: str) -> None:
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[cookie] = time.monotonic() + ASSET_S


def _from_here(request: HTTPConnection) -> bool:
    host = request.headers.get("host")
    return host is not None and request.headers.get("origin") == f"https://{host}"


def _of(session: str | None, scope: Scope) -> bool:
    """Is the page that wants to be connected one that this log-in was given?"""
    from nicegui import Client

    wanted = parse_qs(scope["query_string"].decode("latin-1")).get("client_id", [""])[0]
    client = Client.instances.get(wanted)
    if client is None:  # the handshake fails, and the browser loads the page anew
        return True
    caller = getattr(client.request.state, "caller", None)
    return caller is not None and caller.principal.session == session


def _who_are_you(scope: Scope, request: HTTPConnection) -> Response:
    if scope.get("method") == "GET" and "text/html" in request.headers.get("accept", ""):
        query = scope["query_string"].decode("latin-1")
        there = scope["path"] + (f"?{query}" if query else "")
        return RedirectResponse(f"{places.LOG_IN}?next={quote(there, safe='')}", 303)
    return PlainTextResponse("log in first", 401)


def _guarded(scope: Scope, send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if scope["path"].startswith(places.ASSETS) and message["status"] == 200:
                headers["Cache-Control"] = _FOREVER
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Correlation-Id"] = scope["state"]["correlation"]
        await send(message)

    return guarded
