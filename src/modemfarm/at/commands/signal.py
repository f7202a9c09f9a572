# SPDX-License-Identifier: GPL-3.0-or-later
"""How well the modem hears the network."""

import re
from dataclasses import dataclass

from ..answers import matched
from ..session import AtSession


@dataclass(frozen=True)
class Signal:
    """RSSI in dBm and bit error class 0..7; None where the modem does not know (27.007 8.5)."""

    rssi_dbm: int | None
    ber: int | None


def signal(session: AtSession) -> Signal:
    """AT+CSQ: 0..31 are -113 dBm upwards in steps of 2 dB, 99 is unknown."""
    match = matched(session, "AT+CSQ", re.compile(r"\+CSQ: ?([0-9]{1,3}), ?([0-9]{1,2})\Z"))
    rssi, ber = int(match.group(1)), int(match.group(2))
    return Signal(-113 + 2 * rssi if rssi <= 31 else None, ber if ber <= 7 else None)
