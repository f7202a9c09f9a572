# SPDX-License-Identifier: GPL-3.0-or-later
"""Dialogs that send one request to the API and show what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nicegui import ui

from ...registry.db import Row
from .context import Visit
from .table import heading

_SERIALS = re.compile(r"[\s,;]+")
_WORDS = {
    "name": "Name", "password": "Password (12 characters or more)", "role": "Role",
    "days": "Days that it counts", "new_password": "New password (12 characters or more)",
}  # fmt: skip
_SCOPE = "Only these modems (IMEIs; empty for all)"


def modems_of(row: Row) -> str:
    """Which modems an account or token is for."""
    if row["modems"] is None:
        return "all modems"
    return f"{len(row['modems'])} modems" if len(row["modems"]) != 1 else "1 modem"


def ask(
    visit: Visit,
    title: str,
    method: str,
    path: str,
    again: Callable[[], object],
    *,
    texts: Sequence[str] = (),
    secrets: Sequence[str] = (),
    numbers: Mapping[str, int] | None = None,
    choices: Mapping[str, list[str]] | None = None,
    values: Mapping[str, str] | None = None,
    modems: bool = False,
    show: str | None = None,
) -> None:
    """Ask for the fields, send them as the body; `show` is the field of the answer to show once."""
    fields: dict[str, Any] = {}
    with ui.dialog() as dialog, ui.card().classes("dialog panel"):
        heading(title)
        for name in texts:
            fields[name] = ui.input(_WORDS[name]).props("autofocus autocomplete=off")
        for name in secrets:
            fields[name] = ui.input(_WORDS[name], password=True, password_toggle_button=True).props(
                "autocomplete=new-password"
            )
        for name, options in (choices or {}).items():
            fields[name] = ui.select(options, value=(values or {}).get(name), label=_WORDS[name])
        for name, number in (numbers or {}).items():
            fields[name] = ui.number(_WORDS[name], value=number, precision=0)
        scope = ui.textarea(_SCOPE).props("rows=2") if modems else None
        said = ui.label().props("role=alert").classes("problem-text")

        async def go() -> None:
            body = {name: field.value or "" for name, field in fields.items()}
            body |= {name: int(fields[name].value or 0) for name in numbers or {}}
            if scope is not None:
                serials = [one for one in _SERIALS.split(scope.value or "") if one]
                body["modems"] = serials or None
            answer = await visit.rest.call(method, path, body)
            if not answer.good:
                said.set_text(answer.problem)
                return
            dialog.close()
            again()
            if show is not None:
                _once(str(answer.document[show]))

        _end(dialog, "Save", go)
    dialog.on("hide", dialog.delete)
    dialog.open()


def confirm(
    visit: Visit,
    question: str,
    word: str,
    method: str,
    path: str,
    again: Callable[[], object],
    body: dict[str, Any] | None = None,
) -> None:
    """Ask once more, then send it."""
    with ui.dialog() as dialog, ui.card().classes("dialog panel"):
        heading(question)
        said = ui.label().props("role=alert").classes("problem-text")

        async def go() -> None:
            answer = await visit.rest.call(method, path, body)
            if not answer.good:
                said.set_text(answer.problem)
                return
            dialog.close()
            again()

        _end(dialog, word, go)
    dialog.on("hide", dialog.delete)
    dialog.open()


def _once(secret: str) -> None:
    with ui.dialog().props("persistent") as dialog, ui.card().classes("dialog panel"):
        heading("The token; it is shown this once")
        ui.label(secret).classes("mono").props("data-secret")
        ui.button("I have kept it", on_click=dialog.close).props("no-caps color=primary")
    dialog.on("hide", dialog.delete)
    dialog.open()


def _end(dialog: ui.dialog, word: str, go: Callable[[], object]) -> None:
    with ui.row().classes("w-full justify-end"):
        ui.button("Cancel", on_click=dialog.close).props("flat no-caps")
        ui.button(word, on_click=go).props("no-caps color=primary").classes("farm-act")
