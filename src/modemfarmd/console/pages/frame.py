# SPDX-License-Identifier: GPL-3.0-or-later
"""What all pages have: head, ways to the others, and whether what they show is live."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources

from nicegui import Client, ui
from starlette.requests import Request

from ...errors import DatabaseGoneError
from .. import places
from ..elements import LiveBanner
from ..hub import Rows, Watcher
from ..session import visitor
from .context import Visit, visit

SLOW_S = 20.0  # a page that is not built by then is sent as far as it is
TELL_S = 1.0  # however often something changes
CHECK_S = 5.0  # how late a page closes whose log-in has ended, or whose user lost a right


@contextmanager
def page(
    request: Request,
    title: str,
    here: str,
    on_rows: Callable[[Rows, list[str]], None] | None = None,
) -> Iterator[Visit]:
    """The frame; what is built inside is the page. `on_rows` gets what changed from then on."""
    found = visit(request)
    ui.page_title(f"{title} - modemfarm {found.console.parts.farm.host}")
    ui.add_head_html(f"<style>{_static('console.css')}</style>")
    ui.add_body_html(f"<script>{_static('theme.js')}</script>")
    with ui.header().classes("farm-head"):
        ui.label("modemfarm").classes("brand")
        with ui.element("nav").props('aria-label="Pages"'):
            for name, path in _ways(found):
                link = ui.link(name, path)
                if name == here:
                    link.props('aria-current="page"')
        ui.space()
        banner = LiveBanner()
        ui.button("Theme", on_click=None).props("flat dense no-caps color=white").classes(
            "theme"
        ).on("click", js_handler="() => farmTheme(true)")
        who = found.caller.principal
        with ui.element("form").props(f'method=post action="{places.LOG_OUT}"'):
            ui.button(f"Log out {who.name}").props(
                f'type=submit flat dense no-caps color=white title="{who.role.value}"'
            )
    main = (
        ui.element("main")
        .props(f'aria-label="{title}"')
        .style("display:flex;flex-direction:column;gap:14px;width:100%")
    )
    ui.skip_link(target=main)
    _watch(found, banner, on_rows)
    with main:
        yield found


def _ways(found: Visit) -> list[tuple[str, str]]:
    ways = [("Modems", "/"), ("Farm", "/farm")]
    if found.rules:
        ways += [("Users", "/users"), ("Audit", "/audit")]
    return [*ways, ("Settings", "/settings")]


def _watch(
    found: Visit, banner: LiveBanner, on_rows: Callable[[Rows, list[str]], None] | None
) -> None:
    hub = found.console.hub
    client = ui.context.client

    told: list[tuple[float, str]] = [(0.0, "")]

    def tell() -> None:
        at, problem = told[0]
        if problem == hub.problem and time.monotonic() - at < TELL_S:
            return
        told[0] = (time.monotonic(), hub.problem)
        read_at = None if hub.read_at is None else hub.read_at.timestamp()
        banner.tick(time.time(), read_at, hub.problem)

    def connected() -> None:
        told[0] = (0.0, "")
        tell()

    watcher = Watcher(found.caller.principal, on_rows or (lambda *_: None), tell)
    hub.add(watcher)
    client.on_delete(lambda: hub.remove(watcher))
    client.on_connect(connected)
    ui.timer(CHECK_S, lambda: _still(found, client))


async def _still(found: Visit, client: Client) -> None:
    """End the page when its log-in ended; make it anew when its user may other things now."""
    try:
        who = await asyncio.to_thread(visitor, found.console.parts, found.cookie)
    except DatabaseGoneError:
        return  # nobody can act now either; the page says that it is stale
    if who is None:
        client.open(f"{places.LOG_IN}"[len(places.ROOT) :])
    elif who != found.caller.principal:
        client.run_javascript("window.location.reload()")


@cache
def _static(name: str) -> str:
    """In the page itself, so that a new version comes with it."""
    return (resources.files("modemfarmd.console") / "static" / name).read_text(encoding="utf-8")
