# SPDX-License-Identifier: GPL-3.0-or-later
"""TPDUs written out octet by octet after 3GPP TS 23.040."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from modemlab.modem import pdu
from modemlab.modem.pdu import PduError, UserData

WHEN = datetime(2026, 9, 7, 13, 45, 59, tzinfo=UTC)
STAMP = "62907031549500"
# SUBMIT, reference 0, to +491510000002, PID 0, GSM 7 bit, "hellohello"
PLAIN = bytes.fromhex("01 00 0c91 945101000020 00 00 0a e8329bfd4697d9ec37")


def test_a_plain_submit() -> None:
    submit = pdu.parse_submit(PLAIN)
    assert (submit.reference, submit.number, submit.pid) == (0, "+491510000002", 0)
    assert not submit.report
    assert submit.body == UserData(0, 10, bytes.fromhex("e8329bfd4697d9ec37"))


@pytest.mark.parametrize(
    ("first", "validity"), [("11", "a7"), ("09", "01" * 7), ("19", STAMP), ("01", "")]
)
def test_every_validity_format(first: str, validity: str) -> None:
    raw = bytes.fromhex(f"{first} 05 0381 21f3 00 08 {validity} 02 0041")
    submit = pdu.parse_submit(raw)
    assert (submit.number, submit.reference) == ("123", 5)
    assert submit.body == UserData(8, 2, b"\x00A")


def test_header_and_report_flags() -> None:
    raw = bytes.fromhex("61 07 0391 21f3 00 08 08 05 00 03 2a 02 01 0041")
    submit = pdu.parse_submit(raw)
    assert submit.report
    assert submit.body == UserData(8, 8, bytes.fromhex("0500032a02010041"), header=True)


@pytest.mark.parametrize("size", range(len(PLAIN)))
def test_a_submit_cut_anywhere_is_refused(size: int) -> None:
    with pytest.raises(PduError, match="cut off"):
        pdu.parse_submit(PLAIN[:size])


def test_a_deliver_is_no_submit() -> None:
    with pytest.raises(PduError, match="no SMS-SUBMIT"):
        pdu.parse_submit(b"\x04" + PLAIN[1:])


def test_the_reference_is_filled_in() -> None:
    assert pdu.parse_submit(pdu.with_reference(PLAIN, 200)).reference == 200


def test_deliver_keeps_the_user_data() -> None:
    body = UserData(8, 8, bytes.fromhex("0500032a02010041"), header=True)
    made = pdu.deliver("+491510000001", 0, body, WHEN)
    assert made.hex() == f"440c919451010000100008{STAMP}08" + body.data.hex()


def test_deliver_from_a_name() -> None:
    made = pdu.deliver("Lab", 0, UserData(0, 0, b""), WHEN)
    assert made.hex() == f"0406d0ccb0180000{STAMP}00"


def test_status_report() -> None:
    submit = pdu.parse_submit(pdu.with_reference(PLAIN, 7))
    made = pdu.status_report(submit, WHEN, WHEN, pdu.DELIVERED)
    assert made.hex() == f"06070c91945101000020{STAMP}{STAMP}00"


@pytest.mark.parametrize(
    ("hours", "zone"), [(0, "00"), (1, "40"), (2, "80"), (-5, "0a"), (12, "84")]
)
def test_time_zones_count_quarters(hours: int, zone: str) -> None:
    local = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=hours)))
    assert pdu.timestamp(local).hex() == f"621020304050{zone}"


@pytest.mark.parametrize(
    ("number", "field"),
    [
        ("+491510000000", "0c91945101000000"),
        ("12345", "05812143f5"),
        ("*100#", "05811a00fb"),
    ],
)
def test_addresses(number: str, field: str) -> None:
    encoded = pdu.encode_address(number)
    assert encoded.hex() == field
    assert pdu.Reader(encoded).address() == number


@pytest.mark.parametrize("name", ["A", "Telekom", "Vodafone", "12345678901x", "Ä€"])
def test_names_come_back(name: str) -> None:
    assert pdu.Reader(pdu.encode_address(name)).address() == name


def test_the_centre_counts_octets() -> None:
    assert pdu.encode_centre("+491510000000").hex() == "0791945101000000"


@pytest.mark.parametrize("raw", ["", "00", "07919451", "0791945101000000"])
def test_a_pdu_without_a_tpdu_is_refused(raw: str) -> None:
    with pytest.raises(PduError, match="before its TPDU"):
        pdu.split_pdu(bytes.fromhex(raw))


def test_a_pdu_is_split() -> None:
    assert pdu.split_pdu(b"\x00\x01\x02") == (b"\x00", b"\x01\x02")
    assert pdu.split_pdu(b"\x02\x91\x94\x01") == (b"\x02\x91\x94", b"\x01")


@pytest.mark.parametrize(
    ("dcs", "coding", "kind"),
    [
        (0x00, pdu.GSM7, 4),
        (0x04, pdu.EIGHT_BIT, 4),
        (0x08, pdu.UCS2, 4),
        (0x10, pdu.GSM7, 0),
        (0x1A, pdu.UCS2, 2),
        (0xF1, pdu.GSM7, 1),
        (0xF6, pdu.EIGHT_BIT, 2),
        (0xC8, pdu.GSM7, 4),
        (0xE0, pdu.UCS2, 4),
    ],
)
def test_coding_and_class(dcs: int, coding: int, kind: int) -> None:
    assert pdu.coding(dcs) == coding
    raw = pdu.deliver("123", 0, UserData(dcs, 0, b""), WHEN)
    assert pdu.message_class(raw) == kind
