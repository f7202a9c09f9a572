# SPDX-License-Identifier: GPL-3.0-or-later
"""The API as a program in the same process would use it: the console acts by nothing else.

So a click passes the same gate, is checked by the same models, and leaves the same rows in
operations and audit as a request from outside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.types import ASGIApp, Message

from ..api.gate import Caller
from ..api.parts import Parts


@dataclass(frozen=True)
class Answer:
    """What the API said; `document` {} for an answer without a body."""

    status: int
    document: dict[str, Any]

    @property
    def good(self) -> bool:
        """Was it done, or begun?"""
        return self.status < 400

    @property
    def problem(self) -> str:
        """What was wrong and what to do about it, in one line."""
        detail = self.document.get("detail") or f"the API answered {self.status}"
        remedy = self.document.get("remedy")
        return f"{detail}: {remedy}" if remedy else str(detail)


class Rest:
    """The API for one caller: his log-in, from his address."""

    def __init__(self, api: ASGIApp, parts: Parts, caller: Caller) -> None:
        self._api = api
        self._parts = parts
        self._caller = caller

    async def get(self, path: str, **query: object) -> Answer:
        """Conditions that are None are left out."""
        return await self.call("GET", path, query={k: v for k, v in query.items() if v is not None})

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        query: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Answer:
        """Ask. What goes wrong is an answer, too."""
        who = self._caller.principal
        token, _ = self._parts.tokens.issue(str(who.session), who.name)
        headers = [(b"host", b"console"), (b"authorization", f"Bearer {token}".encode())]
        raw = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            headers += [(b"content-type", b"application/json"),
                        (b"content-length", str(len(raw)).encode())]  # fmt: skip
        if key is not None:
            headers.append((b"idempotency-key", key.encode()))
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
            "scheme": "https", "path": path, "raw_path": path.encode(), "root_path": "",
            "query_string": urlencode(query or {}).encode(), "headers": headers,
            "client": (self._caller.address, 0), "server": ("console", 443),
        }  # fmt: skip
        return await self._run(scope, raw)

    async def _run(self, scope: dict[str, Any], raw: bytes) -> Answer:
        sent: list[Message] = []
        waiting = [{"type": "http.request", "body": raw, "more_body": False}]

        async def receive() -> Message:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._api(scope, receive, send)
        status = next(m["status"] for m in sent if m["type"] == "http.response.start")
        said = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
        return Answer(status, json.loads(said) if said else {})
