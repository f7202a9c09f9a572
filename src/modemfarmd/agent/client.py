# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the apply service to converge modems: one line of JSON there, one back."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modemfarm.errors import FarmError
from modemfarm.identity import check_interface, check_serial

from ..errors import ApplyError
from ..registry.model import Outcome
from ..text import printable

SOCKET = Path("/run/modemfarm/apply.sock")
# The job waits 45 s for modems and Ansible needs its share under emulation; the service ends a
# job by itself long before this.
TIMEOUT_S = 400.0
WAKE_S = 2.0  # systemd accepts at once
MAX_ANSWER = 4_000_000  # 120 modems with all their steps are 60 kB
STATUS_OF = {"serving": "online", "offline": "offline", "waiting": "offline", "failed": "error"}


@dataclass(frozen=True)
class Applied:
    """The answer: one outcome per modem, and the rows as modem_apply returned them."""

    seconds: float
    outcomes: tuple[Outcome, ...]
    rows: tuple[dict[str, Any], ...]


def request_apply(
    serials: Sequence[str], path: Path = SOCKET, timeout: float = TIMEOUT_S
) -> Applied:
    """Run the play `modem` for `serials` and wait for it. Raises ApplyError."""
    line = json.dumps({"play": "modem", "serials": list(serials)}).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(str(path))
            connection.sendall(line)
            answer = _read_line(connection)
    except OSError as error:
        raise ApplyError(f"the apply service at {path}: {error or type(error).__name__}") from error
    return parse_answer(answer)


def wake(path: Path = SOCKET) -> None:
    """Have systemd start the service, which then preloads Ansible. Failure is not an error."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(WAKE_S)
        connection.connect(str(path))


def _read_line(connection: socket.socket) -> bytes:
    data = bytearray()
    while not data.endswith(b"\n"):
        chunk = connection.recv(65536)
        if not chunk or len(data) > MAX_ANSWER:
            raise ApplyError("the apply service broke off its answer")
        data += chunk
    return bytes(data)


def parse_answer(line: bytes) -> Applied:
    """The outcomes in an answer line; ApplyError for a refusal or an unreadable answer."""
    try:
        answer = json.loads(line)
        ok, rows = answer["ok"], answer["modems"]
        if not ok:
            raise ApplyError(printable(answer["error"] or "the apply service says no"))
        outcomes = tuple(outcome(row) for row in rows)
        return Applied(float(answer["seconds"]), outcomes, tuple(rows))
    except (ValueError, KeyError, TypeError, FarmError) as error:
        if isinstance(error, ApplyError):
            raise
        raise ApplyError(f"the apply service's answer cannot be read: {error}") from error


def outcome(row: dict[str, Any]) -> Outcome:
    """One row of modem_apply's result as an outcome for the registry."""
    state = row["state"]
    if state not in STATUS_OF:
        raise ApplyError(f"unknown state {state!r}")
    interface = row.get("interface")
    return Outcome(
        serial=check_serial(row["serial"]),
        status=STATUS_OF[state],
        state=state,
        reason=_text(row.get("reason")),
        remedy=_text(row.get("remedy")),
        interface=None if interface is None else check_interface(interface),
        wan_address=_text(row.get("wan_address")),
    )


def _text(value: object) -> str | None:
    return None if value is None else printable(value, 500)
