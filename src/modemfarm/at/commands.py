# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed questions to a modem. Each reads one answer and nothing else; none changes a setting.

Sources: 3GPP TS 27.007 (sections named below) and the Quectel EC25 AT commands manual.
"""

import re
from dataclasses import dataclass
from enum import Enum

from ..errors import AnswerUnreadableError, CommandFailedError
from ..identity import check_iccid, check_imsi, check_serial
from .session import AtSession

MAX_TEXT = 64  # names from modem and carrier are shown to people, not stored at any length


@dataclass(frozen=True)
class Identity:
    """Who a modem is; iccid and imsi are None without a readable SIM."""

    imei: str
    iccid: str | None
    imsi: str | None
    model: str
    revision: str


class SimState(Enum):
    """What the SIM wants (27.007 section 8.3)."""

    READY = "ready"
    PIN = "pin required"
    PUK = "puk required"
    ABSENT = "not inserted"
    BUSY = "busy"
    OTHER = "other lock"
    FAILED = "failed"


@dataclass(frozen=True)
class Signal:
    """RSSI in dBm and bit error class 0..7; None where the modem does not know (27.007 8.5)."""

    rssi_dbm: int | None
    ber: int | None


@dataclass(frozen=True)
class Operator:
    """The network the modem is in; the name is hostile text, cut and printable only."""

    name: str | None
    technology: int | None


class Registration(Enum):
    """EPS registration (27.007 section 10.1.22)."""

    NONE = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    UNKNOWN = 4
    ROAMING = 5
    OTHER = -1

    @property
    def registered(self) -> bool:
        """True at home and roaming."""
        return self in (Registration.HOME, Registration.ROAMING)


def identify(session: AtSession) -> Identity:
    """Ask who the modem is. Without a SIM, or with a locked one, iccid and imsi are None."""
    return Identity(
        imei=imei(session),
        iccid=iccid(session),
        imsi=imsi(session),
        model=_text(session, "AT+CGMM"),
        revision=_text(session, "AT+CGMR"),
    )


def imei(session: AtSession) -> str:
    """The IMEI (AT+CGSN, section 5.4)."""
    line = _answer(session, "AT+CGSN", re.compile(r"(?:\+CGSN: )?\"?([0-9]{15})\"?\Z")).group(1)
    return check_serial(line)


def iccid(session: AtSession) -> str | None:
    """The ICCID (AT+QCCID, EC25 manual), None when the SIM cannot be read."""
    pattern = re.compile(r"\+QCCID: ?\"?([0-9]{18,20})[Ff]?\"?\Z")
    try:
        return check_iccid(_answer(session, "AT+QCCID", pattern).group(1))
    except CommandFailedError:
        return None


def imsi(session: AtSession) -> str | None:
    """The IMSI (AT+CIMI, section 5.6), None when the SIM cannot be read."""
    try:
        return check_imsi(_answer(session, "AT+CIMI", re.compile(r"([0-9]{6,15})\Z")).group(1))
    except CommandFailedError:
        return None


_SIM_ANSWERS = {"READY": SimState.READY, "SIM PIN": SimState.PIN, "SIM PUK": SimState.PUK}
_SIM_ERRORS = {
    10: SimState.ABSENT,
    11: SimState.PIN,
    12: SimState.PUK,
    13: SimState.FAILED,
    14: SimState.BUSY,
}


def sim_state(session: AtSession) -> SimState:
    """What AT+CPIN? says; an error that names no SIM state is raised."""
    try:
        found = _answer(session, "AT+CPIN?", re.compile(r"\+CPIN: ?([A-Z0-9 -]+)\Z")).group(1)
    except CommandFailedError as error:
        if error.code in _SIM_ERRORS:
            return _SIM_ERRORS[error.code]
        raise
    return _SIM_ANSWERS.get(found.strip(), SimState.OTHER)


def signal(session: AtSession) -> Signal:
    """AT+CSQ: 0..31 are -113 dBm upwards in steps of 2 dB, 99 is unknown."""
    match = _answer(session, "AT+CSQ", re.compile(r"\+CSQ: ?([0-9]{1,3}), ?([0-9]{1,2})\Z"))
    rssi, ber = int(match.group(1)), int(match.group(2))
    return Signal(-113 + 2 * rssi if rssi <= 31 else None, ber if ber <= 7 else None)


def operator(session: AtSession) -> Operator:
    """AT+COPS? (section 7.3); name None while the modem is in no network."""
    pattern = re.compile(r"\+COPS: ?[0-9]+(?:, ?[0-9]+, ?\"([^\"]*)\"(?:, ?([0-9]+))?)?\Z")
    match = _answer(session, "AT+COPS?", pattern)
    name, technology = match.groups()
    return Operator(_clean(name) if name else None, int(technology) if technology else None)


def registration(session: AtSession) -> Registration:
    """AT+CEREG? (section 10.1.22); a +CEREG: <stat> that came unasked is not taken for it."""
    pattern = re.compile(r"\+CEREG: ?[0-5], ?([0-9]{1,2})(?:,.*)?\Z")
    value = int(_answer(session, "AT+CEREG?", pattern).group(1))
    return Registration(value) if 0 <= value <= 5 else Registration.OTHER


def _answer(session: AtSession, command: str, pattern: re.Pattern[str]) -> re.Match[str]:
    """The first answer line that fits. Others may be rubbish from a glitching port."""
    lines = session.command(command).lines
    for line in lines:
        match = pattern.match(line)
        if match:
            return match
    shown = " | ".join(lines)[:MAX_TEXT]
    raise AnswerUnreadableError(
        f"{session.device} answered {command} with {shown!r}", "try again; see the modem's manual"
    )


def _text(session: AtSession, command: str) -> str:
    lines = session.command(command).lines
    name = command[2:]
    for line in lines:
        cleaned = _clean(line.removeprefix(f"{name}: "))
        if cleaned:
            return cleaned
    raise AnswerUnreadableError(f"{session.device} answered {command} with nothing", "try again")


def _clean(text: str) -> str:
    return "".join(c for c in text.strip().strip('"') if c.isprintable())[:MAX_TEXT]
