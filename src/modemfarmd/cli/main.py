# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm`: what an operator does on the modem host. Works from files without the database.

Exit 0 done, 1 failed, 2 bad input. Heavy modules are imported by the verb that needs them.
"""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from modemfarm.errors import CommandRefusedError, FarmError, InvalidValueError, SettingsError
from modemfarm.identity import check_serial
from modemfarm.settings import DEFAULT_PATH, FarmSettings
from modemfarm.snapshot import DEFAULT_PATH as SNAPSHOT

from . import accounts, hold, logs, messages, speak, usb_plan

EXTENSIONS = "modemfarm.commands"  # another package's verbs; loaded when named only


class Verbs(TyperGroup):
    """Our verbs, and those that other packages add by entry point."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, without loading what belongs to others."""
        return [*super().list_commands(ctx), *sorted(_extensions())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; one of another package is loaded now."""
        command = super().get_command(ctx, cmd_name)
        if command is None and (found := _extensions().get(cmd_name)):
            command = typer.main.get_command(found.load())
        return command


def _extensions() -> dict[str, EntryPoint]:
    return {found.name: found for found in entry_points(group=EXTENSIONS)}


app = typer.Typer(
    cls=Verbs,
    help="The modems of this host and their proxies.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Serial = Annotated[str, typer.Argument(help="IMEI of the modem, 15 digits.")]


@app.callback()
def common(
    ctx: typer.Context,
    settings: Annotated[
        Path, typer.Option(envvar="MODEMFARM_SETTINGS", help="Settings of this host.")
    ] = DEFAULT_PATH,
    snapshot: Annotated[
        Path, typer.Option(envvar="MODEMFARM_SNAPSHOT", help="Snapshot of the registry.")
    ] = SNAPSHOT,
) -> None:
    """Keep where the files are."""
    ctx.obj = (settings, snapshot)


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


@app.command("list")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """All modems of this host."""
    from .output import show_json, show_table

    rows = _rows(ctx)
    if as_json:
        show_json(rows)
        return
    names = (
        "slot serial status state operator signal wan_address proxy_port interface usb_path hold"
        " reason"
    )
    columns = names.split()
    show_table(
        ["slot", "serial", "status", "state", "operator", "dBm", "WAN address", "port",
         "interface", "USB", "held until", "reason"],
        [[_shown(name, row[name]) for name in columns] for row in rows],
    )  # fmt: skip


def _shown(name: str, value: Any) -> Any:
    return value["until"] if name == "hold" and value else value


@app.command()
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


@app.command()
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


@app.command()
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


app.command()(hold.hold)
app.command()(hold.release)
app.command()(logs.logs)
app.command()(speak.at)
app.command()(speak.qmi)
app.add_typer(messages.sms, name="sms")
app.add_typer(accounts.user, name="user")
app.add_typer(accounts.audit, name="audit")
app.add_typer(accounts.api, name="api")
app.command()(messages.ussd)
app.command("usb-plan")(usb_plan.usb_plan)


def main() -> None:
    """Entry point of modemfarm: errors become one line and an exit code."""
    try:
        app(prog_name="modemfarm")
    except (InvalidValueError, SettingsError, CommandRefusedError) as error:
        sys.stderr.write(f"modemfarm: {error.message}; {error.remedy}\n")
        sys.exit(2)
    except FarmError as error:
        sys.stderr.write(f"modemfarm: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
