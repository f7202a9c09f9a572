# SPDX-License-Identifier: GPL-3.0-or-later
"""The farm: what needs a look, agents and their queues, what was asked of it, room for more."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from nicegui import ui
from starlette.requests import Request

from ...registry.db import Row
from ..agent_gauges import Gauges, read_gauges
from ..alarms import alarms
from ..usb_room import read_room
from .context import Visit
from .frame import SLOW_S, page
from .table import facts, heading, moment, table

EVERY_S = 5.0
ROWS = 30


def register() -> None:
    """Add the page."""
    ui.page("/farm", response_timeout=SLOW_S)(farm)


async def farm(request: Request) -> None:
    """All of it at a glance."""
    with page(request, "Farm", "Farm") as visit:
        ui.label("Farm").classes("sr-only").props("role=heading aria-level=1")
        whole = visit.caller.principal.modems is None

        @ui.refreshable
        def live() -> None:
            gauges = read_gauges(visit.console.parts.settings.agent.parent) if whole else None
            _alarms(visit, gauges)
            with ui.element("div").classes("panels"):
                _states(visit)
                if whole:
                    _hosts(visit)
                    _agent(visit, gauges)

        with (
            ui.element("div")
            .classes("live-data w-full")
            .style("display:grid;gap:14px;grid-template-columns:minmax(0,1fr)")
        ):
            live()
        ui.timer(EVERY_S, live.refresh, immediate=False)
        await _operations(visit)
        await _events(visit)
        if whole:
            await _room()


def _alarms(visit: Visit, gauges: Gauges | None) -> None:
    hub = visit.console.hub
    rows = hub.rows(visit.caller.principal)
    found = alarms(rows, hub.hosts if gauges is not None else (), gauges,
                   visit.console.parts.now())  # fmt: skip
    with ui.element("section").classes("panel").props('aria-label="Alarms"'):
        heading(f"Needs a look ({len(found)})" if found else "Nothing needs a look")
        for alarm in found:
            with ui.element("div").classes("alarm"):
                ui.label(alarm.level).classes(f"chip s-{alarm.level}")
                with ui.element("div"):
                    if alarm.serial:
                        ui.link(alarm.serial, f"/modem/{alarm.serial}")
                    ui.label(alarm.text)
                    if alarm.remedy:
                        ui.label(alarm.remedy).classes("dim")


def _states(visit: Visit) -> None:
    rows = visit.console.hub.rows(visit.caller.principal)
    counts = Counter(row["state"] for row in rows)
    stale = sum(bool(row["stale"]) for row in rows)
    with ui.element("div").classes("panel"):
        heading(f"{len(rows)} modems")
        with ui.element("div").classes("summary"):
            for state, count in counts.most_common():
                ui.label(f"{count} {state}").classes(f"chip s-{state}")
            if stale:
                ui.label(f"{stale} stale").classes("chip s-stale")


def _hosts(visit: Visit) -> None:
    hub = visit.console.hub
    with ui.element("div").classes("panel"):
        heading("Hosts")
        for host in hub.hosts:
            facts([
                ("Host", host["name"]), ("Modems", host["modems"]),
                ("Agent", host["agent_version"]), ("Last sign of life", moment(host["last_seen"])),
            ])  # fmt: skip
        if not hub.hosts:
            ui.label("No agent has said anything yet.").classes("dim")


def _agent(visit: Visit, gauges: Gauges | None) -> None:
    with ui.element("div").classes("panel"):
        heading(f"Agent of {visit.console.parts.farm.host}")
        if gauges is None or gauges.numbers is None:
            ui.label(gauges.problem if gauges else "").props("role=alert")
            return
        numbers: dict[str, Any] = gauges.numbers
        queues, jobs = numbers.get("queues", {}), numbers.get("jobs", {})
        facts([
            ("Applies waiting", _queue(queues.get("applies"))),
            ("Places waiting", _queue(queues.get("places"))),
            ("Applies running", jobs.get("applies")), ("Repairs running", jobs.get("repairs")),
            ("Unwritten rows", numbers.get("unwritten")),
            ("Database", "reached" if numbers.get("database") else "away"),
            ("Power cut by hubs", numbers.get("usb_over_current")),
            ("Told", f"{gauges.age_s:.0f} s ago"),
        ])  # fmt: skip


def _queue(found: object) -> str | None:
    if not isinstance(found, dict):
        return None
    oldest = found.get("oldest_s")
    return f"{found.get('length')}" + (f", the oldest for {oldest:g} s" if oldest else "")


async def _operations(visit: Visit) -> None:
    from ..operations import newest

    def read() -> list[Row]:
        return newest(visit.console.parts, visit.caller.principal, ROWS)

    await _section("Newest actions", read, lambda rows: table(
        ("Began", "Who", "Action", "Modem", "State", "Asked", "Problem"),
        [(r["began_at"], r["actor"], r["action"], r["serial"], r["state"], r["request"],
          (r["problem"] or {}).get("detail")) for r in rows],
        "Nobody has asked for anything yet.", chips=("State",),
    ))  # fmt: skip


async def _section(
    name: str, read: Callable[[], list[Row]], show: Callable[[list[Row]], object]
) -> None:
    from modemfarm.errors import FarmError

    with ui.element("div").classes("panel"):
        heading(name)
        try:
            rows = await asyncio.to_thread(read)
        except FarmError as error:
            ui.label(f"Not shown: {error}").props("role=alert")
            return
        show(rows)


async def _events(visit: Visit) -> None:
    answer = await visit.rest.get("/api/events", limit=ROWS)
    with ui.element("div").classes("panel"):
        heading("Newest events")
        if not answer.good:
            ui.label(answer.problem).props("role=alert")
            return
        table(
            ("Time", "Modem", "What", "Detail"),
            [(moment(e["at"]), e["serial"], e["kind"], e["detail"])
             for e in answer.document["items"]],
            "Nothing happened yet.",
        )  # fmt: skip


async def _room() -> None:
    room = await asyncio.to_thread(read_room)
    with ui.element("div").classes("panel"):
        heading("Room for more modems, by USB controller")
        if isinstance(room, str):
            ui.label(room).classes("dim")
            return
        table(
            ("Controller", "Driver", "Modems", "Endpoints in use", "Takes now", "Why no more"),
            [(c["name"], c["driver"], c["modems"], c["endpoints"], c["takes"]["now"],
              c["takes"]["because"]) for c in room],
            "This host has no USB controller.",
        )  # fmt: skip
