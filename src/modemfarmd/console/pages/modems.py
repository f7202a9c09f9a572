# SPDX-License-Identifier: GPL-3.0-or-later
"""The first page: all modems, and what may be done to several of them."""

from __future__ import annotations

from nicegui import ui
from starlette.requests import Request

from ..elements import ModemTable
from ..hub import Rows
from .bulk import BulkBar
from .frame import page


def register() -> None:
    """Add the page."""
    ui.page("/")(modems)


def modems(request: Request) -> None:
    """The list."""
    tables: list[ModemTable] = []

    def changed(rows: Rows, gone: list[str]) -> None:
        for table in tables:
            table.patch([{"serial": serial, **fields} for serial, fields in rows.items()], gone)

    with page(request, "Modems", "Modems", changed) as visit:
        ui.label("Modems").classes("sr-only").props("role=heading aria-level=1")
        bar = BulkBar(visit) if visit.operates else None
        rows = visit.console.hub.rows(visit.caller.principal)
        table = ModemTable(rows, choose=visit.operates).classes("live-data")
        tables.append(table)
        if bar is not None:
            bar.serves(table)
            table.on("selected", lambda event: bar.choose(event.args))
