# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm at` and `modemfarm qmi`: a person speaks to a modem, as modem_at and modem_qmi do."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from modemfarm.at.permit import Role
from modemfarm.errors import FarmError, InvalidValueError

KIND = "cli"
LONGEST_FORM = 64  # the band masks are longer than a terminal; --json shows them whole
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
As = Annotated[Role, typer.Option("--role", help="What may be sent: viewer, operator or admin.")]


def at(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="MODEM COMMAND..., or one COMMAND with --device.", metavar="WORDS"),
    ] = None,
    device: Annotated[
        Path | None, typer.Option("--device", help="A bare port, such as /dev/ttyUSB3.")
    ] = None,
    role: As = Role.OPERATOR,
    timeout: Annotated[
        float | None, typer.Option(min=0.1, max=600.0, help="Seconds to wait for the answer.")
    ] = None,
    wait: Annotated[
        float, typer.Option(min=0.0, max=600.0, help="Seconds to wait for the port.")
    ] = 10,
    allowed: Annotated[
        bool, typer.Option("--allowed", help="List what the role may send.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Send AT commands to a modem (IMEI or USB path) or to a bare port. Exit 1 when it says no."""
    from .output import show_json

    if allowed:
        _show_allowed(role, as_json)
        return
    try:
        said = _said(device, words or [], role, timeout, wait)
    except FarmError as error:
        if as_json:
            show_json(_unanswered(error))
        raise
    if as_json:
        show_json(said[0] if len(said) == 1 else said)
    else:
        for one in said:
            _show(one)
    if any(one["error"] for one in said):
        raise typer.Exit(1)


def _said(
    device: Path | None, words: list[str], role: Role, timeout: float | None, wait: float
) -> list[dict[str, Any]]:
    if device:
        return _on_device(device, words, role, timeout, wait)
    return _on_modem(words, role, wait)


def _on_device(
    device: Path, words: list[str], role: Role, timeout: float | None, wait: float
) -> list[dict[str, Any]]:
    from .at import run_at

    if len(words) != 1:
        raise InvalidValueError("COMMAND", " ".join(words), "one AT command after --device PATH")
    return [run_at(device, words[0], role, timeout, wait)]


def _on_modem(words: list[str] | None, role: Role, wait: float) -> list[dict[str, Any]]:
    from modemfarm.tasks.at import speak
    from modemfarm.tasks.common import Here

    if not words or len(words) < 2:
        raise InvalidValueError(
            "WORDS", " ".join(words or []), "an IMEI or USB path, then AT commands"
        )
    done = speak(words[0], words[1:], role, Here(kind=KIND), wait)
    _warn(done)
    return [
        {**one, "error": one["error"] and one["error"]["message"], "modem": done["modem"],
         "correlation": done["correlation"]}
        for one in done["answers"]
    ]  # fmt: skip


def _unanswered(error: FarmError) -> dict[str, Any]:
    """The usual fields for a command that got no answer."""
    said: dict[str, Any] = {"command": error.command, "lines": [], "result": None}
    said |= {"error": error.message, "remedy": error.remedy, "modem": error.modem}
    return {**said, "milliseconds": 0.0}


def qmi(
    modem: Annotated[str, typer.Argument(help="IMEI or USB path.")],
    queries: Annotated[list[str], typer.Argument(help="Such as signal-info.")],
    role: As = Role.OPERATOR,
    as_json: Json = False,
) -> None:
    """Ask a modem over QMI, beside ModemManager. Nothing is changed."""
    from modemfarm.tasks.common import Here
    from modemfarm.tasks.qmi import query

    from .output import show_fields, show_json

    done = query(modem, queries, role, Here(kind=KIND))
    _warn(done)
    if as_json:
        show_json(done["answers"])
        return
    for name, value in done["answers"].items():
        sys.stdout.write(f"{name}\n")
        show_fields(_flat(value))


def _show(said: dict[str, Any]) -> None:
    from ..text import printable

    for line in said["lines"]:
        sys.stdout.write(printable(line) + "\n")
    sys.stdout.write(f"{printable(said['error'] or said['result'])}\n")


def _show_allowed(role: Role, as_json: bool) -> None:
    from modemfarm.at.policy import describe

    from .output import show_json, show_table

    rows = [asdict(form) for form in describe(role)]
    if as_json:
        show_json(rows)
        return
    columns = ("command", "purpose", "role", "seconds")
    show_table(columns, [[str(row[name])[:LONGEST_FORM] for name in columns] for row in rows])


def _warn(done: dict[str, Any]) -> None:
    for warning in done["warnings"]:
        sys.stderr.write(f"modemfarm: {warning}\n")


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Nested values as one level: lte.rsrp_dbm."""
    if isinstance(value, dict):
        pairs = [(f"{prefix}.{key}" if prefix else str(key), item) for key, item in value.items()]
        return {k: v for name, item in pairs for k, v in _flat(item, name).items()}
    if isinstance(value, list):
        return {prefix or "value": ", ".join(str(item) for item in value)}
    return {prefix or "value": value}
