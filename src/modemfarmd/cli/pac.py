# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm pac`: print what a browser is told, by a modem or by the farm. Needs no database."""

from __future__ import annotations

import sys
from ipaddress import IPv4Address
from typing import Annotated

import typer

from modemfarm.checks import address
from modemfarm.errors import InvalidValueError
from modemfarm.identity import check_serial
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import read_snapshot


def pac(
    ctx: typer.Context,
    serial: Annotated[
        str | None, typer.Argument(help="IMEI of a modem; without it, all modems of the farm.")
    ] = None,
    client: Annotated[
        str | None, typer.Option(help="Address of a client: the farm's file for this one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a proxy auto-configuration file (PAC), as LAN clients get it."""
    from ..pac.answer import FARM_PATH, MODEM_PATH, script_at
    from ..pac.state import State

    settings = FarmSettings.load(ctx.obj[0])
    records = read_snapshot(ctx.obj[1]).modems
    asking = None if client is None else _client(client, settings)
    if serial is not None:
        known = [record.serial for record in records]
        if check_serial(serial) not in known:
            allowed = ", ".join(known) or "none yet"
            raise InvalidValueError("serial", serial, f"a modem of this host: {allowed}")
    path = FARM_PATH if serial is None else MODEM_PATH.format(serial)
    text = script_at(path, asking, State(settings, records)) or ""
    if as_json:
        from .output import show_json

        show_json({"serial": serial, "path": path, "pac": text})
    else:
        sys.stdout.write(text)


def _client(text: str, settings: FarmSettings) -> IPv4Address:
    from ..pac.answer import admitted

    found = address("--client", text)
    if not admitted(found, settings):
        networks = ", ".join(map(str, settings.clients))
        raise InvalidValueError("--client", text, f"an address of the clients: {networks}")
    return found
