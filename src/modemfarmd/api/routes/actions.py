# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be done to a modem. Each action is an operation, and can be asked for again safely."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from modemfarm.at import policy
from modemfarm.at.permit import Role
from modemfarm.errors import CommandRefusedError
from modemfarm.hold import parse_time
from modemfarm.hold import place as placed

from ...registry.browse import Browser
from ...registry.db import Row
from ...registry.operations import OperationBook
from .. import models, shapes
from ..access import unknown_modem
from ..actions import Order
from ..gate import Caller
from ..openapi import problems
from ..parts import Parts
from ..payload import answer
from ..problem import ProblemError, not_found
from .common import Has, Who

router = APIRouter(tags=["actions"])
_PROBLEMS = problems(404, 409, 422, 504)


@router.post(
    "/api/modems/{serial}/command",
    response_model=shapes.Operation,
    responses=_PROBLEMS,
    name="command",
)
def command(
    who: Who, parts: Has, serial: models.Serial, body: models.Command, key: models.Key = None
) -> Response:
    """Send one AT command and wait for the answer. A modem that says ERROR has answered, too."""
    role = who.principal.role
    try:
        permit = policy.permit(body.command, role)
    except CommandRefusedError as error:
        refused = who.entry("command", "refused", serial, command=error.command, why=error.message)
        with parts.audit.doing(refused):
            pass
        raise
    return _run(
        parts, who, serial, "command", {"command": permit.shown}, key,
        lambda: parts.agent.command(serial, permit.text, role, who.actor, who.correlation),
    )  # fmt: skip


@router.post(
    "/api/modems/{serial}/restart",
    status_code=202,
    response_model=shapes.Operation,
    responses=_PROBLEMS,
    name="restart",
)
def restart(
    who: Who, parts: Has, serial: models.Serial, body: models.Restart, key: models.Key = None
) -> Response:
    """Begin a step of the repair ladder. It takes up to some minutes: watch the operation."""
    _at_home(parts, who, serial)
    order = Order(who.entry("restart", "begun", serial, step=body.step), key)
    row, again = parts.actions.start(
        order,
        lambda: parts.agent.restart(serial, body.step, who.actor, who.correlation),
    )
    return answer(row, 202, _headers(row, again))


@router.put(
    "/api/modems/{serial}/hold",
    response_model=shapes.Operation,
    responses=_PROBLEMS,
    name="hold",
)
def hold(
    who: Who, parts: Has, serial: models.Serial, body: models.Hold, key: models.Key = None
) -> Response:
    """Keep every automatic write off the modem until then. Again: the new end and reason count."""
    until = parse_time(body.until)
    placed(until, who.actor, body.reason, parts.now())
    asked = {"until": until.isoformat(), "reason": body.reason}
    return _run(
        parts, who, serial, "hold", asked, key,
        lambda: parts.agent.hold(serial, until, body.reason, who.actor),
    )  # fmt: skip


@router.delete(
    "/api/modems/{serial}/hold",
    response_model=shapes.Operation,
    responses=_PROBLEMS,
    name="release",
)
def release(who: Who, parts: Has, serial: models.Serial, key: models.Key = None) -> Response:
    """End a hold before its time."""
    return _run(
        parts, who, serial, "release", {}, key, lambda: parts.agent.release(serial, who.actor)
    )


@router.get(
    "/api/operations/{operation}",
    response_model=shapes.Operation,
    responses=problems(404, 422),
    name="operation",
)
def operation(who: Who, parts: Has, operation: models.OperationId) -> Response:
    """What became of an action: one's own, or for operators any on a modem of theirs."""
    with parts.pool.database() as database:
        row = OperationBook(database).find(operation)
    if row is None or not _may_see(row, who):
        raise not_found("operation", operation, "the answer to the action names it")
    return answer(row)


def _may_see(row: Row, who: Caller) -> bool:
    if row["actor"] == who.actor:
        return True
    theirs = row["serial"] is not None and who.principal.may_see(row["serial"])
    return theirs and who.principal.role is not Role.VIEWER


def _run(
    parts: Parts,
    who: Caller,
    serial: str,
    action: str,
    asked: dict[str, Any],
    key: str | None,
    deed: Callable[[], dict[str, Any]],
) -> Response:
    _at_home(parts, who, serial)
    row, again = parts.actions.run(Order(who.entry(action, "begun", serial, **asked), key), deed)
    problem = row["problem"]
    if problem is not None:
        raise ProblemError(
            problem["status"], problem["detail"], problem["remedy"], problem["errors"],
            _headers(row, again) | ({"Retry-After": "5"} if problem["status"] == 503 else {}),
        )  # fmt: skip
    return answer(row, 200, _headers(row, again))


def _at_home(parts: Parts, who: Caller, serial: str) -> None:
    """Only the agent of its own host can do something to a modem."""
    with parts.pool.database() as database:
        row = Browser(database, who.principal.modems).modem(serial)
    if row is None:
        raise unknown_modem(serial)
    if row["host"] != parts.farm.host:
        raise ProblemError(
            409, f"modem {serial} is at host {row['host']}", f"ask the API of {row['host']}"
        )


def _headers(row: Row, again: bool) -> dict[str, str]:
    found = {"Location": f"/api/operations/{row['id']}"}
    return found | ({"Idempotency-Replayed": "true"} if again else {})
