# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers as JSON, their ETags, and the cursors of pages.

JSON is ASCII: a terminal or a page that gets it sees no control or bidi character of a modem.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from modemfarm.errors import InvalidValueError

from ..registry.db import Row

MEDIA_TYPE = "application/json"
LONGEST_CURSOR = 200


def encode(document: object) -> bytes:
    """Compact JSON; times as 2026-01-31T18:00:00.123456Z."""
    return json.dumps(document, separators=(",", ":"), default=_plain).encode("ascii")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def answer(document: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer that nobody keeps."""
    return Response(encode(document), status, headers, MEDIA_TYPE)


def tagged(request: Request, document: object) -> Response:
    """An answer with its ETag; 304 without a body when the caller has it already."""
    body = encode(document)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if _has(request.headers.get("if-none-match"), etag):
        return Response(None, 304, headers)
    return Response(body, 200, headers, MEDIA_TYPE)


def _has(sent: str | None, etag: str) -> bool:
    if sent is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in sent.split(",")}
    return etag in tags or "*" in tags


def page(rows: list[Row], limit: int, cursor: Callable[[Row], list[Any]]) -> dict[str, Any]:
    """{items, next} of rows that were asked for with limit + 1; next None on the last page."""
    items = rows[:limit]
    more = len(rows) > limit
    return {"items": items, "next": _cursor(cursor(items[-1])) if more else None}


def _cursor(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(encode(values)).decode().rstrip("=")


def after(text: str | None, *kinds: Callable[[Any], Any]) -> list[Any]:
    """The values in a cursor, one per kind (None for each without a cursor). InvalidValueError."""
    if text is None:
        return [None] * len(kinds)
    try:
        if len(text) > LONGEST_CURSOR or not text.isascii():
            raise ValueError("too long")
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(values, list):
            raise TypeError("no list")
        return [kind(value) for kind, value in zip(kinds, values, strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
        raise InvalidValueError("cursor", text, "the `next` of an earlier page") from error


def a_time(value: object) -> datetime:
    """A time in a cursor."""
    found = datetime.fromisoformat(value if isinstance(value, str) else "")
    if found.tzinfo is None or not 1970 <= found.year <= 9000:
        raise ValueError("no time of ours")
    return found


def a_number(value: object) -> int:
    """An id in a cursor."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise ValueError("no number of ours")
    return value


def a_text(value: object) -> str:
    """A name in a cursor."""
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError("no text of ours")
    return value
