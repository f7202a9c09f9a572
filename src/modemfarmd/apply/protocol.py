# SPDX-License-Identifier: GPL-3.0-or-later
"""The apply service's language: one JSON line in, one JSON line out.

In:  {"play": "modem", "serials": ["867584030000017", ...], "prove": true}
     {"play": "drift", "serials": [...]}
     {"play": "repair", "serials": [exactly one], "step": "radio"}
Out: {"ok": bool, "rc": int, "seconds": float, "error": str|null, "modems": [rows of modem_apply],
      "host": [what is or was lost for all modems], "repair": {step, seconds, before, after, error}}
`repair` is null for other plays, and for a step that did not begin (the modem is busy, or held).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modemfarm.errors import InvalidValueError
from modemfarm.identity import check_serial
from modemfarm.reset.names import LADDER

MODEM, DRIFT, REPAIR = "modem", "drift", "repair"
# The closed list: what a caller names and the playbook that root runs for it.
PLAYS: Mapping[str, str] = {MODEM: "modem.yml", DRIFT: "drift.yml", REPAIR: "repair.yml"}
_FIELDS: Mapping[str, tuple[str, ...]] = {MODEM: ("prove",), DRIFT: (), REPAIR: ("step",)}
MAX_SERIALS = 256  # twice the largest farm
MAX_LINE = 64 * 1024  # 256 serials are 5 kB
RC_REFUSED = 64  # EX_USAGE of sysexits.h: the request, not the play, was wrong
RC_BUSY = 75  # EX_TEMPFAIL: too many requests at once


@dataclass(frozen=True)
class Request:
    """A checked request; serials are unique and sorted, empty stands for all modems.

    step: of the play repair. prove: the play modem asks for an address through each port.
    """

    play: str
    serials: tuple[str, ...]
    step: str | None = None
    prove: bool = True

    def variables(self) -> dict[str, Any]:
        """The extra variables of the playbook."""
        if self.play == REPAIR:
            return {"modem_serial": self.serials[0], "modem_step": self.step}
        if self.play == DRIFT:
            return {"modem_serials": list(self.serials)}
        return {"modem_serials": list(self.serials), "modem_prove": self.prove}


@dataclass(frozen=True)
class Answer:
    """What the caller gets."""

    ok: bool
    rc: int
    seconds: float = 0.0
    error: str | None = None
    modems: list[dict[str, Any]] = field(default_factory=list)
    host: list[str] = field(default_factory=list)
    repair: dict[str, Any] | None = None

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
    play = _play(document.get("play"))
    known = ("play", "serials", *_FIELDS[play])
    for name in document:
        if name not in known:
            raise InvalidValueError("field name", name, ", ".join(known))
    serials = _serials(document.get("serials"))
    if play == REPAIR:
        return Request(play, _one(serials), step=_step(document.get("step")))
    return Request(play, serials, prove=_flag("prove", document.get("prove", True)))


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


def _one(serials: tuple[str, ...]) -> tuple[str, ...]:
    if len(serials) != 1:
        raise InvalidValueError("serials", f"{len(serials)} of them", "exactly one to repair")
    return serials


def _step(value: object) -> str:
    if not isinstance(value, str) or value not in LADDER:
        raise InvalidValueError("step", value, ", ".join(LADDER))
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidValueError(name, value, "true or false")
    return value
