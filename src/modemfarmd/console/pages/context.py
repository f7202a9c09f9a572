# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page is made with."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import ASGIApp

from modemfarm.at.permit import Role

from ...api.gate import Caller
from ...api.parts import Parts
from ..hub import Hub
from ..rest import Rest


@dataclass(frozen=True)
class Console:
    """Of the process; each page finds it in the app's state."""

    api: ASGIApp
    parts: Parts
    hub: Hub


@dataclass(frozen=True)
class Visit:
    """One open page: whose, and by what it reads and acts."""

    console: Console
    caller: Caller
    rest: Rest
    cookie: str | None

    @property
    def operates(self) -> bool:
        """May he act? The API decides; this only spares him buttons that do nothing."""
        return self.caller.principal.role.includes(Role.OPERATOR)

    @property
    def rules(self) -> bool:
        """Is he an admin of the whole farm?"""
        who = self.caller.principal
        return who.role.includes(Role.ADMIN) and who.modems is None


def visit(request: Request) -> Visit:
    """Of a request that has passed the console's gate."""
    from nicegui import app

    from ..session import COOKIE

    console: Console = app.state.console
    caller: Caller = request.state.caller
    rest = Rest(console.api, console.parts, caller)
    return Visit(console, caller, rest, request.cookies.get(COOKIE))
