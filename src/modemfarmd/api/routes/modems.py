# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of modems: list, one, its log, events, holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ...registry.browse import Browser
from ...registry.db import Row
from ...registry.exits import Asked, find_exits, span
from .. import models, shapes
from ..access import unknown_modem
from ..openapi import problems
from ..payload import a_number, a_text, a_time, after, page, tagged
from .common import Has, Who

router = APIRouter(tags=["modems"])


@router.get(
    "/api/modems", response_model=shapes.ModemPage, responses=problems(304, 422), name="modems"
)
def modems(
    request: Request, who: Who, parts: Has, wanted: Annotated[models.ModemQuery, Query()]
) -> Response:
    """The modems that the caller may see, by host and slot."""
    host, slot = after(wanted.cursor, a_text, a_number)
    filters = wanted.model_dump(exclude={"limit", "cursor"})
    with parts.pool.database() as database:
        rows = Browser(database, who.principal.modems).modems(
            wanted.limit + 1, after_host=host, after_slot=slot, **filters
        )
    return tagged(request, page(rows, wanted.limit, lambda row: [row["host"], row["slot"]]))


@router.get(
    "/api/modems/{serial}",
    response_model=shapes.ModemShape,
    responses=problems(304, 404, 422),
    name="modem",
)
def modem(request: Request, who: Who, parts: Has, serial: models.Serial) -> Response:
    """Everything known of one modem."""
    with parts.pool.database() as database:
        row = Browser(database, who.principal.modems).modem(serial)
    if row is None:
        raise unknown_modem(serial)
    return tagged(request, row)


@router.get(
    "/api/modems/{serial}/logs",
    response_model=shapes.LogPage,
    responses=problems(304, 404, 422),
    name="logs",
)
def logs(
    request: Request,
    who: Who,
    parts: Has,
    serial: models.Serial,
    wanted: Annotated[models.LogQuery, Query()],
) -> Response:
    """What was said to a modem and what it answered, newest first."""
    at, before = after(wanted.cursor, a_time, a_number)
    filters = wanted.model_dump(exclude={"limit", "cursor"})
    with parts.pool.database() as database:
        browser = Browser(database, who.principal.modems)
        rows = browser.logs(serial, wanted.limit + 1, at=at, before=before, **filters)
        if not rows and browser.modem(serial) is None:
            raise unknown_modem(serial)
    return tagged(request, page(rows, wanted.limit, _place))


@router.get(
    "/api/events", response_model=shapes.EventPage, responses=problems(304, 422), name="events"
)
def events(
    request: Request, who: Who, parts: Has, wanted: Annotated[models.EventQuery, Query()]
) -> Response:
    """What happened, newest first. A caller who is limited to some modems sees theirs only."""
    at, before = after(wanted.cursor, a_time, a_number)
    filters = wanted.model_dump(exclude={"limit", "cursor"})
    with parts.pool.database() as database:
        rows = Browser(database, who.principal.modems).events(
            wanted.limit + 1, at=at, before=before, **filters
        )
    return tagged(request, page(rows, wanted.limit, _place))


@router.get(
    "/api/holds", response_model=shapes.HoldPage, responses=problems(304, 422), name="holds"
)
def holds(
    request: Request, who: Who, parts: Has, wanted: Annotated[models.HoldQuery, Query()]
) -> Response:
    """Who holds which modem, newest first; with active=false those that have ended as well."""
    at, before = after(wanted.cursor, a_time, a_number)
    with parts.pool.database() as database:
        rows = Browser(database, who.principal.modems).holds(
            wanted.limit + 1, wanted.active, at=at, before=before, serial=wanted.serial
        )
    return tagged(request, page(rows, wanted.limit, _place))


@router.get(
    "/api/exits", response_model=shapes.ExitPage, responses=problems(304, 422), name="exits"
)
def exits(
    request: Request, who: Who, parts: Has, wanted: Annotated[models.ExitQuery, Query()]
) -> Response:
    """Which modem had which exit address when, oldest first. Whose client it was is in the journal
    of the modem's host: `modemfarm exits` there.
    """
    since, until = span(wanted.at, wanted.since, wanted.until, datetime.now(UTC))
    at, number = after(wanted.cursor, a_time, a_number)
    asked = Asked(since, until, wanted.address, wanted.serial)
    with parts.pool.database() as database:
        rows = find_exits(
            database, asked, wanted.limit + 1, who.principal.modems,
            None if at is None else (at, number),
        )  # fmt: skip
    found = page(rows, wanted.limit, lambda row: [row["since"], row["id"]])
    found["items"] = [{k: v for k, v in row.items() if k != "id"} for row in found["items"]]
    return tagged(request, found)


def _place(row: Row) -> list[object]:
    return [row["at"], row["id"]]
