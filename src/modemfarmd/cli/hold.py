# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm hold` and `release`: "hands off, I am at work". The agent places them; no database."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from modemfarm.caller import actor_here
from modemfarm.errors import InvalidValueError
from modemfarm.hold import LONGEST, place
from modemfarm.identity import check_serial

KIND = "cli"
WHO = "modemfarm-agent"
SOCKET = Path("/run/modemfarm/agent.sock")
ANSWER_S = 60.0  # the agent answers when the hold is on its disk; it may be waiting for a database
Serial = Annotated[str, typer.Argument(help="IMEI of the modem, 15 digits.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Socket = Annotated[
    Path | None, typer.Option(envvar="MODEMFARM_AGENT", help="Control socket of the agent.")
]
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PARTS = re.compile(r"([0-9]{1,7})([dhms])")


def hold(
    serial: Serial,
    for_: Annotated[str, typer.Option("--for", help="How long, such as 90m, 2h or 1d12h.")],
    reason: Annotated[str, typer.Option(help="Why; everybody sees it.")],
    as_json: Json = False,
    socket: Socket = None,
) -> None:
    """Stop all automatic writes to a modem for a time. Again: the new end and reason count."""
    check_serial(serial)
    now = datetime.now(UTC)
    wanted = place(now + duration(for_), actor_here(KIND), reason, now)
    said = ask_agent({"verb": "hold", "serial": serial, **wanted.as_dict()}, socket)
    _show(said, as_json, f"{serial} is {wanted}")


def release(serial: Serial, as_json: Json = False, socket: Socket = None) -> None:
    """End a hold before its time."""
    check_serial(serial)
    said = ask_agent({"verb": "release", "serial": serial, "by": actor_here(KIND)}, socket)
    _show(said, as_json, f"{serial} is released")


def duration(text: str) -> timedelta:
    """Of a text such as 1d12h. InvalidValueError for anything else, and for what is too long."""
    if not re.fullmatch(rf"(?:{_PARTS.pattern})+", text):
        raise InvalidValueError("--for", text, "a number with d, h, m or s, such as 2h or 1d12h")
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _PARTS.findall(text))
    if not 0 < seconds <= LONGEST.total_seconds():
        raise InvalidValueError("--for", text, f"more than nothing, at most {LONGEST.days}d")
    return timedelta(seconds=seconds)


def ask_agent(document: dict[str, Any], socket: Path | None) -> dict[str, Any]:
    """What the agent answers. FarmError when it refuses, or is away."""
    from ..line.client import ask

    return ask(socket or SOCKET, document, ANSWER_S, WHO)


def _show(said: dict[str, Any], as_json: bool, text: str) -> None:
    from ..text import printable
    from .output import show_json

    if as_json:
        show_json({"serial": said["serial"], "hold": said["hold"]})
    else:
        sys.stdout.write(printable(text) + "\n")
