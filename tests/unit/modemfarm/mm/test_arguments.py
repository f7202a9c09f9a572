# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers, ids, codes and responses: what gets to ModemManager and what does not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemfarm.errors import CommandRefusedError, InvalidValueError
from modemfarm.mm.sms import check_id, check_number, check_validity
from modemfarm.mm.ussd import check_code, check_response, shown_code

ODD = st.text("0123456789*#+;, \n\0\x1a٣aA", max_size=40) | st.text(max_size=20)


@pytest.mark.parametrize("number", ["123", "+491510000002", "80888", "0" * 15])
def test_numbers(number):
    assert check_number(number) == number


@pytest.mark.parametrize(
    "number",
    ["", "12", "1" * 16, "+", "++49", "49+1", "123\n", "123;", "12a", "١٢٣", "123 ", None, 123],
)
def test_what_is_no_number(number):
    with pytest.raises(InvalidValueError, match="number is"):
        check_number(number)


@given(ODD)
def test_any_number_is_digits_or_refused(number):
    try:
        check_number(number)
    except InvalidValueError:
        return
    assert re.fullmatch(r"\+?[0-9]{3,15}", number, re.ASCII)
    assert number.isascii()


@pytest.mark.parametrize("number", [-1, 2**31, True, "1", None, 1.5])
def test_what_is_no_id(number):
    with pytest.raises(InvalidValueError):
        check_id(number)


def test_validity():
    assert check_validity(5) == 5
    assert check_validity(635_040) == 635_040
    for bad in (4, 635_041, True, "60", None):
        with pytest.raises(InvalidValueError):
            check_validity(bad)


@pytest.mark.parametrize("code", ["*100#", "#123#", "*#06#", "*#21#", "*100*1*2#", "*2101#"])
def test_codes(code):
    assert check_code(code) == code


@pytest.mark.parametrize(
    "code",
    ["", "100", "*100", "100#", "*#", "#", "*1\n#", "*100#\n", "*1;#", "*٣#", "*" + "1" * 31 + "#",
     None, 100, "AT+CUSD=1", "*100#ATD112;"],
)  # fmt: skip
def test_what_is_no_code(code):
    with pytest.raises(InvalidValueError):
        check_code(code)


@pytest.mark.parametrize(
    "code",
    ["**04*1234*4321*4321#", "**05*12345678*1234*1234#", "**21*491510000002#", "##002#",
     "*21*491510000002#", "#21#", "*33*0000#", "*67*49151#", "**100#", "*03*330*1*2*2#"],
)  # fmt: skip
def test_codes_that_change_the_sim_or_its_services_are_refused(code):
    with pytest.raises(CommandRefusedError):
        check_code(code)


@given(ODD)
def test_any_code_fits_the_grammar_or_is_refused(code):
    try:
        check_code(code)
    except (InvalidValueError, CommandRefusedError):
        return
    assert re.fullmatch(r"[*#][0-9*#]{1,30}#", code, re.ASCII)
    assert not code.startswith(("**", "##"))


def test_responses():
    assert check_response("1") == "1"
    for bad in ("", "yes", "1\n", "1" * 31, "1;2", None):
        with pytest.raises(InvalidValueError):
            check_response(bad)


def test_long_numbers_in_a_code_are_not_shown():
    assert shown_code("*100#") == "*100#"
    assert shown_code("*104*12345678901234#") == "*104*<14 digits>#"
