# SPDX-License-Identifier: GPL-3.0-or-later
"""Elementary files of the SIM that hosts read (3GPP TS 31.102 section 4.2, ETSI TS 102 221)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemlab.modem.errors import SimMissingError
from modemlab.modem.identity import swapped_bcd

if TYPE_CHECKING:
    from modemlab.modem.modem import Modem

EF_ICCID, EF_IMSI, EF_AD, EF_SPN = 0x2FE2, 0x6F07, 0x6FAD, 0x6F46
EF_GID1, EF_GID2, EF_ECC = 0x6F3E, 0x6F3F, 0x6FB7
EF_ACC = 0x6F78
NAME_SIZE = 16
# 112 as BCD, then the ending of an emergency record: no name, no service category
EMERGENCY_112 = bytes.fromhex("11f2ff") + b"\xff" * 12


def read(modem: Modem, file_id: int) -> bytes | None:
    """The content of a file, None when the card has no such file. Raises SimError.

    EF-ICCID is readable before the PIN is given, everything else is not.
    """
    sim = modem.sim
    if file_id == EF_ICCID:
        if not sim.present:
            raise SimMissingError
        return swapped_bcd(modem.iccid)
    sim.require_ready()
    return _files(modem).get(file_id)


def _files(modem: Modem) -> dict[int, bytes]:
    operator = modem.operator
    name = operator.name.encode("ascii", "replace")[:NAME_SIZE].ljust(NAME_SIZE, b"\xff")
    return {
        EF_IMSI: bytes([8]) + swapped_bcd("9" + modem.imsi),
        EF_AD: bytes([0, 0, 0, len(operator.mnc)]),  # the last byte is the length of the MNC
        EF_SPN: b"\x01" + name,
        EF_GID1: b"\xff\xff",  # no group
        EF_GID2: b"\xff\xff",
        EF_ACC: b"\x00\x01",
        EF_ECC: EMERGENCY_112,
    }
