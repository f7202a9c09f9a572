# SPDX-License-Identifier: GPL-3.0-or-later
from datetime import UTC, datetime

import pytest

from modemlab.modem import pdu, texts
from modemlab.modem.pdu import PduError, UserData
from modemlab.modem.texts import Shown

WHEN = datetime(2026, 9, 7, tzinfo=UTC)
STORY = "Once upon a time {there} was a modem for 12 €. "


def joined(text: str) -> tuple[str, list[UserData]]:
    bodies = texts.bodies(text, 42)
    return "".join(texts.read(body)[0] for body in bodies), bodies


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        (STORY * 20, 7),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_texts_come_back_whole(text: str, parts: int) -> None:
    back, bodies = joined(text)
    assert (back, len(bodies)) == (text, parts)
    assert all(len(body.data) <= 140 for body in bodies)
    places = [texts.read(body)[1] for body in bodies]
    wanted = [None] if parts == 1 else [(42, parts, n) for n in range(1, parts + 1)]
    assert places == wanted


@pytest.mark.parametrize("text", ["x" + "€" * 200, "x" + "😀" * 200])
def test_no_character_is_cut(text: str) -> None:
    for body in texts.bodies(text, 1):
        assert set(texts.read(body)[0]) <= set(text)


def test_only_so_many_parts() -> None:
    with pytest.raises(ValueError, match="255 parts"):
        texts.bodies("a" * 153 * 256, 1)


def test_references_of_two_octets() -> None:
    data = bytes.fromhex("06 0804 0102 0302") + "hi".encode("utf-16-be")
    assert texts.read(UserData(8, len(data), data, header=True)) == ("hi", (0x102, 3, 2))


def test_other_headers_and_data() -> None:
    data = bytes.fromhex("06 0504 0b84 23f0 beef")  # application ports
    assert texts.read(UserData(4, len(data), data, header=True)) == ("beef", None)


def test_showing_each_kind() -> None:
    body = texts.bodies("hellohello", 1)[0]
    assert texts.show(pdu.deliver("Lab", 0, body, WHEN)) == Shown("deliver", "Lab", "hellohello")
    raw = bytes.fromhex("01 07 0391 21f3 00 00 0a") + body.data
    assert texts.show(raw) == Shown("submit", "+123", "hellohello", None, 7)
    report = pdu.status_report(pdu.parse_submit(raw), WHEN, WHEN, pdu.UNKNOWN_RECIPIENT)
    assert texts.show(report) == Shown("status-report", "+123", "", None, 7, 0x43)


@pytest.mark.parametrize("raw", [b"", b"\x04", b"\x04\x03\x91"])
def test_what_is_no_tpdu(raw: bytes) -> None:
    with pytest.raises(PduError):
        texts.show(raw)
