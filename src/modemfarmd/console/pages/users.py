# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of people and tokens of programs, for admins."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui
from starlette.requests import Request

from ...registry.db import Row
from .context import Visit
from .form import ask, confirm, modems_of
from .frame import SLOW_S, page
from .table import heading, moment, table

ROLES = ["viewer", "operator", "admin"]


def register() -> None:
    """Add the page."""
    ui.page("/users", response_timeout=SLOW_S)(users)


async def users(request: Request) -> None:
    """Who may use the farm."""
    with page(request, "Users", "Users") as visit:
        if not visit.rules:
            ui.label("Accounts are for admins of the whole farm.").props("role=alert")
            return

        @ui.refreshable
        async def all_of_it() -> None:
            await _people(visit, all_of_it.refresh)
            await _programs(visit, all_of_it.refresh)

        await all_of_it()


async def _people(visit: Visit, again: Callable[[], object]) -> None:
    answer = await visit.rest.get("/api/users")
    with ui.element("div").classes("panel"):
        with ui.row().classes("w-full middle"):
            heading("People")
            ui.space()
            ui.button("Add a user…", on_click=lambda: _add(visit, again)).props(
                "dense no-caps color=primary"
            ).classes("farm-act")
        if not answer.good:
            ui.label(answer.problem).props("role=alert")
            return
        for user in answer.document["items"]:
            _person(visit, user, again)


def _person(visit: Visit, user: Row, again: Callable[[], object]) -> None:
    path, own = f"/api/users/{user['name']}", user["name"] == visit.caller.principal.name
    with ui.row().classes("w-full middle line"):
        ui.label(user["name"]).style("font-weight:600;min-width:110px")
        ui.label(user["role"]).style("min-width:70px")
        ui.label(modems_of(user)).style("min-width:110px")
        ui.label("may log in" if user["enabled"] else "closed").classes(
            f"chip s-{'done' if user['enabled'] else 'offline'}"
        )
        ui.label(f"changed {moment(user['changed_at'])}").classes("dim")
        ui.space()
        if own:
            ui.label("you").classes("dim")
            return
        with ui.row().classes("farm-act"):
            ui.button(
                "Role…",
                on_click=lambda: ask(
                    visit,
                    f"Role of {user['name']}",
                    "PATCH",
                    path,
                    again,
                    choices={"role": ROLES},
                    values={"role": user["role"]},
                ),
            ).props(f'dense flat no-caps aria-label="Change the role of {user["name"]}"')
            ui.button(
                "Password…",
                on_click=lambda: ask(
                    visit,
                    f"New password of {user['name']}",
                    "PATCH",
                    path,
                    again,
                    secrets=("password",),
                ),
            ).props(f'dense flat no-caps aria-label="Set the password of {user["name"]}"')
            word = "Close" if user["enabled"] else "Open"
            ui.button(f"{word}…", on_click=lambda: confirm(
                visit, f"{word} the account of {user['name']}? All its log-ins end.", word,
                "PATCH", path, again, {"enabled": not user["enabled"]},
            )).props(
                f'dense flat no-caps aria-label="{word} the account of {user["name"]}"'
            )  # fmt: skip


def _add(visit: Visit, again: Callable[[], object]) -> None:
    ask(visit, "New user", "POST", "/api/users", again, texts=("name",), secrets=("password",),
        choices={"role": ROLES}, values={"role": "viewer"}, modems=True)  # fmt: skip


async def _programs(visit: Visit, again: Callable[[], object]) -> None:
    answer = await visit.rest.get("/api/tokens")
    with ui.element("div").classes("panel data"):
        with ui.row().classes("w-full middle"):
            heading("Programs (API tokens)")
            ui.space()
            with ui.row().classes("farm-act"):
                ui.button("Revoke a token…", on_click=lambda: _revoke(visit, items, again)).props(
                    "dense no-caps outline"
                )
                ui.button("Add a token…", on_click=lambda: ask(
                    visit, "New token", "POST", "/api/tokens", again, texts=("name",),
                    numbers={"days": 90}, choices={"role": ROLES}, values={"role": "viewer"},
                    modems=True, show="token",
                )).props("dense no-caps color=primary")  # fmt: skip
        items: list[Row] = answer.document.get("items", [])
        if not answer.good:
            ui.label(answer.problem).props("role=alert")
            return
        table(
            ("Name", "Role", "Modems", "Made by", "Made", "Ends", "Revoked"),
            [(t["name"], t["role"], modems_of(t), t["created_by"], moment(t["created_at"]),
              moment(t["expires_at"]), moment(t["revoked_at"])) for t in items],
            "No program has a token.",
        )  # fmt: skip


def _revoke(visit: Visit, items: list[Row], again: Callable[[], object]) -> None:
    names = [one["name"] for one in items if one["revoked_at"] is None]
    if not names:
        ui.notify("No token counts now.")
        return
    with ui.dialog() as dialog, ui.card().classes("dialog panel"):
        heading("Revoke a token")
        chosen = ui.select(names, value=names[0], label="Token")

        def go() -> None:
            dialog.close()
            confirm(visit, f"Revoke {chosen.value}? Its program is refused from now on.", "Revoke",
                    "DELETE", f"/api/tokens/{chosen.value}", again)  # fmt: skip

        ui.button("Go on", on_click=go).props("no-caps color=primary")
    dialog.open()
