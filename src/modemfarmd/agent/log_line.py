# SPDX-License-Identifier: GPL-3.0-or-later
"""A line of the spool, checked. Any local user who may write there can write anything."""

from __future__ import annotations

import json
import math
import time
from datetime import UTC, datetime
from typing import Any, NoReturn

from modemfarm.caller import actor_of, check_actor, check_correlation
from modemfarm.errors import InvalidValueError
from modemfarm.identity import check_serial
from modemfarm.mask import without_secrets
from modemfarm.record import CHANNELS, OUTCOMES, Record
from modemfarm.spool import ANSWER_LONGEST, COMMAND_LONGEST
from modemfarm.spool_room import Dropped

from ..registry.model import LogLine

LINE_LONGEST = 131_072  # 18,432 characters of command and answer are six bytes each at worst
MILLISECONDS_MOST = 86_400_000.0  # a day; the longest time-out is three minutes
AHEAD_S = 1.0  # a time later than this is the clock's fault, or a lie
COUNT_MOST = 2**53


def parse(line: bytes, person: str | None, now: float | None = None) -> LogLine | Dropped:
    """The line as a row, masked once more; or what a writer says that it had to drop.

    `person` is the user whose file it is, None for root and the agent, who may name any actor.
    InvalidValueError names the field and never shows a value: it could be a secret.
    """
    fields = _fields(line)
    if "dropped" in fields:
        return Dropped.read(fields) or _bad("dropped")
    record = without_secrets(_record(fields))
    return LogLine(
        serial=_checked(check_serial, fields, "serial"),
        channel=record.channel,
        command=record.command,
        answer=record.answer,
        outcome=record.outcome,
        milliseconds=record.milliseconds,
        actor=_actor(_checked(check_actor, fields, "actor"), person),
        correlation=_checked(check_correlation, fields, "correlation"),
        at=_time(fields.get("at"), time.time() if now is None else now),
    )


def _bad(field: str) -> NoReturn:
    raise InvalidValueError(field, "not shown", "what modemfarm.spool writes")


def _fields(line: bytes) -> dict[str, Any]:
    if len(line) > LINE_LONGEST:
        _bad("length of the line")
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        fields = None
    return fields if isinstance(fields, dict) else _bad("JSON of the line")


def _record(fields: dict[str, Any]) -> Record:
    channel, outcome = fields.get("channel"), fields.get("outcome")
    if channel not in CHANNELS:
        _bad("channel")
    if outcome not in OUTCOMES:
        _bad("outcome")
    command = _text(fields, "command", COMMAND_LONGEST)
    answer = _text(fields, "answer", ANSWER_LONGEST)
    took = _number(fields.get("ms"), "ms")
    if not 0 <= took <= MILLISECONDS_MOST:
        _bad("ms")
    return Record(str(channel), command, answer, str(outcome), took, 0.0)


def _text(fields: dict[str, Any], name: str, longest: int) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) and len(value) <= longest else _bad(name)


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        _bad(name)
    if not (isinstance(value, int) and abs(value) > COUNT_MOST) and math.isfinite(value):
        return float(value)
    return _bad(name)


def _checked(check: Any, fields: dict[str, Any], name: str) -> str:
    try:
        return str(check(fields.get(name)))
    except InvalidValueError:
        return _bad(name)


def _actor(said: str, person: str | None) -> str:
    """A person's file is that person's, whatever it says."""
    return said if person is None else actor_of(said.partition(":")[0], person)


def _time(value: object, now: float) -> datetime:
    stamp = _number(value, "at")
    return datetime.fromtimestamp(stamp if 0 <= stamp <= now + AHEAD_S else now, UTC)
