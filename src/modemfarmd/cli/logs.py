# SPDX-License-Identifier: GPL-3.0-or-later
"""What `modemfarm logs` shows: rows of modem_logs, oldest first, and those that come."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modemfarm.caller import check_correlation
from modemfarm.errors import InvalidValueError
from modemfarm.identity import check_serial
from modemfarm.record import CHANNELS
from modemfarm.settings import FarmSettings

from .output import cell, plain, show_json
from .source import open_registry

if TYPE_CHECKING:
    from ..registry.logs import LogBook

LINES = 50
FOLLOW_S = 1.0  # the agent looks at the spool as often
FOLLOW_ROWS = 1_000  # of one look; thirty modems make ten a second

Row = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """Which rows. InvalidValueError for a value that no row can have, and for no value at all."""

    serial: str | None
    correlation: str | None
    channel: str | None

    def __post_init__(self) -> None:
        if self.serial is None and self.correlation is None:
            raise InvalidValueError("SERIAL", None, "an IMEI, or --correlation")
        if self.serial is not None:
            check_serial(self.serial)
        if self.correlation is not None:
            check_correlation(self.correlation, "--correlation")
        if self.channel is not None and self.channel not in CHANNELS:
            raise InvalidValueError("--channel", self.channel, ", ".join(CHANNELS))


def rows(book: LogBook, wanted: Wanted, limit: int, after: int | None = None) -> list[Row]:
    """The newest `limit` rows, oldest of them first."""
    found = book.newest(limit, wanted.serial, wanted.correlation, wanted.channel, after)
    return found[::-1]


def follow(
    book: LogBook, wanted: Wanted, limit: int, pause: Callable[[float], None] = time.sleep
) -> Iterator[Row]:
    """The newest rows, and then each that comes, without end."""
    found = rows(book, wanted, limit)
    last = 0
    while True:
        yield from found
        last = max([last, *(row["id"] for row in found)])
        pause(FOLLOW_S)
        found = rows(book, wanted, FOLLOW_ROWS, last)


def show(row: Row) -> None:
    """One row for people: time, channel, actor, command -> answer, outcome, ms, correlation."""
    took = "-" if row["milliseconds"] is None else f"{row['milliseconds']:.0f} ms"
    sys.stdout.write(
        f"{cell(row['at'])} {row['channel']:<4} {cell(row['actor'])} "
        f"{cell(row['command'])} -> {cell(row['answer'] or None)} [{row['outcome']}, {took}"
        + (f", {row['correlation']}]\n" if row["correlation"] else "]\n")
    )
    sys.stdout.flush()


def show_line(row: Row) -> None:
    """One row as one line of JSON."""
    sys.stdout.write(json.dumps(row, default=plain) + "\n")
    sys.stdout.flush()


def check_known(serial: str, known: Collection[str]) -> None:
    """InvalidValueError when there is nothing to show because the modem is not of this host."""
    if serial not in known:
        raise InvalidValueError(
            "SERIAL", serial, f"a modem of this host: {', '.join(known) or 'none yet'}"
        )


def logs(
    ctx: typer.Context,
    serial: Annotated[str | None, typer.Argument(help="IMEI of the modem.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=10_000)] = LINES,
    correlation: Annotated[
        str | None, typer.Option(help="Only one action, on whatever modems it was.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help=f"Only {', '.join(CHANNELS)}.")] = None,
    following: Annotated[
        bool, typer.Option("--follow", "-f", help="Show what comes as well, until Ctrl-C.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON; with --follow one object a line.")
    ] = False,
) -> None:
    """What was said to a modem and what it answered, oldest first. Needs the database."""
    from ..registry.logs import LogBook

    wanted = Wanted(serial, correlation, channel)
    with open_registry(FarmSettings.load(ctx.obj[0])) as registry:
        book = LogBook(registry.database, registry.host.name)
        if following:
            with contextlib.suppress(KeyboardInterrupt):
                for row in follow(book, wanted, lines):
                    (show_line if as_json else show)(row)
            return
        found = rows(book, wanted, lines)
        if not found and serial is not None:
            check_known(serial, [row["serial"] for row in registry.modems()])
    if as_json:
        show_json(found)
        return
    for row in found:
        show(row)
