# SPDX-License-Identifier: GPL-3.0-or-later
"""Middleware around everything: how large a body may be, and the headers of every answer."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problem import ProblemError, response

LARGEST = 64 * 1024  # bytes; the largest honest body, an account for 1,000 modems, has 19 kB
TOO_LARGE = f"the body has more than {LARGEST} bytes"
REMEDY = f"send at most {LARGEST} bytes"
# An API gives browsers nothing to run, frame or store.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class BodyLimit:
    """413 for a body above LARGEST, whether it says its length or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "0")
        if not said.isdigit() or len(said) > 18 or int(said) > LARGEST:
            problem = ProblemError(413, TOO_LARGE, REMEDY, headers={"Connection": "close"})
            await response(problem)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > LARGEST:
                # FastAPI lets only this kind through from where it reads bodies.
                raise HTTPException(413, TOO_LARGE, headers={"Connection": "close"})
            return message

        await self._app(scope, counted, send)


class SafeHeaders:
    """HEADERS and the correlation id in every answer, unless the app says another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add them when the answer begins."""

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                correlation = scope.get("state", {}).get("correlation")
                if correlation is not None:
                    headers["X-Correlation-Id"] = correlation
            await send(message)

        await self._app(scope, receive, adding)
