# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the apply service to converge, compare or repair modems: a line of JSON there, one back."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modemfarm.errors import FarmError
from modemfarm.identity import check_interface, check_serial

from ..errors import ApplyError
from ..registry.model import Outcome
from ..text import printable

SOCKET = Path("/run/modemfarm/apply.sock")
# The service ends a job by itself after 270 s and lets it unwind; this is for one that hangs.
TIMEOUT_S = 400.0
WAKE_S = 2.0  # systemd accepts at once
MAX_ANSWER = 4_000_000  # 120 modems with all their steps are 60 kB
STATUS_OF = {
    "serving": "online",
    "degraded": "online",
    "offline": "offline",
    "waiting": "offline",
    "held": "offline",
    "failed": "error",
}


@dataclass(frozen=True)
class Applied:
    """The answer: one outcome per modem, and the rows as modem_apply returned them."""

    seconds: float
    outcomes: tuple[Outcome, ...]
    rows: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Drift:
    """What differs from the registry: rows as modem_apply returned them, words for the host."""

    rows: tuple[dict[str, Any], ...]
    host: tuple[str, ...]


@dataclass(frozen=True)
class Repaired:
    """A step that was taken, with the evidence from before and after; error where it failed."""

    step: str
    seconds: float
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    error: str | None


def request_apply(
    serials: Sequence[str],
    play: str = "modem",
    prove: bool = True,
    path: Path = SOCKET,
    timeout: float = TIMEOUT_S,
) -> Applied:
    """Converge `serials` and wait for it. Raises ApplyError."""
    request = {"play": play, "serials": list(serials), "prove": prove}
    return parse_answer(_ask(request, path, timeout))


def request_drift(
    serials: Sequence[str] = (), path: Path = SOCKET, timeout: float = TIMEOUT_S
) -> Drift:
    """Compare `serials` (all when empty) with the registry; nothing is changed. ApplyError."""
    request = {"play": "drift", "serials": list(serials)}
    return parse_drift(_ask(request, path, timeout))


def request_repair(
    serial: str, step: str, path: Path = SOCKET, timeout: float = TIMEOUT_S
) -> Repaired:
    """Take one step on a modem and wait for its end.

    A step that was taken and failed is an answer; ApplyError when it was not taken (the modem is
    busy, held or not there, the service refuses or is away).
    """
    request = {"play": "repair", "serials": [serial], "step": step}
    return parse_repaired(_ask(request, path, timeout))


def _ask(request: dict[str, Any], path: Path, timeout: float) -> bytes:
    line = json.dumps(request).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(str(path))
            connection.sendall(line)
            return _read_line(connection)
    except OSError as error:
        raise ApplyError(f"the apply service at {path}: {error or type(error).__name__}") from error


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
    with _readable():
        answer = _granted(json.loads(line))
        rows = answer["modems"]
        outcomes = tuple(outcome(row) for row in rows)
        return Applied(float(answer["seconds"]), outcomes, tuple(rows))


def parse_drift(line: bytes) -> Drift:
    """The rows and words in an answer line; ApplyError as parse_answer."""
    with _readable():
        answer = _granted(json.loads(line))
        rows = tuple(answer["modems"])
        for row in rows:
            outcome(row)
            row["changed"] = [printable(word, 40) for word in row["changed"]]
        return Drift(rows, tuple(printable(word, 200) for word in answer["host"]))


def parse_repaired(line: bytes) -> Repaired:
    """What a step came to; ApplyError as parse_answer, and when no step was taken."""
    with _readable():
        answer = json.loads(line)
        taken = answer["repair"]
        if taken is None:
            _granted(answer)
            raise ApplyError("the apply service took no step")
        return Repaired(
            step=printable(taken["step"], 20),
            seconds=float(taken["seconds"]),
            before=_evidence(taken["before"]),
            after=_evidence(taken["after"]),
            # An error of the run as a whole (it took too long) beats what the module says.
            error=_text(taken["error"] or (None if answer["ok"] else answer["error"])),
        )


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except ApplyError:
        raise
    except (ValueError, KeyError, TypeError, FarmError) as error:
        raise ApplyError(f"the apply service's answer cannot be read: {error}") from error


def _granted(answer: dict[str, Any]) -> dict[str, Any]:
    if not answer["ok"]:
        raise ApplyError(printable(answer["error"] or "the apply service says no"))
    return answer


def _evidence(value: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if value is None else dict(value)


def outcome(row: dict[str, Any]) -> Outcome:
    """One row of modem_apply's result as an outcome for the registry."""
    state = row["state"]
    if state not in STATUS_OF:
        raise ApplyError(f"unknown state {state!r}")
    interface = row.get("interface")
    return Outcome(
        serial=check_serial(row["serial"]),
        status="online" if state == "held" and interface else STATUS_OF[state],
        state=state,
        reason=_text(row.get("reason")),
        remedy=_text(row.get("remedy")),
        interface=None if interface is None else check_interface(interface),
        wan_address=_text(row.get("wan_address")),
    )


def _text(value: object) -> str | None:
    return None if value is None else printable(value, 500)
