# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a modem's page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from nicegui import ui

from ...registry.db import Row
from ...registry.history import BearerSpan, PlaceSpan, Sample, SimSpan
from ...registry.repairs import Repair
from .context import Visit
from .table import facts as pairs
from .table import heading, moment, table

ROWS = 100
REFRESH_S = 5.0


def facts(row: Row) -> None:
    """What it is, and where."""
    with ui.element("div").classes("panel"):
        heading("Modem")
        pairs([
            ("IMEI", row["serial"]), ("Host", row["host"]), ("Slot", row["slot"]),
            ("Manufacturer", row["manufacturer"]), ("Model", row["model"]),
            ("Firmware", row["revision"]), ("USB place", row["usb_path"]),
            ("AT port", row["at_port"]), ("QMI port", row["qmi_port"]),
            ("Interface", row["interface"]), ("First seen", moment(row["first_seen"])),
        ])  # fmt: skip


def standing(row: Row) -> None:
    """SIM, network, and what to do when it is not well. As it was when the page was loaded."""
    with ui.element("div").classes("panel"):
        heading("SIM, network and bearer")
        pairs([
            ("Reason", row["reason"]), ("Remedy", row["remedy"]),
            ("Operator", row["operator"]), ("Registration", row["registration"]),
            ("ICCID", row["iccid"]), ("IMSI", row["imsi"]),
            ("APN", row["apn"] or "that of the farm"),
            ("WAN address", row["wan_address"] or "none"),
            ("Has it since", moment(row["wan_since"])),
            ("State since", moment(row["changed_at"])),
        ])  # fmt: skip


def chart(samples: Sequence[Sample]) -> None:
    """Signal of the last 24 hours."""
    with ui.element("div").classes("panel"):
        heading("Signal, last 24 hours")
        if not samples:
            ui.label("Nothing was measured in the last 24 hours.").classes("dim")
            return
        names = {"RSSI dBm": "rssi_dbm", "RSRP dBm": "rsrp_dbm", "SINR dB": "sinr_db"}
        last = samples[-1]
        label = "Signal of 24 hours, last " + ", ".join(
            f"{name} {getattr(last, field)}" for name, field in names.items()
            if getattr(last, field) is not None
        )  # fmt: skip
        ui.echart(_options(samples, names)).props(f'role=img aria-label="{label}"').style(
            "height:260px;width:100%"
        )


def _options(samples: Sequence[Sample], names: dict[str, str]) -> dict[str, object]:
    grey = "#8792a0"
    axis = {
        "axisLabel": {"color": grey},
        "splitLine": {"lineStyle": {"color": grey, "opacity": 0.25}},
    }
    return {
        "animation": False,
        "grid": {"left": 44, "right": 44, "top": 34, "bottom": 28},
        "legend": {"textStyle": {"color": grey}, "top": 0},
        "tooltip": {"trigger": "axis", "confine": True},
        "color": ["#3d8bd9", "#2e9e58", "#d08a1a"],
        "xAxis": {"type": "time", **axis, "splitLine": {"show": False}},
        "yAxis": [
            {"type": "value", "scale": True, **axis},
            {"type": "value", "scale": True, **axis, "splitLine": {"show": False}},
        ],
        "series": [
            {"name": name, "type": "line", "showSymbol": False, "connectNulls": False,
             "yAxisIndex": 1 if name.endswith(" dB") else 0,
             "data": [[one.at.timestamp() * 1000, getattr(one, field)] for one in samples]}
            for name, field in names.items()
            if any(getattr(one, field) is not None for one in samples)
        ],
    }  # fmt: skip


async def log(visit: Visit, serial: str) -> None:
    """What was said to it, newest first; read again while the page is open."""
    if not visit.operates:
        ui.label("The log is for operators: it may hold numbers and texts of SIMs.").classes("dim")
        return
    said = ui.label().classes("dim").props("role=status")
    found = table(
        ("Time", "Channel", "Who", "Command", "Answer", "Outcome", "ms"), [],
        "Nothing was said to it yet.", chips=("Outcome",), mono=("Command", "Answer"),
    )  # fmt: skip
    newest: list[object] = [None]

    async def read() -> None:
        answer = await visit.rest.get(f"/api/modems/{serial}/logs", limit=ROWS)
        if not answer.good:
            said.set_text(f"Not up to date: {answer.problem}")
            return
        said.set_text(f"The newest {ROWS} at most, read again every {REFRESH_S:g} s.")
        items = answer.document["items"]
        if newest[0] != (items[0]["id"] if items else None):
            newest[0] = items[0]["id"] if items else None
            found.rows = _logs(items)

    await read()
    ui.timer(REFRESH_S, read, immediate=False)


def _logs(items: list[Row]) -> list[Row]:
    from .table import text

    return [
        {
            "id": one["id"], "Time": moment(one["at"]), "Channel": one["channel"],
            "Who": text(one["actor"]), "Command": text(one["command"]),
            "Answer": text(one["answer"]), "Outcome": one["outcome"],
            "ms": "" if one["milliseconds"] is None else f"{one['milliseconds']:.0f}",
        }
        for one in items
    ]  # fmt: skip


async def events(visit: Visit, serial: str) -> None:
    """What happened to it, newest first."""
    answer = await visit.rest.get("/api/events", serial=serial, limit=ROWS)
    if not answer.good:
        ui.label(answer.problem).props("role=alert")
        return
    table(
        ("Time", "What", "Detail"),
        [(moment(one["at"]), one["kind"], one["detail"]) for one in answer.document["items"]],
        "Nothing happened yet.",
    )


def repairs(found: Sequence[Repair]) -> None:
    """What was done to make it well, with what was seen before and after."""
    table(
        ("Began", "Step", "Cause", "Outcome", "Seconds", "Evidence", "Before", "After"),
        [
            (one.began, one.step, one.cause, one.outcome,
             f"{(one.ended - one.began).total_seconds():.0f}", one.evidence, one.before, one.after)
            for one in found
        ],
        "It needed no repair in the last 30 days.", chips=("Outcome",),
        mono=("Evidence", "Before", "After"),
    )  # fmt: skip


def addresses(found: Sequence[BearerSpan]) -> None:
    """Which WAN addresses it had."""
    table(
        ("Address", "Interface", "Since", "Until", "For"),
        [(s.address, s.interface, s.since, s.until or "now", _for(s.since, s.until))
         for s in found],
        "It had no address yet.",
    )  # fmt: skip


def sims_and_places(sims: Sequence[SimSpan], places: Sequence[PlaceSpan]) -> None:
    """Which SIMs were in it, and where it was plugged."""
    table(
        ("ICCID", "IMSI", "Since", "Until"),
        [(s.iccid, s.imsi or "not read", s.since, s.until or "now") for s in sims],
        "No SIM was read yet.",
    )
    table(
        ("USB place", "Since", "Until"),
        [(s.usb_path, s.since, s.until or "now") for s in places],
        "It was not plugged in yet.",
    ).style("margin-top:12px")


def _for(since: datetime, until: datetime | None) -> str:
    seconds = ((until or datetime.now(since.tzinfo)) - since).total_seconds()
    return f"{seconds / 3600:.1f} h" if seconds >= 5400 else f"{seconds / 60:.0f} min"
