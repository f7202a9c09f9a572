# SPDX-License-Identifier: GPL-3.0-or-later
"""Who the modem and its SIM are.

Sources: 3GPP TS 27.007 (sections named below) and the Quectel EC25 AT commands manual.
"""

import re
from dataclasses import dataclass

from ...errors import CommandFailedError
from ...identity import check_iccid, check_imsi, check_serial
from ..answers import after, bare, clean, text, unreadable
from ..session import AtSession

_IMEI = re.compile(r"\"?([0-9]{15})\"?\Z")
_ICCID = re.compile(r"\"?([0-9]{18,20})[Ff]?\"?\Z")
_IMSI = re.compile(r"\"?([0-9]{6,15})\"?\Z")
_REVISION = "REVISION"


@dataclass(frozen=True)
class Identity:
    """Who a modem is; iccid and imsi are None without a readable SIM."""

    imei: str
    iccid: str | None
    imsi: str | None
    model: str
    revision: str


@dataclass(frozen=True)
class Product:
    """What ATI says: maker, model and firmware revision."""

    manufacturer: str
    model: str
    revision: str


def identify(session: AtSession) -> Identity:
    """Ask who the modem is. Without a SIM, or with a locked one, iccid and imsi are None."""
    return Identity(
        imei=imei(session),
        iccid=iccid(session),
        imsi=imsi(session),
        model=model(session),
        revision=revision(session),
    )


def product(session: AtSession) -> Product:
    """ATI (EC25 manual): three lines, the third `Revision: EC25EUXGAR08A01M1G`."""
    lines = [clean(line) for line in session.command("ATI").lines]
    found = [after(line, _REVISION) for line in lines]
    place = next((place for place, text in enumerate(found) if text), 0)
    firmware = found[place] if place >= 2 else None
    if not firmware:
        unreadable(f"{session.device} answered ATI without maker, model, revision", "ATI")
    return Product(lines[place - 2], lines[place - 1], firmware)


def manufacturer(session: AtSession) -> str:
    """Who made the modem (AT+CGMI, section 5.1)."""
    return text(session, "AT+CGMI")


def model(session: AtSession) -> str:
    """The model (AT+CGMM, section 5.2)."""
    return text(session, "AT+CGMM")


def revision(session: AtSession) -> str:
    """The firmware (AT+CGMR, section 5.3)."""
    return text(session, "AT+CGMR")


def imei(session: AtSession) -> str:
    """The IMEI (AT+CGSN, section 5.4)."""
    return check_serial(bare(session, "AT+CGSN", _IMEI))


def iccid(session: AtSession) -> str | None:
    """The ICCID (AT+QCCID, EC25 manual), None when the SIM cannot be read."""
    return _iccid(session, "AT+QCCID")


def ccid(session: AtSession) -> str | None:
    """The ICCID by the other name that some firmwares have (AT+CCID), None as `iccid`."""
    return _iccid(session, "AT+CCID")


def imsi(session: AtSession) -> str | None:
    """The IMSI (AT+CIMI, section 5.6), None when the SIM cannot be read."""
    try:
        return check_imsi(bare(session, "AT+CIMI", _IMSI))
    except CommandFailedError:
        return None


def _iccid(session: AtSession, command: str) -> str | None:
    try:
        return check_iccid(bare(session, command, _ICCID))
    except CommandFailedError:
        return None
