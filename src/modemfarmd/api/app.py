# SPDX-License-Identifier: GPL-3.0-or-later
"""The app: routes, what every request passes, and how errors look."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from modemfarm.errors import FarmError

from .gate import Gate
from .limits import REMEDY, BodyLimit, SafeHeaders
from .openapi import describe
from .parts import Parts
from .problem import ProblemError, response, shown
from .routes import accounts, actions, auth, health, live, metrics, modems

log = logging.getLogger("modemfarm.api")

ROUTERS = (health.router, auth.router, modems.router, actions.router, accounts.router,
           live.router, metrics.router)  # fmt: skip
VERSION = "1"  # of the API; what is added is no other version
_HIDDEN = ("password", "new_password", "refresh_token", "token")


def make_app(parts: Parts) -> FastAPI:
    """The app over these parts. Nothing is connected before the first request."""
    app = FastAPI(version=VERSION, openapi_url=None, docs_url=None, redoc_url=None)
    app.state.parts = parts
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    app.add_exception_handler(FarmError, _farm_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _mistake)
    # The last that is added is the first to see a request.
    app.add_middleware(Gate, parts=parts, routes=app.router.routes)
    app.add_middleware(BodyLimit)
    if parts.settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(parts.settings.origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"],
            expose_headers=["ETag", "Location", "X-Correlation-Id", "Retry-After"],
        )
    app.add_middleware(SafeHeaders)
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = describe(app)
    return app.openapi_schema


def _correlation(request: Request) -> str | None:
    return getattr(request.state, "correlation", None)


def _farm_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, FarmError)  # noqa: S101 - what the handler is registered for
    return response(error, _correlation(request))


def _http_error(request: Request, error: Exception) -> Response:
    """What Starlette and FastAPI themselves refuse."""
    assert isinstance(error, HTTPException)  # noqa: S101 - what the handler is registered for
    status = error.status_code
    remedies = {400: "send one JSON document in UTF-8", 413: REMEDY}
    remedy = remedies.get(status, "GET /api/openapi.json says what is taken")
    problem = ProblemError(status, str(error.detail), remedy, headers=dict(error.headers or {}))
    return response(problem, _correlation(request))


def _invalid(request: Request, error: Exception) -> Response:
    """A value that is not as OpenAPI says: which, what it was, what is allowed."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    found = [_field(entry) for entry in error.errors()]
    first = found[0]
    problem = ProblemError(
        422,
        f"{first['field']} is {first['value']}; allowed: {first['allowed']}",
        "send values that are allowed; GET /api/openapi.json describes them",
        found,
    )
    return response(problem, _correlation(request))


def _field(entry: dict[str, Any]) -> dict[str, Any]:
    place = [str(part) for part in entry["loc"]]
    name = ".".join(place[1:] or place)
    hidden = any(part in _HIDDEN for part in place)
    value = "(not shown)" if hidden else shown(entry.get("input"))
    return {
        "field": shown(name)[1:-1],
        "value": value,
        "allowed": str(entry["msg"]),
        "remedy": "send a value that is allowed",
    }


def _mistake(request: Request, error: Exception) -> Response:
    log.error("%s %s", request.method, request.url.path, exc_info=error)
    problem = ProblemError(
        500, "a mistake of ours", "report it with the correlation id: journalctl -u modemfarm-api"
    )
    return response(problem, _correlation(request))
