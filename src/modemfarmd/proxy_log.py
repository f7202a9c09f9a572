# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections of clients, as the proxies have written them to the journal of this host.

An entry is one of a proxy when journald says that its unit wrote it: nobody else can. What is in it
comes from clients and is data. 3proxy writes a connection when it ends, with what it moved; v2ray
when it begins, and nothing of its end.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import AddressValueError, IPv4Address
from typing import IO, Any

from .errors import JournalError

UNITS = ("3proxy@{}.service", "v2ray-proxy@{}.service")
_UNIT = re.compile(r"(?:3proxy|v2ray-proxy)@([1-9][0-9]{0,2})\.service\Z")
_V2RAY = re.compile(
    r"\S+ \S+ (?:from )?(?:tcp:|udp:)?([0-9.]{7,15}):[0-9]{1,5} accepted (?!.*-> drop\]$)"
)
DONE = "00000"  # 3proxy's number of no error
MAX_LINE = 100_000
# A connection is written when it ends: one that began in the time asked for may be found later.
LONGEST = timedelta(days=1)


@dataclass(frozen=True)
class Connection:
    """One, of a client to the proxy of a slot. ended None where the log does not say.

    up and down are bytes from and to the client; user None where nobody logged in.
    """

    slot: int
    client: str
    user: str | None
    began: datetime
    ended: datetime | None
    up: int = 0
    down: int = 0

    def touches(self, since: datetime, until: datetime) -> bool:
        """Whether it was open at some moment of that time."""
        return self.began <= until and (self.ended or self.began) >= since


def read_connections(
    slots: Collection[int], since: datetime, until: datetime
) -> Iterator[Connection]:
    """Those of these slots that were open in that time and have ended. JournalError."""
    if not slots:
        return
    last = min(until + LONGEST, datetime.now(UTC))
    command = [
        "journalctl", "--quiet", "--no-pager", "--all", "--output=json",
        "--output-fields=MESSAGE,_SYSTEMD_UNIT",
        f"--since=@{since.timestamp():.0f}", f"--until=@{last.timestamp() + 1:.0f}",
        *(f"_SYSTEMD_UNIT={unit.format(slot)}" for slot in sorted(slots) for unit in UNITS),
    ]  # fmt: skip
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
            )
        except OSError as error:
            raise JournalError(f"journalctl cannot be run: {error.strerror}") from error
        with process:
            for found in connections(_lines(process.stdout) if process.stdout else ()):
                if found.slot in slots and found.touches(since, until):
                    yield found
        if process.returncode:
            said.seek(0)
            words = said.read(2000).decode("utf-8", "replace").strip()
            raise JournalError(f"journalctl: {words or process.returncode}")


def connections(lines: Iterable[bytes]) -> Iterator[Connection]:
    """Of entries of the journal, a JSON object a line; what is no connection is left out."""
    for line in lines:
        try:
            entry = json.loads(line)
            found = _connection(entry)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            continue
        if found is not None:
            yield found


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Whole lines; the rest of one that is too long is no JSON, so it is left out later."""
    while line := stream.readline(MAX_LINE):
        yield line


def _connection(entry: dict[str, Any]) -> Connection | None:
    unit, message = _UNIT.match(str(entry["_SYSTEMD_UNIT"])), entry["MESSAGE"]
    if isinstance(message, list):  # journald's way to write what is not UTF-8
        message = bytes(message).decode("utf-8", "replace")
    if unit is None or not isinstance(message, str):
        return None
    slot, at = int(unit[1]), _moment(int(entry["__REALTIME_TIMESTAMP"]) / 1e6)
    if not message.startswith("{"):
        seen = _V2RAY.match(message)
        return None if seen is None else Connection(slot, _client(seen[1]), None, at, None)
    said = json.loads(message)
    up, down = int(said["out"]), int(said["in"])
    if said["err"] != DONE and not up and not down:
        return None  # it was refused, or led nowhere: it used no address
    began = at - timedelta(milliseconds=max(0, int(said["ms"])))
    user = str(said["user"])
    return Connection(
        slot, _client(said["cli"]), None if user in ("-", "") else user, began, at,
        up, down,
    )  # fmt: skip


def _client(text: object) -> str:
    try:
        return str(IPv4Address(str(text)))
    except AddressValueError as error:
        raise ValueError(f"{text!r} is no client") from error


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
