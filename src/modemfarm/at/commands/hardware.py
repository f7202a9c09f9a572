# SPDX-License-Identifier: GPL-3.0-or-later
"""Heat and supply voltage of the modem."""

from dataclasses import dataclass

from ...errors import AnswerUnreadableError
from ..answers import Fields, every, first, unreadable
from ..session import AtSession

CELSIUS = (-60, 150)  # what is outside says that a sensor is not there (255, -273)
MILLIVOLTS_MAX = 20000


@dataclass(frozen=True)
class Temperature:
    """One sensor in degrees C; where the firmware gives no names, its place in the answer."""

    sensor: str
    celsius: int


@dataclass(frozen=True)
class Supply:
    """Supply voltage in mV at the modem's pins; an EC25 has no battery, so no more is told."""

    millivolts: int


def temperatures(session: AtSession) -> tuple[Temperature, ...]:
    """AT+QTEMP (EC25 manual): `+QTEMP: 34,33,33`, or a line with name and value for each sensor."""
    rows = every(session, "AT+QTEMP", "+QTEMP", _row)
    if not any(rows):
        unreadable(f"{session.device} answered AT+QTEMP without a temperature", "AT+QTEMP")
    return tuple(temperature for row in rows for temperature in row)


def supply(session: AtSession) -> Supply:
    """AT+CBC (27.007 section 8.4 with Quectel's third field): `+CBC: 0,0,3841`."""
    return first(session, "AT+CBC", "+CBC", _supply)


def _row(fields: Fields) -> list[Temperature]:
    try:
        numbers = [fields.maybe_number(place, *CELSIUS) for place in range(len(fields))]
    except AnswerUnreadableError:
        return _named(fields)
    rows = enumerate(numbers, start=1)
    return [Temperature(str(place), value) for place, value in rows if value is not None]


def _named(fields: Fields) -> list[Temperature]:
    found = []
    for place in range(0, len(fields) - 1, 2):
        value = fields.maybe_number(place + 1, *CELSIUS)
        if value is not None:
            found.append(Temperature(fields.text(place), value))
    return found


def _supply(fields: Fields) -> Supply:
    return Supply(fields.number(2, 1, MILLIVOLTS_MAX))
