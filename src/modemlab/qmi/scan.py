# SPDX-License-Identifier: GPL-3.0-or-later
"""A network scan as NAS message 0x0021 gives it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from modemlab.modem.networks import CURRENT, FORBIDDEN, Seen

if TYPE_CHECKING:
    from modemlab.modem.modem import Modem
    from modemlab.modem.spec import Operator
    from modemlab.qmi.service import Reply

LTE_INTERFACE = 8
# QMI network status bits: serving or available, home or roaming, forbidden or not
IS_SERVING, IS_AVAILABLE, IS_HOME, IS_ROAMING, IS_FORBIDDEN, IS_ALLOWED = (
    1 << bit for bit in range(6)
)


def result(modem: Modem) -> Reply:
    """What is in reach now: name and status, technology, and how long each MNC is."""
    seen = modem.networks.seen()
    information = [_information(modem, one) for one in seen]
    technologies = [_code(one.operator) + bytes([LTE_INTERFACE]) for one in seen]
    digits = [_code(one.operator) + bytes([len(one.operator.mnc) == 3]) for one in seen]
    rows = ((0x10, information), (0x11, technologies), (0x12, digits))
    return [(kind, struct.pack("<H", len(seen)) + b"".join(row)) for kind, row in rows]


def _information(modem: Modem, one: Seen) -> bytes:
    serving = IS_SERVING if one.status == CURRENT else IS_AVAILABLE
    at_home = one.operator is modem.operator and modem.faults.network != "roaming"
    allowed = IS_FORBIDDEN if one.status == FORBIDDEN else IS_ALLOWED
    name = one.operator.name.encode()
    status = serving | (IS_HOME if at_home else IS_ROAMING) | allowed
    return _code(one.operator) + bytes([status, len(name)]) + name


def _code(operator: Operator) -> bytes:
    return struct.pack("<HH", int(operator.mcc), int(operator.mnc))
