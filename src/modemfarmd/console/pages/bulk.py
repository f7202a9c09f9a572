# SPDX-License-Identifier: GPL-3.0-or-later
"""One action on many modems: asked for once, done by the API one by one, told one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from nicegui import ui

from modemfarm.hold import MAX_REASON
from modemfarm.reset.names import LADDER

from ..deeds import Deed, Run, Told
from ..elements import ModemTable
from .context import Visit

HOURS = {1: "1 hour", 4: "4 hours", 12: "12 hours", 24: "1 day"}


class BulkBar:
    """Shown while modems are ticked."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._serials: list[str] = []
        self._table: ModemTable | None = None
        with (
            ui.element("div")
            .classes("bulk farm-act")
            .props('role="toolbar" aria-label="Act on the selected modems"') as self._bar
        ):
            self._count = ui.label().props("role=status")
            ui.button("Restart…", on_click=self._restart).props("dense no-caps color=primary")
            ui.button("Hold…", on_click=self._hold).props("dense no-caps outline")
            ui.button("Release", on_click=self._release).props("dense no-caps outline")
            ui.button("Select none", on_click=self._clear).props("dense no-caps flat")
        self._bar.set_visibility(False)

    def serves(self, table: ModemTable) -> None:
        """Whose ticks they are."""
        self._table = table

    def choose(self, serials: object) -> None:
        """These are ticked now. They come from the browser; the API checks each of them."""
        if isinstance(serials, list) and all(isinstance(one, str) for one in serials):
            self._serials = serials[:1000]
            self._count.set_text(f"{_modems(len(serials))} selected")
            self._bar.set_visibility(bool(serials))

    def _clear(self) -> None:
        if self._table is not None:
            self._table.clear_choice()

    def _restart(self) -> None:
        restart_dialog(self._visit, list(self._serials))

    def _hold(self) -> None:
        hold_dialog(self._visit, list(self._serials))

    def _release(self) -> None:
        run_dialog(self._visit, "Release", list(self._serials), Deed("DELETE", "hold"))


def restart_dialog(visit: Visit, serials: list[str]) -> None:
    """Ask for the step, then do it."""
    with ui.dialog() as dialog, ui.card().classes("dialog panel"):
        _title(f"Restart {_modems(len(serials))}")
        step = ui.select(list(LADDER), value="reset", label="Step of the repair ladder").classes(
            "w-full"
        )
        ui.label(
            "Each step ends the modem's connections for a while. The audit gets a row for each "
            "modem with your name."
        )
        _buttons(dialog, "Restart", lambda: run_dialog(
            visit, f"Restart ({step.value})", serials,
            Deed("POST", "restart", {"step": step.value}),
        ))  # fmt: skip
    dialog.open()


def hold_dialog(visit: Visit, serials: list[str]) -> None:
    """Ask how long and why, then do it."""
    with ui.dialog() as dialog, ui.card().classes("dialog panel"):
        _title(f"Hold {_modems(len(serials))}")
        hours = ui.select(HOURS, value=1, label="How long")
        reason = ui.input("Why (others read it)").props(f"maxlength={MAX_REASON} autofocus")
        ui.label("Nothing writes to a held modem by itself until then.")

        def go() -> bool:
            if not (reason.value or "").strip():
                reason.props('error error-message="say why, others need it"')
                return False
            until = visit.console.parts.now() + timedelta(hours=int(hours.value))
            body = {"until": until.isoformat(), "reason": reason.value.strip()}
            run_dialog(visit, "Hold", serials, Deed("PUT", "hold", body))
            return True

        _buttons(dialog, "Hold", go)
    dialog.open()


def run_dialog(visit: Visit, what: str, serials: list[str], deed: Deed) -> None:
    """Do it, with a bar of progress, and what became of each."""
    run = Run(visit.rest, deed)
    ended = 0
    good = 0
    with ui.dialog().props("persistent") as dialog, ui.card().classes("dialog panel"):
        _title(f"{what}: {_modems(len(serials))}")
        bar = ui.linear_progress(0, show_value=False).props(
            'size=14px rounded instant-feedback aria-label="Progress"'
        )
        said = ui.label(f"0 of {len(serials)} ended").props("role=status aria-live=polite")
        items = ui.element("ul").classes("results")
        with ui.row().classes("w-full justify-end"):
            stop = ui.button("Begin no more", on_click=run.stop).props("flat no-caps")
            close = ui.button("Close", on_click=dialog.close).props("no-caps color=primary")
        close.set_enabled(False)
    dialog.on("hide", dialog.delete)
    dialog.open()

    def tell(told: Told) -> None:
        nonlocal ended, good
        ended += 1
        good += told.state == "done"
        bar.set_value(ended / len(serials))
        said.set_text(f"{ended} of {len(serials)} ended, {good} of them well")
        with items, ui.element("li"):
            ui.label(told.state).classes(f"chip s-{told.state}")
            ui.label(f"{told.serial} {told.text}".strip()).style("display:inline")

    async def do() -> None:
        await run.all(serials, tell)
        left = len(serials) - ended
        if left:
            said.set_text(f"{ended} of {len(serials)} ended, {left} were not begun")
        stop.set_visibility(False)
        close.set_enabled(True)

    ui.timer(0, do, once=True)


def _buttons(
    dialog: ui.dialog, word: str, go: Callable[[], object] | Callable[[], Awaitable[object]]
) -> None:
    def pressed() -> None:
        if go() is not False:
            dialog.close()

    with ui.row().classes("w-full justify-end"):
        ui.button("Cancel", on_click=dialog.close).props("flat no-caps")
        ui.button(word, on_click=pressed).props("no-caps color=primary").classes("farm-act")


def _title(text: str) -> None:
    ui.label(text).props("role=heading aria-level=2").style("font-size:17px;font-weight:600")


def _modems(count: int) -> str:
    return "1 modem" if count == 1 else f"{count} modems"
