# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in, going on, logging out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from modemfarm.at.policy import describe

from .. import models, shapes
from ..accounts.log_in import LogIns
from ..accounts.tickets import Tickets
from ..openapi import problems
from ..payload import answer
from .common import Has, Who

router = APIRouter(tags=["accounts"])
_PRIVATE = {"Cache-Control": "no-store"}


@router.post(
    "/api/auth/token",
    response_model=shapes.Granted,
    responses=problems(401, 422, 429),
    name="log-in",
)
def token(request: Request, parts: Has, body: models.LogIn) -> Response:
    """A log-in: an access token for 15 minutes, and a refresh token that counts once."""
    granted = LogIns(parts).begin(body.username, body.password, request)
    return answer(granted, headers=_PRIVATE)


@router.post(
    "/api/auth/refresh",
    response_model=shapes.Granted,
    responses=problems(401, 422),
    name="refresh",
)
def refresh(request: Request, parts: Has, body: models.Refresh) -> Response:
    """New tokens for the old refresh token. One that comes twice ends the log-in: it was stolen."""
    return answer(LogIns(parts).go_on(body.refresh_token, request), headers=_PRIVATE)


@router.post("/api/auth/logout", status_code=204, responses=problems(409), name="log-out")
def logout(who: Who, parts: Has) -> Response:
    """The log-in and all its tokens end now."""
    LogIns(parts).end(who)
    return Response(status_code=204)


@router.post(
    "/api/auth/password", status_code=204, responses=problems(409, 422, 429), name="password"
)
def password(who: Who, parts: Has, body: models.NewSecret) -> Response:
    """Another password for oneself. All one's log-ins end."""
    LogIns(parts).change_password(who, body.password, body.new_password)
    return Response(status_code=204)


@router.post("/api/auth/ticket", response_model=shapes.Ticket, responses=problems(), name="ticket")
def ticket(who: Who, parts: Has) -> Response:
    """What opens one WebSocket, within 30 seconds."""
    text, expires = Tickets(parts).issue(who.principal)
    left = max(0, int((expires - parts.now()).total_seconds()))
    return answer({"ticket": text, "expires_in": left}, headers=_PRIVATE)


@router.get("/api/me", response_model=shapes.Me, responses=problems(), name="me")
def me(who: Who) -> Response:
    """Who the caller is, and which AT commands he may send."""
    found = who.principal
    return answer(
        {
            "name": found.name,
            "actor": found.actor,
            "role": found.role.value,
            "modems": None if found.modems is None else sorted(found.modems),
            "expires": found.expires,
            "commands": [form.command for form in describe(found.role)],
        }
    )
