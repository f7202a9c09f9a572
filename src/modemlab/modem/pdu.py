# SPDX-License-Identifier: GPL-3.0-or-later
"""Short message TPDUs as the service centre handles them (3GPP TS 23.040 section 9.2).

User data passes through untouched: alphabet, headers and length stay those of the sender.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from modemlab.modem import gsm7
from modemlab.modem.errors import LabError

DELIVER, SUBMIT, STATUS_REPORT = 0, 1, 2  # TP-MTI; the direction tells DELIVER-REPORT apart
MTI_MASK = 0x03
NO_MORE_MESSAGES = 0x04  # TP-MMS of DELIVER and STATUS-REPORT
REPORT_FLAG = 0x20  # TP-SRR of SUBMIT, TP-SRI of DELIVER
HEADER_FLAG = 0x40  # TP-UDHI
VALIDITY_SIZES = {0x00: 0, 0x10: 1, 0x08: 7, 0x18: 7}  # by TP-VPF: none, relative, others
INTERNATIONAL, UNKNOWN, ALPHANUMERIC = 0x91, 0x81, 0xD0  # type of address
GSM7, EIGHT_BIT, UCS2 = 0, 1, 2
DELIVERED, UNKNOWN_RECIPIENT = 0x00, 0x43  # TP-Status; 0x43 is permanent: not obtainable
CLASS_NONE = 4  # a message without a class; the others are 0 to 3
MAX_ADDRESS = 20  # semi-octets
_DIGITS = "0123456789*#abc"


class PduError(LabError):
    """The bytes are no TPDU of the kind that was expected."""


@dataclass(frozen=True)
class UserData:
    """TP-DCS, TP-UDL and TP-UD, and whether TP-UD begins with a header."""

    dcs: int
    length: int
    data: bytes
    header: bool = False


@dataclass(frozen=True)
class Submit:
    """What the centre needs of a SMS-SUBMIT. `report` asks for a STATUS-REPORT."""

    reference: int
    number: str
    pid: int
    report: bool
    body: UserData


def parse_submit(tpdu: bytes) -> Submit:
    """A SMS-SUBMIT to its parts. Raises PduError."""
    reader = Reader(tpdu)
    first = reader.octet()
    if first & MTI_MASK != SUBMIT:
        raise PduError(f"message type {first & MTI_MASK} is no SMS-SUBMIT")
    reference = reader.octet()
    number = reader.address()
    pid, dcs = reader.octet(), reader.octet()
    reader.take(VALIDITY_SIZES[first & 0x18])
    body = reader.user_data(dcs, header=bool(first & HEADER_FLAG))
    return Submit(reference, number, pid, bool(first & REPORT_FLAG), body)


def with_reference(tpdu: bytes, reference: int) -> bytes:
    """A SUBMIT with the TP-MR that the modem gives it."""
    return tpdu[:1] + bytes([reference]) + tpdu[2:]


def deliver(sender: str, pid: int, body: UserData, when: datetime) -> bytes:
    """A SMS-DELIVER. `sender` is a number, or a name of up to 11 characters."""
    first = DELIVER | NO_MORE_MESSAGES | (HEADER_FLAG if body.header else 0)
    head = bytes([first]) + encode_address(sender) + bytes([pid, body.dcs])
    return head + timestamp(when) + bytes([body.length]) + body.data


def status_report(submit: Submit, sent: datetime, done: datetime, status: int) -> bytes:
    """A SMS-STATUS-REPORT on `submit`, without optional fields."""
    head = bytes([STATUS_REPORT | NO_MORE_MESSAGES, submit.reference])
    times = timestamp(sent) + timestamp(done)
    return head + encode_address(submit.number) + times + bytes([status])


def timestamp(when: datetime) -> bytes:
    """TP-SCTS: two-digit fields with swapped nibbles, the zone in quarters of an hour."""
    offset = when.utcoffset() or timedelta()
    quarters = abs(offset) // timedelta(minutes=15)
    fields = (when.year % 100, when.month, when.day, when.hour, when.minute, when.second, quarters)
    octets = [value % 10 << 4 | value // 10 for value in fields]
    if offset < timedelta():
        octets[-1] |= 0x08  # the sign is bit 3 of the swapped octet
    return bytes(octets)


def encode_address(number: str) -> bytes:
    """An address field: semi-octets of +digits or digits, or a name in the GSM alphabet."""
    digits = number.removeprefix("+")
    if digits and all(char in _DIGITS for char in digits):
        kind = INTERNATIONAL if number.startswith("+") else UNKNOWN
        return bytes([len(digits), kind]) + _semi_octets(digits)
    septets = bytes(code for codes in gsm7.septets_of(number) for code in codes)
    packed = gsm7.pack(septets)
    return bytes([(7 * len(septets) + 3) // 4, ALPHANUMERIC]) + packed


def encode_centre(number: str) -> bytes:
    """The service centre's address as it stands before a TPDU: its length counts octets."""
    address = encode_address(number)[1:]
    return bytes([len(address)]) + address


def split_pdu(pdu: bytes) -> tuple[bytes, bytes]:
    """Service centre address and TPDU of a PDU. Raises PduError."""
    size = 1 + pdu[0] if pdu else 1
    if len(pdu) <= size:
        raise PduError("the PDU ends before its TPDU")
    return pdu[:size], pdu[size:]


def coding(dcs: int) -> int:
    """The alphabet of a data coding scheme: GSM7, EIGHT_BIT or UCS2 (TS 23.038 section 4)."""
    group = dcs >> 4
    if group < 0b1000:
        return (GSM7, EIGHT_BIT, UCS2, GSM7)[dcs >> 2 & 3]
    if group == 0b1111:
        return EIGHT_BIT if dcs & 0x04 else GSM7
    return UCS2 if group == 0b1110 else GSM7


def message_class(tpdu: bytes) -> int:
    """The class of a SMS-DELIVER by its TP-DCS, or CLASS_NONE. Raises PduError."""
    reader = Reader(tpdu)
    reader.octet()
    reader.address()
    reader.octet()
    dcs = reader.octet()
    has_class = dcs >> 4 == 0b1111 or (dcs < 0x80 and bool(dcs & 0x10))
    return dcs & 3 if has_class else CLASS_NONE


class Reader:
    """Takes a TPDU apart from the front. Every method raises PduError at the end."""

    def __init__(self, tpdu: bytes) -> None:
        self._rest = tpdu

    def take(self, count: int) -> bytes:
        if len(self._rest) < count:
            raise PduError("the TPDU is cut off")
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def octet(self) -> int:
        return self.take(1)[0]

    def address(self) -> str:
        length, kind = self.octet(), self.octet()
        packed = self.take((length + 1) // 2)
        if kind & 0x70 == ALPHANUMERIC & 0x70:
            return gsm7.text_of(gsm7.unpack(packed, length * 4 // 7))
        digits = "".join(f"{octet & 15:x}{octet >> 4:x}" for octet in packed)[:length]
        sign = "+" if kind & 0x70 == INTERNATIONAL & 0x70 else ""
        return sign + "".join(_DIGITS[int(d, 16)] if d != "f" else "" for d in digits)

    def user_data(self, dcs: int, *, header: bool) -> UserData:
        length = self.octet()
        size = (length * 7 + 7) // 8 if coding(dcs) == GSM7 else length
        return UserData(dcs, length, self.take(size), header)


def _semi_octets(digits: str) -> bytes:
    codes = [_DIGITS.index(char) for char in digits] + [0xF] * (len(digits) % 2)
    return bytes(codes[i] | codes[i + 1] << 4 for i in range(0, len(codes), 2))
