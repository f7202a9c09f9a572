# SPDX-License-Identifier: GPL-3.0-or-later
"""Text to user data and back, for messages that people and tests put into the lab."""

from __future__ import annotations

from dataclasses import dataclass

from modemlab.modem import gsm7, pdu
from modemlab.modem.pdu import UserData

SINGLE_SEPTETS, PART_SEPTETS = 160, 153  # of 140 octets; a concatenation header takes six
SINGLE_OCTETS, PART_OCTETS = 140, 134
MAX_PARTS = 255
CONCATENATED_8, CONCATENATED_16 = 0x00, 0x08  # information elements of TS 23.040 section 9.2.3.24
UCS2_DCS, GSM7_DCS = 0x08, 0x00
HEADER_SEPTETS = 7  # six octets and one fill bit
FILL_BITS = 1


def bodies(text: str, reference: int) -> list[UserData]:
    """User data of one message, or of the parts of a concatenated one with this reference.

    GSM 7 bit when every character fits, else UCS-2. Raises ValueError beyond 255 parts.
    """
    if gsm7.fits(text):
        units = [bytes(codes) for codes in gsm7.septets_of(text)]
        chunks = _chunks(units, SINGLE_SEPTETS, PART_SEPTETS)
    else:
        units = [char.encode("utf-16-be") for char in text]
        chunks = _chunks(units, SINGLE_OCTETS, PART_OCTETS)
    if len(chunks) > MAX_PARTS:
        raise ValueError(f"up to {MAX_PARTS} parts")
    make = _gsm7 if gsm7.fits(text) else _ucs2
    if len(chunks) == 1:
        return [make(chunks[0], b"")]
    return [
        make(chunk, bytes([5, CONCATENATED_8, 3, reference & 0xFF, len(chunks), place]))
        for place, chunk in enumerate(chunks, 1)
    ]


def _chunks(units: list[bytes], single: int, part: int) -> list[bytes]:
    """Whole characters together, as many as fit."""
    if sum(map(len, units)) <= single:
        return [b"".join(units)]
    chunks = [b""]
    for unit in units:
        if len(chunks[-1]) + len(unit) > part:
            chunks.append(b"")
        chunks[-1] += unit
    return chunks


def _gsm7(septets: bytes, header: bytes) -> UserData:
    if not header:
        return UserData(GSM7_DCS, len(septets), gsm7.pack(septets))
    packed = header + gsm7.pack(septets, FILL_BITS)
    return UserData(GSM7_DCS, HEADER_SEPTETS + len(septets), packed, header=True)


def _ucs2(octets: bytes, header: bytes) -> UserData:
    data = header + octets
    return UserData(UCS2_DCS, len(data), data, header=bool(header))


@dataclass(frozen=True)
class Shown:
    """A stored TPDU for people. `part` is (reference, parts, place) of a concatenated one.

    `reference` is TP-MR; `status_code` is TP-Status of a report, 0 for "delivered".
    """

    kind: str
    number: str
    text: str = ""
    part: tuple[int, int, int] | None = None
    reference: int | None = None
    status_code: int | None = None


def show(tpdu: bytes) -> Shown:
    """Read a DELIVER, SUBMIT or STATUS-REPORT. Raises PduError."""
    kind = tpdu[0] & pdu.MTI_MASK if tpdu else None
    if kind == pdu.SUBMIT:
        submit = pdu.parse_submit(tpdu)
        text, part = read(submit.body)
        return Shown("submit", submit.number, text, part, submit.reference)
    reader = pdu.Reader(tpdu)
    first = reader.octet()
    if kind == pdu.STATUS_REPORT:
        reference, number = reader.octet(), reader.address()
        reader.take(14)  # both times
        return Shown("status-report", number, reference=reference, status_code=reader.octet())
    number = reader.address()
    _, dcs = reader.octet(), reader.octet()
    reader.take(7)
    text, part = read(reader.user_data(dcs, header=bool(first & pdu.HEADER_FLAG)))
    return Shown("deliver", number, text, part)


def read(body: UserData) -> tuple[str, tuple[int, int, int] | None]:
    """The text of one part (hexadecimal for 8 bit data) and its place in a concatenation."""
    size = 1 + body.data[0] if body.header and body.data else 0
    header, data = body.data[1:size], body.data[size:]
    coding = pdu.coding(body.dcs)
    if coding == pdu.GSM7:
        skipped = (size * 8 + 6) // 7
        text = gsm7.text_of(gsm7.unpack(body.data, body.length)[skipped:])
    elif coding == pdu.UCS2:
        text = data.decode("utf-16-be", "replace")
    else:
        text = data.hex()
    return text, _part(header)


def _part(header: bytes) -> tuple[int, int, int] | None:
    while len(header) >= 2:
        kind, value = header[0], header[2 : 2 + header[1]]
        if kind == CONCATENATED_8 and len(value) == 3:
            return value[0], value[1], value[2]
        if kind == CONCATENATED_16 and len(value) == 4:
            return value[0] << 8 | value[1], value[2], value[3]
        header = header[2 + header[1] :]
    return None
