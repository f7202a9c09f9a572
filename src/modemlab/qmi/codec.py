# SPDX-License-Identifier: GPL-3.0-or-later
"""QMUX frames and TLVs: bytes in, values out, no state.

A frame is `01 length flags service client`, then an SDU: control flags, transaction, message,
length, TLVs. The transaction is one byte for the control service and two for the others; all
integers are little-endian.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

CTL = 0
RESPONSE, INDICATION = 2, 4  # SDU control flags of ordinary services; CTL uses them shifted right
BROADCAST = 0xFF
RESULT_TLV = 0x02
Tlv = tuple[int, bytes]

_QMUX = struct.Struct("<BHBBB")
_SDU_CTL = struct.Struct("<BBHH")
_SDU = struct.Struct("<BHHH")
_TLV = struct.Struct("<BH")
_MARKER = 1
_FROM_MODEM = 0x80


class BadFrameError(ValueError):
    """The bytes are no QMUX request."""


@dataclass(frozen=True)
class Request:
    """One decoded request; `tlvs` maps type to value, the last of a type wins."""

    service: int
    client: int
    transaction: int
    message: int
    tlvs: dict[int, bytes]


def decode(frame: bytes) -> Request:
    """One QMUX frame to a request. Raises BadFrameError on anything malformed."""
    try:
        marker, length, _, service, client = _QMUX.unpack_from(frame)
        header = _SDU_CTL if service == CTL else _SDU
        _, transaction, message, size = header.unpack_from(frame, _QMUX.size)
    except struct.error as error:
        raise BadFrameError(f"{len(frame)} bytes are too short for a header") from error
    start = _QMUX.size + header.size
    if marker != _MARKER or length + 1 != len(frame) or start + size != len(frame):
        raise BadFrameError(f"lengths {length} and {size} do not fit {len(frame)} bytes")
    return Request(service, client, transaction, message, decode_tlvs(frame[start:]))


def decode_tlvs(data: bytes) -> dict[int, bytes]:
    """A run of TLVs to a mapping. Raises BadFrameError when one reaches over the end."""
    tlvs: dict[int, bytes] = {}
    offset = 0
    while offset < len(data):
        if offset + _TLV.size > len(data):
            raise BadFrameError("a TLV header is cut off")
        kind, length = _TLV.unpack_from(data, offset)
        offset += _TLV.size
        if offset + length > len(data):
            raise BadFrameError(f"TLV {kind:#x} is cut off")
        tlvs[kind] = data[offset : offset + length]
        offset += length
    return tlvs


def encode(
    service: int, client: int, flags: int, transaction: int, message: int, tlvs: Iterable[Tlv]
) -> bytes:
    """A frame from the modem: `flags` is RESPONSE or INDICATION."""
    body = b"".join(_TLV.pack(kind, len(value)) + value for kind, value in tlvs)
    if service == CTL:
        sdu = _SDU_CTL.pack(flags >> 1, transaction, message, len(body))
    else:
        sdu = _SDU.pack(flags, transaction, message, len(body))
    length = _QMUX.size - 1 + len(sdu) + len(body)
    return _QMUX.pack(_MARKER, length, _FROM_MODEM, service, client) + sdu + body


def result(error: int = 0) -> Tlv:
    """The result TLV: success, or failure with a QMI protocol error."""
    return RESULT_TLV, struct.pack("<HH", 1 if error else 0, error)


class FrameSplitter:
    """Cuts a byte stream into frames, for faces without message borders (pty, socket).

    Bytes that cannot start a frame are skipped one by one until a marker is found.
    """

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames completed by `data`."""
        buffer, frames = self._buffer + data, []
        while buffer:
            if buffer[0] != _MARKER:
                buffer = buffer[1:]
                continue
            if len(buffer) < 3:
                break
            size = int.from_bytes(buffer[1:3], "little") + 1
            if len(buffer) < size:
                break
            frames.append(buffer[:size])
            buffer = buffer[size:]
        self._buffer = buffer
        return frames
