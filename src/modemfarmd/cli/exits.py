# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm exits`: who used which exit address when.

The registry says which modem had an address; which clients used that modem's proxy meanwhile is in
the journal of its host, where the proxies have written it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modemfarm.errors import InvalidValueError
from modemfarm.identity import check_serial
from modemfarm.proxy.users import check_name
from modemfarm.settings import FarmSettings

if TYPE_CHECKING:
    from ..proxy_log import Connection

MOST = 10_000  # spans; a modem that changes its address each minute makes as many in a week
Row = dict[str, Any]
At = Annotated[
    str | None, typer.Option(help="One moment, such as 2026-01-31T18:00:00+01:00 (with offset).")
]


@dataclass
class Use:
    """What one client did with one address: connections that were open meanwhile, and their bytes.

    A connection that lasts over a change of the address counts as a whole for both.
    """

    client: str
    user: str | None
    first: datetime
    last: datetime
    connections: int = 0
    up: int = 0
    down: int = 0

    def add(self, found: Connection) -> None:
        """One more connection."""
        self.first = min(self.first, found.began)
        self.last = max(self.last, found.ended or found.began)
        self.connections += 1
        self.up, self.down = self.up + found.up, self.down + found.down


@dataclass
class Exit:
    """One span of an address, or with row None connections of a time when none was known."""

    row: Row
    uses: dict[tuple[str, str | None], Use] = field(default_factory=dict)

    def add(self, found: Connection) -> None:
        """A connection of its slot and time."""
        key = found.client, found.user
        fresh = Use(*key, found.began, found.ended or found.began)
        self.uses.setdefault(key, fresh).add(found)

    def as_dict(self) -> Row:
        """For JSON, the clients with the most bytes first."""
        uses = sorted(self.uses.values(), key=lambda use: -(use.up + use.down))
        return self.row | {"clients": [vars(use) for use in uses]}


def exits(
    ctx: typer.Context,
    address: Annotated[
        str | None, typer.Option(help="Exit address, as the Internet sees it.")
    ] = None,
    client: Annotated[str | None, typer.Option(help="Address of a client on the LAN.")] = None,
    user: Annotated[str | None, typer.Option(help="User of the proxy who logged in.")] = None,
    modem: Annotated[str | None, typer.Option(help="IMEI of a modem.")] = None,
    at: At = None,
    since: Annotated[str | None, typer.Option(help="Else from then; a day ago without.")] = None,
    until: Annotated[str | None, typer.Option(help="Until then; now without.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Who used which exit address when: modem, port and clients. Needs the database, as root."""
    from ..registry.exits import Asked, find_exits, span
    from .source import open_registry

    settings = FarmSettings.load(ctx.obj[0])
    check_asked(address, client, user, modem)
    now = datetime.now(UTC)
    begin, end = span(at, since, until, now, "--")
    asked = Asked(begin, end, address, modem)
    with open_registry(settings) as registry:
        rows = find_exits(registry.database, asked, MOST)
    if len(rows) == MOST:
        sys.stderr.write(f"only the first {MOST} spans are shown; ask for a shorter time\n")
    kept = (now - begin).days
    if kept >= settings.keep_events_days:
        days = settings.keep_events_days
        sys.stderr.write(f"addresses are kept for {days} days (farm_keep_events_days)\n")
    found, problem = _with_clients(settings, rows, asked.since, asked.until, client, user)
    if client or user:
        found = [one for one in found if one.uses]
    _show(found, problem, begin, end, as_json)


def check_asked(
    address: str | None, client: str | None, user: str | None, modem: str | None
) -> None:
    """InvalidValueError for what nobody can have, and for nothing at all."""
    if not (address or client or user or modem):
        raise InvalidValueError("--address", address, "one of --address, --client, --user, --modem")
    for name, value in (("--address", address), ("--client", client)):
        try:
            if value is not None:
                IPv4Address(value)
        except AddressValueError as error:
            raise InvalidValueError(name, value, "an IPv4 address") from error
    if user is not None:
        check_name(user, "--user")
    if modem is not None:
        check_serial(modem)


def _with_clients(
    settings: FarmSettings,
    rows: Sequence[Row],
    since: datetime,
    until: datetime,
    client: str | None,
    user: str | None,
) -> tuple[list[Exit], str | None]:
    """The spans with who used them; why that is not known, where it is not."""
    from ..errors import JournalError
    from ..proxy_log import read_connections

    slots = {row["slot"] for row in rows if row["host"] == settings.host and row["slot"]}
    found = [Exit(row) for row in rows]
    try:
        connections = (
            one
            for one in read_connections(slots, since, until)
            if client in (None, one.client) and user in (None, one.user)
        )
        join(found, settings.host, connections, since, until)
    except JournalError as error:
        return found, str(error)
    others = sorted({row["host"] for row in rows} - {settings.host})
    return found, f"the journals of {', '.join(others)} are there" if others else None


def join(
    found: Sequence[Exit],
    host: str,
    connections: Iterable[Connection],
    since: datetime,
    until: datetime,
) -> None:
    """Give each connection to the spans of its slot during which it was open, in that time."""
    by_slot: dict[int, list[Exit]] = {}
    for one in found:
        if one.row["host"] == host and one.row["slot"]:
            by_slot.setdefault(one.row["slot"], []).append(one)
    for connection in connections:
        for one in by_slot.get(connection.slot, ()):
            begin, end = max(one.row["since"], since), min(one.row["until"] or until, until)
            if connection.touches(begin, end):
                one.add(connection)


def _show(
    found: Sequence[Exit], problem: str | None, since: datetime, until: datetime, as_json: bool
) -> None:
    from .output import show_json, show_table

    if problem is not None:
        sys.stderr.write(f"not all clients are known: {problem}\n")
    if as_json:
        rows = [{k: v for k, v in one.as_dict().items() if k != "id"} for one in found]
        show_json({"since": since, "until": until, "exits": rows, "problem": problem})
        return
    titles = ["address", "from", "until", "modem", "slot", "port", "client", "user", "first",
              "last", "connections", "bytes up", "bytes down"]  # fmt: skip
    show_table(titles, [cells for one in found for cells in _lines(one)])


def _lines(one: Exit) -> list[list[Any]]:
    row = one.as_dict()
    head = [row[n] for n in ("address", "since", "until", "serial", "slot", "proxy_port")]
    uses = [list(use.values()) for use in row["clients"]] or [[None] * 7]
    return [[*head, *use] for use in uses]
