# SPDX-License-Identifier: GPL-3.0-or-later
"""One's own account, and for admins what the farm is told: to look at; the roles write it."""

from __future__ import annotations

from dataclasses import fields

from nicegui import ui
from starlette.requests import Request

from .. import places
from .context import Visit
from .form import modems_of
from .frame import SLOW_S, page
from .table import facts, heading, moment

# Their values are nobody's business, or no value that a person reads.
_SECRET = ("database", "private_key")


def register() -> None:
    """Add the page."""
    ui.page("/settings", response_timeout=SLOW_S)(settings)


async def settings(request: Request) -> None:
    """Mine, and the farm's."""
    with page(request, "Settings", "Settings") as visit:
        me = await visit.rest.get("/api/me")
        with ui.element("div").classes("panels"):
            with ui.element("div").classes("panel"):
                heading("You")
                if me.good:
                    facts([
                        ("Name", me.document["name"]), ("Role", me.document["role"]),
                        ("For", modems_of(me.document)),
                        ("Log-in ends", moment(visit.caller.principal.expires)),
                    ])  # fmt: skip
                else:
                    ui.label(me.problem).props("role=alert")
            _password(visit)
        if visit.rules:
            _told(visit)


def _password(visit: Visit) -> None:
    with ui.element("div").classes("panel farm-act"):
        heading("Your password")
        old = ui.input("Present password", password=True).props("autocomplete=current-password")
        new = ui.input("New password (12 characters or more)", password=True).props(
            "autocomplete=new-password"
        )
        said = ui.label().props("role=alert").classes("problem-text")

        async def change() -> None:
            body = {"password": old.value or "", "new_password": new.value or ""}
            answer = await visit.rest.call("POST", "/api/auth/password", body)
            if answer.good:  # all one's log-ins have ended, this one too
                ui.navigate.to(places.LOG_IN[len(places.ROOT) :])
            else:
                said.set_text(answer.problem)

        ui.button("Change it, and log in anew", on_click=change).props("no-caps color=primary")


def _told(visit: Visit) -> None:
    parts = visit.console.parts
    with ui.element("div").classes("panels"):
        for name, role, told in (
            ("Farm", "the roles' variables", parts.farm), ("API", "the role api", parts.settings),
        ):  # fmt: skip
            with ui.element("div").classes("panel"):
                heading(name)
                ui.label(f"Set by {role}; changed there and nowhere else.").classes("dim")
                facts([
                    (field.name, _plain(getattr(told, field.name)))
                    for field in fields(told)
                    if field.name not in _SECRET
                ])  # fmt: skip


def _plain(value: object) -> str:
    if isinstance(value, tuple | list | frozenset):
        return ", ".join(str(one) for one in value)
    return str(value)
