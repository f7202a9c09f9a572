# SPDX-License-Identifier: GPL-3.0-or-later
"""A box for one AT command. What is allowed is decided by the API; the list is its own answer."""

from __future__ import annotations

import secrets

from nicegui import ui

from .context import Visit
from .table import heading, text


async def command_box(visit: Visit, serial: str) -> None:
    """Send one, see the answer or why it was refused."""
    me = await visit.rest.get("/api/me")
    allowed = me.document.get("commands", [])
    with ui.element("div").classes("panel farm-act"):
        heading("AT command")
        with ui.row().classes("middle w-full"):
            box = (
                ui.input("Command", autocomplete=[c for c in allowed if "<" not in c])
                .props('dense outlined maxlength=1024 aria-label="AT command" input-class=mono')
                .style("min-width:min(100%,340px)")
            )
            send = ui.button("Send").props("no-caps color=primary")
        said = ui.element("div").props("role=status aria-live=polite").classes("w-full")
        with ui.expansion(f"{len(allowed)} kinds of command are allowed to you").classes("w-full"):
            ui.label("\n".join(allowed)).classes("mono")

    async def go() -> None:
        wanted = (box.value or "").strip()
        if not wanted:
            return
        send.props("loading")
        send.disable()
        answer = await visit.rest.call(
            "POST", f"/api/modems/{serial}/command", {"command": wanted},
            key=secrets.token_hex(16),
        )  # fmt: skip
        send.props(remove="loading")
        send.enable()
        said.clear()
        with said:
            if not answer.good:
                ui.label(answer.problem).classes("chip s-error").style("white-space:normal")
                return
            result = answer.document.get("result") or {}
            lines = [wanted, *result.get("lines", []), result.get("error") or result.get("result")]
            ui.label("\n".join(text(line) for line in lines if line)).classes("mono")
            ui.label(f"{result.get('milliseconds', 0):.0f} ms").classes("dim")

    send.on_click(go)
    box.on("keydown.enter", go)
