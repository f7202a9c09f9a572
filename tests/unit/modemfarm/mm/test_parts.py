# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.mm.parts: what a text costs, and which texts are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemfarm.errors import InvalidValueError
from modemfarm.mm.parts import GSM7, UCS2, Cost, check_text, cost, parts

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = "\f^{}\\[~]|€"
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=900)


def test_the_default_alphabet_has_127_characters_and_an_escape():
    assert len(set(BASIC)) == 127
    assert cost(BASIC) == Cost(GSM7, 127, 1)
    assert cost(EXTENDED) == Cost(GSM7, 20, 1)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("a" * 160, GSM7, 160, 1),
        ("a" * 161, GSM7, 161, 2),
        ("a" * 306, GSM7, 306, 2),
        ("a" * 307, GSM7, 307, 3),
        ("€" * 80, GSM7, 160, 1),
        ("€" * 81, GSM7, 162, 2),
        ("€" * 153, GSM7, 306, 3),  # 76 fit into 153 septets: none is cut in two
        ("ä" * 160, GSM7, 160, 1),
        ("ç" * 70, UCS2, 70, 1),  # only the capital one is in the alphabet
        ("я" * 70, UCS2, 70, 1),
        ("я" * 71, UCS2, 71, 2),
        ("я" * 134, UCS2, 134, 2),
        ("я" * 135, UCS2, 135, 3),
        ("😀" * 35, UCS2, 70, 1),
        ("😀" * 67, UCS2, 134, 3),  # 33 pairs fit into 67 words: none is cut in two
        ("a" * 69 + "я", UCS2, 70, 1),
    ],
)
def test_costs(text, encoding, units, count):
    assert cost(text) == Cost(encoding, units, count)
    assert parts(text) == count


@given(TEXT)
def test_a_text_never_costs_less_than_its_units_need_nor_two_more(text):
    found = cost(text)
    single, room = (160, 153) if found.encoding == GSM7 else (70, 67)
    if found.units <= single:
        assert found.parts == 1
    else:
        least = -(-found.units // room)
        # Each part may lose one unit to a pair that does not fit any more.
        assert least <= found.parts <= -(-found.units // (room - 1))


@given(TEXT, TEXT)
def test_more_text_never_costs_less(one, other):
    assert parts(one + other) >= parts(one)


@pytest.mark.parametrize(
    "text",
    ["", None, 5, b"abc", "a\0b", "a\rb", "\x1a", "\x1b[31m", "a\tb", "\x7f", "\x85", "\ud83d"],
)
def test_what_is_no_text_to_send(text):
    with pytest.raises(InvalidValueError) as caught:
        check_text(text)
    assert "abc" not in str(caught.value)


def test_ten_parts_are_the_most():
    assert check_text("a" * 1530) == "a" * 1530
    with pytest.raises(InvalidValueError, match="14 parts") as caught:
        check_text("secret " * 300)
    assert "secret" not in str(caught.value)


@given(TEXT)
def test_every_text_is_taken_as_it_is_or_refused(text):
    try:
        assert check_text(text) == text
    except InvalidValueError:
        return
    assert not any(ord(c) < 32 and c != "\n" for c in text)
    assert 1 <= parts(text) <= 10


def test_hostile_but_printable_text_stays_data():
    for text in ("'; DROP TABLE modems; --", "$(reboot)", "\u202ereversed", "[red]x[/]", "a\nb"):
        assert check_text(text) == text
