# SPDX-License-Identifier: GPL-3.0-or-later
"""All verbs by name. What one needs is imported when it is named, not before."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from modemfarm.settings import DEFAULT_PATH
from modemfarm.snapshot import DEFAULT_PATH as SNAPSHOT

from .main import DEBUG

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

EXTENSIONS = "modemfarm.commands"  # another package's verbs
VERBS = {
    "list": "modems:list_",
    "show": "modems:show",
    "apply": "modems:apply",
    "forget": "modems:forget",
    "hold": "hold:hold",
    "release": "hold:release",
    "logs": "logs:logs",
    "policy": "policy:policy",
    "pac": "pac:pac",
    "proxy-user": "proxy_user:users",
    "quota": "quota:quota",
    "exits": "exits:exits",
    "at": "speak:at",
    "qmi": "speak:qmi",
    "sms": "messages:sms",
    "ussd": "messages:ussd",
    "usb-plan": "usb_plan:usb_plan",
    "user": "accounts:user",
    "audit": "accounts:audit",
    "api": "accounts:api",
    "doctor": "doctor:doctor",
    "export": "portable:export",
    "import": "portable:import_",
    "backup": "backup:backup",
    "restore": "backup:restore",
}
PLAIN: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False}


class Verbs(TyperGroup):
    """Our verbs, and those that other packages add by entry point."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """All names, without loading any."""
        return [*VERBS, *sorted(_extensions())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """The command of that name, loaded now; None where there is none."""
        if cmd_name in VERBS:
            module, _, name = VERBS[cmd_name].partition(":")
            return _command(cmd_name, getattr(import_module(f".{module}", __package__), name))
        found = _extensions().get(cmd_name)
        return typer.main.get_command(found.load()) if found else None


def _command(name: str, found: Any) -> Any:
    if isinstance(found, typer.Typer):
        command: Any = typer.main.get_group(found)  # also with one verb in it
    else:
        single = typer.Typer(add_completion=False, **PLAIN)
        single.command(name)(found)
        command = typer.main.get_command(single)
    command.name = name
    return command


def _extensions() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {found.name: found for found in entry_points(group=EXTENSIONS)}


app = typer.Typer(
    cls=Verbs,
    help="The modems of this host and their proxies.",
    no_args_is_help=True,
    add_completion=False,
    **PLAIN,
)


@app.callback()
def common(
    ctx: typer.Context,
    settings: Annotated[
        Path, typer.Option(envvar="MODEMFARM_SETTINGS", help="Settings of this host.")
    ] = DEFAULT_PATH,
    snapshot: Annotated[
        Path, typer.Option(envvar="MODEMFARM_SNAPSHOT", help="Snapshot of the registry.")
    ] = SNAPSHOT,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
) -> None:
    """Keep where the files are."""
    if debug:
        os.environ[DEBUG] = "1"
    ctx.obj = (settings, snapshot)
