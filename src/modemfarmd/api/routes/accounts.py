# SPDX-License-Identifier: GPL-3.0-or-later
"""What an admin does: accounts of people, tokens of programs, and reading the audit."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from modemfarm.errors import InvalidValueError

from ...registry.audit import AuditBook
from ...registry.sessions import SessionBook
from ...registry.users import TokenBook, UserBook
from .. import models, shapes
from ..accounts.secrets import new_api
from ..openapi import problems
from ..payload import a_number, after, answer, page
from ..problem import ProblemError, not_found
from .common import Has, Who

router = APIRouter(tags=["administration"])


@router.get("/api/users", response_model=shapes.Users, responses=problems(), name="users")
def users(parts: Has) -> Response:
    """All accounts."""
    with parts.pool.database() as database:
        return answer({"items": UserBook(database).all()})


@router.post(
    "/api/users",
    status_code=201,
    response_model=shapes.UserShape,
    responses=problems(422),
    name="add-user",
)
def add_user(who: Who, parts: Has, body: models.NewUser) -> Response:
    """A new account."""
    hash_ = parts.passwords.hash(body.password)
    entry = who.entry("user-added", user=body.name, role=body.role, modems=body.modems)
    with parts.audit.doing(entry) as database:
        row = UserBook(database).add(body.name, hash_, body.role, body.modems)
    return answer(row, 201)


@router.patch(
    "/api/users/{name}",
    response_model=shapes.UserShape,
    responses=problems(404, 409, 422),
    name="change-user",
)
def change_user(who: Who, parts: Has, name: models.Name, body: models.ChangedUser) -> Response:
    """Change an account; all its log-ins end. One's own is changed by somebody else."""
    changes = {k: v for k, v in models.given(body).items() if v is not None or k == "modems"}
    if not changes:
        raise InvalidValueError("body", {}, "at least one of password, role, modems, enabled")
    if who.principal.session is not None and name == who.principal.name:
        raise ProblemError(
            409, "nobody changes his own account here", "POST /api/auth/password, or another admin"
        )
    told = {k: v for k, v in changes.items() if k != "password"}
    told |= {"password": "changed"} if "password" in changes else {}
    if "password" in changes:
        changes["password_hash"] = parts.passwords.hash(changes.pop("password"))
    if "modems" in changes:
        changes["all_modems"] = changes["modems"] is None
    with parts.audit.doing(who.entry("user-changed", user=name, **told)) as database:
        row = UserBook(database).change(name, **changes)
        if row is None:
            raise not_found("user", name, "GET /api/users lists them")
        SessionBook(database).end_of(row["id"], "account-changed")
    return answer(row)


@router.get("/api/tokens", response_model=shapes.Tokens, responses=problems(), name="tokens")
def tokens(parts: Has) -> Response:
    """All programs' tokens, revoked ones too, without their secrets."""
    with parts.pool.database() as database:
        return answer({"items": TokenBook(database).all()})


@router.post(
    "/api/tokens",
    status_code=201,
    response_model=shapes.IssuedToken,
    responses=problems(422),
    name="add-token",
)
def add_token(who: Who, parts: Has, body: models.NewToken) -> Response:
    """A token for a program. Its text is in this answer and nowhere else."""
    secret = new_api()
    expires = parts.now() + timedelta(days=body.days)
    entry = who.entry("token-added", token=body.name, role=body.role, modems=body.modems,
                      expires=expires.isoformat())  # fmt: skip
    with parts.audit.doing(entry) as database:
        row = TokenBook(database).add(
            secret.id, body.name, secret.hash, body.role, body.modems, who.actor, expires
        )
    return answer(row | {"token": secret.text}, 201, {"Cache-Control": "no-store"})


@router.delete(
    "/api/tokens/{name}", status_code=204, responses=problems(404, 422), name="revoke-token"
)
def revoke_token(who: Who, parts: Has, name: models.Name) -> Response:
    """The token counts no more."""
    with parts.audit.doing(who.entry("token-revoked", token=name)) as database:
        if not TokenBook(database).revoke(name):
            raise not_found("token", name, "GET /api/tokens lists them")
    return Response(status_code=204)


@router.get("/api/audit", response_model=shapes.AuditPage, responses=problems(422), name="audit")
def audit(parts: Has, wanted: Annotated[models.AuditQuery, Query()]) -> Response:
    """Who did what, newest first."""
    (before,) = after(wanted.cursor, a_number)
    filters = wanted.model_dump(exclude={"limit", "cursor"})
    with parts.pool.database() as database:
        rows = AuditBook(database).newest(wanted.limit + 1, before=before, **filters)
    return answer(page(rows, wanted.limit, lambda row: [row["id"]]))
