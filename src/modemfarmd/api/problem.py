# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors as `application/problem+json` (RFC 9457), each with its remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from modemfarm.errors import (
    CommandRefusedError,
    CommandTimeoutError,
    FarmError,
    InvalidValueError,
    NotPermittedError,
    PortBusyError,
    PortGoneError,
    TransientError,
)
from modemfarm.hold import HeldError

from ..errors import DatabaseGoneError
from ..line.client import BadInputError, NoServerError, RefusedError
from ..registry.audit import AuditError
from ..text import printable
from .accounts.tokens import BadTokenError
from .payload import encode

MEDIA_TYPE = "application/problem+json"
RETRY_S = 5  # a database that restarts is back after some seconds
LONGEST_VALUE = 80
# The most particular classes first.
_STATUS: tuple[tuple[type[FarmError], int], ...] = (
    (DatabaseGoneError, 503), (AuditError, 503), (NoServerError, 503),
    (BadTokenError, 401), (CommandRefusedError, 403), (NotPermittedError, 403),
    (BadInputError, 422), (InvalidValueError, 422),
    (HeldError, 409), (PortBusyError, 409), (PortGoneError, 409), (RefusedError, 409),
    (CommandTimeoutError, 504), (TransientError, 503),
)  # fmt: skip
_TITLES = {
    400: "bad request", 401: "who are you?", 403: "not allowed", 404: "not found",
    405: "method not allowed", 409: "not now", 413: "too large", 415: "not JSON",
    422: "a value is not allowed", 429: "too many requests", 500: "a mistake of ours",
    503: "not available", 504: "no answer in time",
}  # fmt: skip


class ProblemError(FarmError):
    """An answer that says no; raised anywhere below the app."""

    def __init__(
        self,
        status: int,
        message: str,
        remedy: str,
        errors: Sequence[dict[str, Any]] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message, remedy)
        self.status = status
        self.errors = list(errors)
        self.headers = headers or {}


def not_found(what: str, value: object, remedy: str) -> ProblemError:
    """404 for one thing that is not there, or not for this caller: he cannot tell which."""
    return ProblemError(404, f"there is no {what} {shown(value)}", remedy)


def shown(value: object) -> str:
    """A value of the caller's in an error: short, on one line, nothing hostile in it."""
    return printable(repr(value), LONGEST_VALUE)


def as_problem(error: FarmError) -> ProblemError:
    """The answer that an error of ours becomes."""
    if isinstance(error, ProblemError):
        return error
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    headers = {"Retry-After": str(RETRY_S)} if status == 503 else {}
    if status == 401:
        headers = {"WWW-Authenticate": 'Bearer realm="modemfarm", error="invalid_token"'}
    message = "the database is away" if isinstance(error, DatabaseGoneError) else error.message
    return ProblemError(
        status, printable(message), printable(error.remedy), _fields(error), headers
    )


def _fields(error: FarmError) -> list[dict[str, Any]]:
    if not isinstance(error, InvalidValueError) or not error.field:
        return []
    value = error.message.removeprefix(f"{error.field} is ")
    return [
        {
            "field": error.field,
            "value": printable(value, LONGEST_VALUE),
            "allowed": printable(error.remedy.removeprefix("allowed: ")),
            "remedy": "send a value that is allowed",
        }
    ]


def document(error: ProblemError, correlation: str | None) -> dict[str, Any]:
    """The body. `errors` has one entry per value that is not allowed."""
    return {
        "type": "about:blank",
        "title": _TITLES.get(error.status, "an error"),
        "status": error.status,
        "detail": error.message,
        "remedy": error.remedy,
        "errors": error.errors,
        "correlation": correlation,
    }


def response(error: FarmError, correlation: str | None = None) -> Response:
    """The whole answer."""
    found = as_problem(error)
    body = encode(document(found, correlation))
    return Response(body, found.status, found.headers, MEDIA_TYPE)
