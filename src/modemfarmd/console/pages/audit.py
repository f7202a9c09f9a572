# SPDX-License-Identifier: GPL-3.0-or-later
"""Who did what, for admins: filtered, page by page, newest first."""

from __future__ import annotations

from typing import Any

from nicegui import ui
from starlette.requests import Request

from .context import Visit
from .frame import SLOW_S, page
from .table import moment, table

ROWS = 100
_COLUMNS = ("No.", "Time", "Who", "From", "Action", "Modem", "Outcome", "Correlation", "Detail")


def register() -> None:
    """Add the page."""
    ui.page("/audit", response_timeout=SLOW_S)(audit)


async def audit(request: Request) -> None:
    """The audit."""
    with page(request, "Audit", "Audit") as visit:
        if not visit.rules:
            ui.label("The audit is for admins of the whole farm.").props("role=alert")
            return
        await _browser(visit)


async def _browser(visit: Visit) -> None:
    with ui.element("div").classes("filters").props('role=search aria-label="Filter the audit"'):
        fields = {
            "actor": ui.input("Who (api:alice)"),
            "serial": ui.input("Modem (IMEI)"),
            "action": ui.input("Action (restart)"),
        }
        for field in fields.values():
            field.props("dense outlined clearable")
        look = ui.button("Look").props("no-caps color=primary")
        newer = ui.button("Newest").props("no-caps outline")
        older = ui.button("Older").props("no-caps outline")
    said = ui.label().props("role=status")
    found = table(_COLUMNS, [], "No row fits.", chips=("Outcome",), mono=("Detail",))
    following: list[str | None] = [None]

    async def read(cursor: str | None = None) -> None:
        wanted = {name: (field.value or "").strip() or None for name, field in fields.items()}
        answer = await visit.rest.get("/api/audit", limit=ROWS, cursor=cursor, **wanted)
        if not answer.good:
            said.set_text(answer.problem)
            return
        items = answer.document["items"]
        following[0] = answer.document["next"]
        older.set_enabled(following[0] is not None)
        newer.set_enabled(cursor is not None)
        said.set_text(f"{len(items)} rows{', older ones follow' if following[0] else ''}. "
                      "`modemfarm audit verify` on the host checks the chain.")  # fmt: skip
        found.rows = [_row(one) for one in items]

    look.on_click(lambda: read())
    newer.on_click(lambda: read())
    older.on_click(lambda: read(following[0]))
    for field in fields.values():
        field.on("keydown.enter", lambda: read())
    await read()


def _row(one: dict[str, Any]) -> dict[str, Any]:
    from .table import text

    values = (
        one["id"], moment(one["at"]), one["actor"], one["address"], one["action"], one["serial"],
        one["outcome"], one["correlation"], one["detail"],
    )  # fmt: skip
    return {"id": one["id"]} | {
        name: text(value) for name, value in zip(_COLUMNS, values, strict=True)
    }
