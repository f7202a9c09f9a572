# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm policy`: what a modem's proxy lets whom do, and what is its own of that.

A change is a change of the modem's row: the agent hears of it and applies it, as all others.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from modemfarm.caller import actor_here
from modemfarm.errors import InvalidValueError
from modemfarm.identity import check_serial
from modemfarm.settings import FarmSettings

Serial = Annotated[str, typer.Argument(help="IMEI of the modem, 15 digits.")]


def policy(
    ctx: typer.Context,
    serial: Serial,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE, such as down_kbits=20000; a list has commas."),
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option(help="NAME of a value that is the farm's again.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Everything as the farm's.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a modem's proxy lets whom do, or change it (as root: it needs the database)."""
    from .source import modem_rows

    check_serial(serial)
    settings = FarmSettings.load(ctx.obj[0])
    rows = {row["serial"]: row for row in modem_rows(settings, ctx.obj[1])}
    if serial not in rows:
        known = ", ".join(rows) or "none yet"
        raise InvalidValueError("serial", serial, f"a modem of this host: {known}")
    own = rows[serial]["policy"] or {}
    if set_ or unset or clear:
        own = _changed(settings, {} if clear else own, set_ or [], unset or [])
        _write(settings, serial, own)
    _show(settings, serial, own, as_json)


def _changed(
    settings: FarmSettings, own: dict[str, Any], set_: list[str], unset: list[str]
) -> dict[str, Any]:
    """The new document, checked as root will check it. InvalidValueError, SettingsError."""
    from modemfarm.proxy.policy import checked, complete
    from modemfarm.proxy.users import PATH, read_users
    from modemfarm.proxy.words import assignment, check_field

    new = dict(own)
    for name in unset:
        new.pop(check_field(name, "--unset"), None)
    for text in set_:
        name, value = assignment(text)
        new[name] = value
    new = checked(new)
    wanted = complete(settings, new)
    known = read_users(PATH) if new.get("users") else {}
    for user in wanted.users if new.get("users") else ():
        if user not in known:
            names = ", ".join(known) or "none yet"
            raise InvalidValueError(
                "policy.users", user, f"users of `modemfarm proxy-user`: {names}"
            )
    return new


def _write(settings: FarmSettings, serial: str, own: dict[str, Any]) -> None:
    from ..registry.model import Event
    from .source import open_registry

    detail = {"by": actor_here("cli"), "policy": own}
    with open_registry(settings) as registry, registry.database.transaction():
        if not registry.set_policy(serial, own or None):
            raise InvalidValueError("serial", serial, "a modem that is still registered")
        registry.add_events([Event("policy-set", serial, detail)])
    sys.stderr.write("written; the agent applies it within seconds\n")


def _show(settings: FarmSettings, serial: str, own: dict[str, Any], as_json: bool) -> None:
    from modemfarm.errors import FarmError
    from modemfarm.proxy.policy import complete, document_of
    from modemfarm.proxy.words import text_of

    from .output import show_json, show_table

    problem: FarmError | None = None
    try:
        whole = document_of(complete(settings, own))
    except FarmError as error:
        problem = error
        whole = document_of(complete(settings))
    if as_json:
        fault = None if problem is None else problem.fields()
        show_json({"serial": serial, "own": own, "policy": whole, "problem": fault})
    else:
        rows = [
            [name, text_of(value), "modem" if name in own else _layer(settings, name)]
            for name, value in whole.items()
        ]
        show_table(["name", "value", "from"], rows)
    if problem is not None:
        raise problem


def _layer(settings: FarmSettings, name: str) -> str:
    basic = ("clients", "nameservers", "max_connections")
    return "farm" if name in settings.policy or name in basic else "default"
