# SPDX-License-Identifier: GPL-3.0-or-later
"""A modem's page: what it is, how it stands, its signal, what was said, done and seen."""

from __future__ import annotations

import asyncio
import re

from nicegui import ui
from starlette.requests import Request

from ...registry.db import Row
from ..deeds import Deed
from ..elements import ModemTable
from ..history import Past, read_past
from ..hub import Rows
from . import modem_parts as parts
from .bulk import hold_dialog, restart_dialog, run_dialog
from .command import command_box
from .context import Visit
from .frame import SLOW_S, page

_SERIAL = re.compile(r"[0-9]{15}\Z")


def register() -> None:
    """Add the page."""
    ui.page("/modem/{serial}", response_timeout=SLOW_S)(modem)


async def modem(request: Request, serial: str) -> None:
    """One modem."""
    tables: list[ModemTable] = []
    named = serial if _SERIAL.match(serial) else "?"  # nothing of an address gets into properties

    def changed(rows: Rows, gone: list[str]) -> None:
        if serial in rows or serial in gone:
            for table in tables:
                fields = rows.get(serial)
                table.patch([] if fields is None else [{"serial": serial, **fields}],
                            [serial] if serial in gone else [])  # fmt: skip

    with page(request, f"Modem {named}", "Modem", changed) as visit:
        with ui.row().classes("middle w-full"):
            ui.label(f"Modem {named}").props("role=heading aria-level=1").style(
                "font-size:20px;font-weight:600"
            )
            ui.space()
            actions = ui.row().classes("farm-act")
        if named != serial:
            ui.label("An IMEI has 15 digits.").props("role=alert")
            return
        answer = await visit.rest.get(f"/api/modems/{serial}")
        if not answer.good:
            ui.label(answer.problem).props("role=alert").classes("panel")
            return
        if visit.operates:
            with actions:
                _actions(visit, serial)
        row = visit.console.hub.row(visit.caller.principal, serial)
        if row is not None:
            tables.append(ModemTable([row], choose=False).classes("live-data single"))
        past = await asyncio.to_thread(read_past, visit.console.parts, answer.document, serial)
        await _rest_of(visit, serial, answer.document, past)


def _actions(visit: Visit, serial: str) -> None:
    ui.button("Restart…", on_click=lambda: restart_dialog(visit, [serial])).props(
        "dense no-caps color=primary"
    )
    ui.button("Hold…", on_click=lambda: hold_dialog(visit, [serial])).props("dense no-caps outline")
    ui.button(
        "Release", on_click=lambda: run_dialog(visit, "Release", [serial], Deed("DELETE", "hold"))
    ).props("dense no-caps outline")


async def _rest_of(visit: Visit, serial: str, facts: Row, past: Past) -> None:
    with ui.element("div").classes("panels"):
        parts.facts(facts)
        parts.standing(facts)
    parts.chart(past.samples)
    await command_box(visit, serial)
    with ui.element("div").classes("panel data"):
        with ui.tabs().props("dense no-caps align=left") as tabs:
            names = ["Log", "Events", "Repairs", "Addresses", "SIMs and places"]
            for name in names:
                ui.tab(name)
        with ui.tab_panels(tabs, value="Log", animated=False).classes("w-full bg-transparent"):
            with ui.tab_panel("Log").classes("q-pa-none"):
                await parts.log(visit, serial)
            with ui.tab_panel("Events").classes("q-pa-none"):
                await parts.events(visit, serial)
            with ui.tab_panel("Repairs").classes("q-pa-none"):
                parts.repairs(past.repairs)
            with ui.tab_panel("Addresses").classes("q-pa-none"):
                parts.addresses(past.bearers)
            with ui.tab_panel("SIMs and places").classes("q-pa-none"):
                parts.sims_and_places(past.sims, past.places)
