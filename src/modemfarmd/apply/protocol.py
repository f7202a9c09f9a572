# SPDX-License-Identifier: GPL-3.0-or-later
"""The apply service's language: one JSON line in, one JSON line out.

In:  {"play": "modem", "serials": ["867584030000017", ...]}
Out: {"ok": bool, "rc": int, "seconds": float, "error": str|null, "modems": [rows of modem_apply]}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modemfarm.errors import InvalidValueError
from modemfarm.identity import check_serial

# The closed list: what a caller names and the playbook that root runs for it.
PLAYS: Mapping[str, str] = {"modem": "modem.yml"}
MAX_SERIALS = 256  # twice the largest farm
MAX_LINE = 64 * 1024  # 256 serials are 5 kB
RC_REFUSED = 64  # EX_USAGE of sysexits.h: the request, not the play, was wrong
RC_BUSY = 75  # EX_TEMPFAIL: another job holds one of the modems


@dataclass(frozen=True)
class Request:
    """A checked request; serials are unique and sorted, empty stands for all modems."""

    play: str
    serials: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What the caller gets."""

    ok: bool
    rc: int
    seconds: float = 0.0
    error: str | None = None
    modems: list[dict[str, Any]] = field(default_factory=list)

    def line(self) -> bytes:
        """As one line of JSON."""
        return json.dumps(self.__dict__, separators=(",", ":")).encode("ascii") + b"\n"


def refusal(error: InvalidValueError) -> Answer:
    """The answer to a request that is not allowed."""
    return Answer(False, RC_REFUSED, error=f"{error.message}; {error.remedy}")


def parse(line: bytes) -> Request:
    """Check a request line. InvalidValueError names field, value and what is allowed."""
    if len(line) > MAX_LINE:
        raise InvalidValueError("request", f"{len(line)} bytes", f"at most {MAX_LINE} bytes")
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidValueError("request", line[:60], "one JSON object on one line") from error
    if not isinstance(document, dict):
        raise InvalidValueError("request", type(document).__name__, "a JSON object")
    for name in document:
        if name not in ("play", "serials"):
            raise InvalidValueError("field name", name, "play, serials")
    return Request(_play(document.get("play")), _serials(document.get("serials")))


def _play(value: object) -> str:
    if not isinstance(value, str) or value not in PLAYS:
        raise InvalidValueError("play", value, ", ".join(PLAYS))
    return value


def _serials(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise InvalidValueError("serials", value, "a list of IMEIs")
    if len(value) > MAX_SERIALS:
        raise InvalidValueError("serials", f"{len(value)} of them", f"at most {MAX_SERIALS}")
    return tuple(sorted({check_serial(item, "serials") for item in value}))
