# SPDX-License-Identifier: GPL-3.0-or-later
"""Radio technologies as 27.007 numbers them (<AcT>, section 7.3)."""

from enum import Enum

from ..answers import Fields


class Technology(Enum):
    """How the modem talks to the network. OTHER is one an EC25 cannot do."""

    GSM = "GSM"
    EDGE = "EDGE"
    UMTS = "UMTS"
    HSDPA = "HSDPA"
    HSUPA = "HSUPA"
    HSPA = "HSPA"
    LTE = "LTE"
    OTHER = "other"


_NUMBERS = {
    0: Technology.GSM,
    1: Technology.GSM,  # GSM Compact
    2: Technology.UMTS,
    3: Technology.EDGE,
    4: Technology.HSDPA,
    5: Technology.HSUPA,
    6: Technology.HSPA,
    7: Technology.LTE,
}


def technology(fields: Fields, index: int) -> Technology | None:
    """The technology of an <AcT> field; None where the modem says none."""
    value = fields.maybe_number(index, 0, 99)
    return None if value is None else _NUMBERS.get(value, Technology.OTHER)
