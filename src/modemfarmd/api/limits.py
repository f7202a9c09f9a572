# SPDX-License-Identifier: GPL-3.0-or-later
"""Middleware around everything: how large a body may be, and the headers of every answer."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problem import ProblemError, response

LARGEST = 64 * 1024  # bytes; the largest honest body, an account for 1,000 modems, has 19 kB
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


class TooLargeError(Exception):
    """More bytes have come than are taken."""


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
            await _refuse(scope, receive, send)
            return
        seen, begun = 0, False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > LARGEST:
                raise TooLargeError
            return message

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except TooLargeError:
            if begun:
                raise
            await _refuse(scope, receive, send)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    problem = ProblemError(
        413, f"the body has more than {LARGEST} bytes", f"send at most {LARGEST} bytes",
        headers={"Connection": "close"},
    )  # fmt: skip
    await response(problem)(scope, receive, send)


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
