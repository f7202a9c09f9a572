# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemfarm.at.answers import MAX_FIELDS, MAX_TEXT, after, clean, groups, split
from modemfarm.errors import AnswerUnreadableError


def texts(fields):
    return [fields.raw(place) for place in range(len(fields))]


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("", [""]),
        ("1", ["1"]),
        ("1,2", ["1", "2"]),
        (" 1 , 2 ", ["1", "2"]),
        ("1,,3,", ["1", "", "3", ""]),
        ('"a,b",2', ["a,b", "2"]),
        ('0,"",7', ["0", "", "7"]),
        ('"open,7', ["open,7"]),
        ('"a"rest,7', ["a", "7"]),
        ('a"b",7', ['a"b"', "7"]),
    ],
)
def test_fields(line, parts):
    assert texts(split(line)) == parts


def test_quotes_are_remembered():
    fields = split('"1A2D",7')
    assert (fields.quoted(0), fields.quoted(1), fields.quoted(2)) == (True, False, False)


def test_too_many_fields():
    assert len(split("," * (MAX_FIELDS - 1))) == MAX_FIELDS
    with pytest.raises(AnswerUnreadableError):
        split("," * MAX_FIELDS)


def test_numbers_have_bounds():
    fields = split("7,-3,+2, 4,\u0664,1e3,,-,99999999999999999999999")
    assert [fields.number(place, -5, 9) for place in range(4)] == [7, -3, 2, 4]
    for place in range(4, 10):
        with pytest.raises(AnswerUnreadableError):
            fields.number(place, -5, 9)


def test_numbers_that_may_be_missing():
    fields = split("7,,-,32768,x")
    assert [fields.maybe_number(place, 0, 9) for place in (0, 1, 2, 3, 9)] == [
        7, None, None, None, None,
    ]  # fmt: skip
    with pytest.raises(AnswerUnreadableError):
        fields.maybe_number(4, 0, 9)


def test_hexadecimal():
    fields = split('"1A2D",01a2d001,0x1E,10000,-,g')
    found = [fields.maybe_hexadecimal(place, 0xFFFF) for place in range(5)]
    assert found == [0x1A2D, None, 0x1E, None, None]
    for place in (1, 3, 4, 5):
        with pytest.raises(AnswerUnreadableError):
            fields.hexadecimal(place, 0xFFFF)


def test_hostile_text_is_cleaned():
    assert clean('"Lab\x1b[31m\u202e<1>"') == "Lab[31m<1>"
    assert clean("x" * 1000) == "x" * MAX_TEXT
    assert split('" "').maybe_text(0) is None


def test_groups():
    found = groups('(2,"a (b)","c","26201",7),(1,"d","e","26202",7),,(0-4),(0-2)')
    assert [texts(group)[:2] for group in found] == [["2", "a (b)"], ["1", "d"], ["0-4"], ["0-2"]]


def test_name():
    assert after('+QTEMP:"aoss0-usr","26"', "+QTEMP") == '"aoss0-usr","26"'
    assert after("+CSQ: 20,99", "+CSQ") == "20,99"
    assert after("+CSQ: 20,99", "+CS") is None


@given(st.text(max_size=300))
def test_any_line_is_parted_or_refused(line):
    try:
        fields = split(line)
    except AnswerUnreadableError:
        return
    assert 1 <= len(fields) <= MAX_FIELDS
    assert all(clean(text).isprintable() for text in texts(fields))
    groups(line)
