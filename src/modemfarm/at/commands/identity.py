# SPDX-License-Identifier: GPL-3.0-or-later
"""Who the modem and its SIM are.

Sources: 3GPP TS 27.007 (sections named below) and the Quectel EC25 AT commands manual.
"""

import re
from dataclasses import dataclass

from ...errors import CommandFailedError
from ...identity import check_iccid, check_imsi, check_serial
from ..answers import matched, text
from ..session import AtSession


@dataclass(frozen=True)
class Identity:
    """Who a modem is; iccid and imsi are None without a readable SIM."""

    imei: str
    iccid: str | None
    imsi: str | None
    model: str
    revision: str


def identify(session: AtSession) -> Identity:
    """Ask who the modem is. Without a SIM, or with a locked one, iccid and imsi are None."""
    return Identity(
        imei=imei(session),
        iccid=iccid(session),
        imsi=imsi(session),
        model=text(session, "AT+CGMM"),
        revision=text(session, "AT+CGMR"),
    )


def imei(session: AtSession) -> str:
    """The IMEI (AT+CGSN, section 5.4)."""
    line = matched(session, "AT+CGSN", re.compile(r"(?:\+CGSN: )?\"?([0-9]{15})\"?\Z")).group(1)
    return check_serial(line)


def iccid(session: AtSession) -> str | None:
    """The ICCID (AT+QCCID, EC25 manual), None when the SIM cannot be read."""
    pattern = re.compile(r"\+QCCID: ?\"?([0-9]{18,20})[Ff]?\"?\Z")
    try:
        return check_iccid(matched(session, "AT+QCCID", pattern).group(1))
    except CommandFailedError:
        return None


def imsi(session: AtSession) -> str | None:
    """The IMSI (AT+CIMI, section 5.6), None when the SIM cannot be read."""
    try:
        return check_imsi(matched(session, "AT+CIMI", re.compile(r"([0-9]{6,15})\Z")).group(1))
    except CommandFailedError:
        return None
