# SPDX-License-Identifier: GPL-3.0-or-later
"""The few RNDIS control messages rndis_host needs to bind (Microsoft RNDIS 1.0, MS-RNDIS).

Without answers the driver waits ten seconds for each, and holds up every other plug on the hub.
No data path: an EC25 in RNDIS is one the farm has to notice, not to use.
"""

import struct

INITIALIZE, QUERY, SET, KEEPALIVE = 2, 4, 5, 8
COMPLETE = 0x80000000
OID_PERMANENT_ADDRESS, OID_PHYSICAL_MEDIUM = 0x01010101, 0x00010202
MAX_TRANSFER = 1558  # an Ethernet frame and the 44-byte RNDIS header
CONNECTIONLESS, ETHERNET = 1, 0
_HEAD = struct.Struct("<III")
BODY_OFFSET = 16  # of a query answer, counted from its request id


def answer(message: bytes, mac: str) -> bytes | None:
    """The completion of one request; None for what needs none or cannot be read."""
    if len(message) < _HEAD.size:
        return None
    kind, _, request = _HEAD.unpack_from(message)
    if kind == INITIALIZE:
        fields = (request, 0, 1, 0, CONNECTIONLESS, ETHERNET, 1, MAX_TRANSFER, 0, 0, 0)
        return _complete(kind, struct.pack("<11I", *fields))
    if kind == QUERY and len(message) >= 16:
        (oid,) = struct.unpack_from("<I", message, 12)
        return _complete(kind, _query(request, oid, mac))
    if kind in (SET, KEEPALIVE):
        return _complete(kind, struct.pack("<II", request, 0))
    return None


def _query(request: int, oid: int, mac: str) -> bytes:
    known = {
        OID_PERMANENT_ADDRESS: bytes.fromhex(mac),
        OID_PHYSICAL_MEDIUM: struct.pack("<I", 0),
    }
    value = known.get(oid)
    if value is None:
        unsupported = 0xC00000BB
        return struct.pack("<IIII", request, unsupported, 0, 0)
    return struct.pack("<IIII", request, 0, len(value), BODY_OFFSET) + value


def _complete(kind: int, body: bytes) -> bytes:
    return struct.pack("<II", kind | COMPLETE, 8 + len(body)) + body
