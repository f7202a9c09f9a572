# SPDX-License-Identifier: GPL-3.0-or-later
"""Class requests of CDC interfaces (USB CDC 1.2, and NCM 1.0 for the NTB parameters)."""

import struct

SEND_ENCAPSULATED, GET_ENCAPSULATED = 0x00, 0x01
SET_CONTROL_LINE_STATE = 0x22
GET_NTB_PARAMETERS, GET_NTB_FORMAT, GET_NTB_INPUT_SIZE, GET_MAX_DATAGRAM_SIZE = (
    0x80, 0x83, 0x85, 0x87,
)  # fmt: skip
DTR = 0x01
NTB_SIZE = 16384
MAX_DATAGRAM = 1500


def response_available(interface: int) -> bytes:
    """The notification that an encapsulated answer waits on `interface`."""
    return struct.pack("<BBHHH", 0xA1, 0x01, 0, interface, 0)


def ntb_reply(request: int) -> bytes | None:
    """What an MBIM function answers while cdc_mbim binds: 16-bit NTBs only."""
    alignment = struct.pack("<HHHH", 4, 0, 4, 0)
    head = struct.pack("<HHI", 28, 1, NTB_SIZE)
    replies = {
        GET_NTB_PARAMETERS: head + alignment + struct.pack("<IHHHH", NTB_SIZE, 4, 0, 4, 0),
        GET_NTB_FORMAT: struct.pack("<H", 0),
        GET_NTB_INPUT_SIZE: struct.pack("<I", NTB_SIZE),
        GET_MAX_DATAGRAM_SIZE: struct.pack("<H", MAX_DATAGRAM),
    }
    return replies.get(request)
