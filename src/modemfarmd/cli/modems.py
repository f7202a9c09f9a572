# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs about modems as a whole: list, show, apply, forget."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from modemfarm.errors import InvalidValueError
from modemfarm.identity import check_serial
from modemfarm.settings import FarmSettings

from . import listing

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Serial = Annotated[str, typer.Argument(help="IMEI of the modem, 15 digits.")]


def _settings(ctx: typer.Context) -> FarmSettings:
    return FarmSettings.load(ctx.obj[0])


def _rows(ctx: typer.Context) -> list[dict[str, Any]]:
    from .source import modem_rows

    return modem_rows(_settings(ctx), ctx.obj[1])


def _row(ctx: typer.Context, serial: str) -> dict[str, Any]:
    check_serial(serial)
    rows = _rows(ctx)
    for row in rows:
        if row["serial"] == serial:
            return row
    known = ", ".join(row["serial"] for row in rows)
    raise InvalidValueError("serial", serial, f"a modem of this host: {known or 'none yet'}")


def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """All modems of this host."""
    settings, snapshot = ctx.obj
    listing.show(settings, snapshot, as_json)


def show(ctx: typer.Context, serial: Serial, as_json: Json = False) -> None:
    """Everything known of one modem, and its latest events."""
    from ..errors import DatabaseGoneError
    from .output import cell, show_fields, show_json
    from .source import open_registry, why_not

    row = _row(ctx, serial)
    events: list[dict[str, Any]] = []
    try:
        with open_registry(_settings(ctx)) as registry:
            events = registry.events(serial, 10)
    except DatabaseGoneError as error:
        sys.stderr.write(f"no events: {why_not(error.message)}\n")
    if as_json:
        show_json(row | {"events": events})
        return
    held = row["hold"]
    show_fields(row | {"hold": held and "by {by} until {until}: {reason}".format(**held)})
    for event in events:
        sys.stdout.write(f"{cell(event['at'])}  {event['kind']}  {cell(event['detail'])}\n")


def apply(
    serials: Annotated[list[str] | None, typer.Argument(help="IMEIs; all without one.")] = None,
    as_json: Json = False,
    socket: Annotated[
        Path | None, typer.Option(envvar="MODEMFARM_APPLY", help="Socket of modemfarm-apply.")
    ] = None,
) -> None:
    """Converge modems now, as the agent does. Exit 1 when one of them failed."""
    from ..agent.client import SOCKET, request_apply
    from .output import show_json, show_table

    wanted = [check_serial(serial) for serial in serials or ()]
    applied = request_apply(wanted, path=socket or SOCKET)
    if as_json:
        show_json({"seconds": applied.seconds, "modems": list(applied.rows)})
    else:
        names = "serial slot port state wan_address interface changed reason remedy".split()
        rows = [
            [", ".join(row.get(n) or ()) if n == "changed" else row.get(n) for n in names]
            for row in applied.rows
        ]
        show_table(names, rows)
    if any(outcome.state == "failed" for outcome in applied.outcomes):
        raise typer.Exit(1)


def forget(
    ctx: typer.Context,
    serial: Serial,
    force: Annotated[bool, typer.Option("--force", help="Even while it is plugged in.")] = False,
    as_json: Json = False,
) -> None:
    """Give a modem's slot and port free. Needs the database."""
    from ..registry.model import Event
    from .output import show_json
    from .source import open_registry

    row = _row(ctx, serial)
    if row["present"] and not force:
        raise InvalidValueError("serial", serial, "a modem that is unplugged, or --force")
    with open_registry(_settings(ctx)) as registry:
        slot = registry.forget(serial)
        registry.add_events([Event("forgotten", serial, {"slot": slot})])
    if as_json:
        show_json({"serial": serial, "slot": slot})
    else:
        sys.stdout.write(f"{serial} is forgotten, slot {slot} is free\n")
