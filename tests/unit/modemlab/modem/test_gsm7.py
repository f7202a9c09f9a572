# SPDX-License-Identifier: GPL-3.0-or-later
"""Vectors computed by hand from 3GPP TS 23.038; "hellohello" is the example everybody knows."""

import pytest

from modemlab.modem import gsm7


def packed(text: str, fill: int = 0) -> str:
    return gsm7.pack(bytes(c for codes in gsm7.septets_of(text) for c in codes), fill).hex()


@pytest.mark.parametrize(
    ("text", "fill", "octets"),
    [
        ("hellohello", 0, "e8329bfd4697d9ec37"),
        ("a", 0, "61"),
        ("a", 1, "c2"),
        ("@@@@@@@@", 0, "00" * 7),
        ("€", 0, "9b32"),
        ("", 0, ""),
    ],
)
def test_packing(text: str, fill: int, octets: str) -> None:
    assert packed(text, fill) == octets
    count = sum(len(codes) for codes in gsm7.septets_of(text))
    assert gsm7.text_of(gsm7.unpack(bytes.fromhex(octets), count, fill)) == text


def test_the_alphabet_is_complete() -> None:
    assert len(gsm7.ALPHABET) == 128
    assert len(set(gsm7.ALPHABET)) == 128
    everything = gsm7.ALPHABET.replace("\x1b", "") + "".join(gsm7.EXTENSION.values())
    septets = bytes(c for codes in gsm7.septets_of(everything) for c in codes)
    assert gsm7.text_of(gsm7.unpack(gsm7.pack(septets), len(septets))) == everything


def test_what_does_not_fit() -> None:
    assert gsm7.fits("Größe: 5 {€}")
    assert not gsm7.fits("ç")
    assert not gsm7.fits("Привет")


def test_an_unknown_escape_is_a_space() -> None:
    assert gsm7.text_of(b"\x1b\x41B") == " B"
    assert gsm7.text_of(b"A\x1b") == "A"
