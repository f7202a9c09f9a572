# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from modemlab.modem.errors import NoUssdSessionError, UssdRefusedError
from modemlab.modem.ussd import Ussd


@pytest.fixture
def ussd() -> Ussd:
    return Ussd("+491510000001")


@pytest.mark.parametrize(
    ("code", "text", "ucs2"),
    [
        ("*100#", "Balance: 12.34 EUR", False),
        ("*102#", "Guthaben: 12,34 €", True),
        ("*103#", "Your number: +491510000001", False),
    ],
)
def test_codes_with_one_answer(ussd: Ussd, code: str, text: str, ucs2: bool) -> None:
    answer = ussd.dial(code)
    assert answer.text.startswith(text)
    assert (answer.more, answer.ucs2) == (False, ucs2)
    with pytest.raises(NoUssdSessionError):
        ussd.reply("1")


def test_a_menu_of_two_levels(ussd: Ussd) -> None:
    assert ussd.dial("*101#").more
    assert ussd.reply("3").more
    answer = ussd.reply("1")
    assert (answer.more, answer.ucs2) == (False, True)
    assert not ussd.cancel()


def test_a_wrong_reply_ends_the_session(ussd: Ussd) -> None:
    ussd.dial("*101#")
    with pytest.raises(UssdRefusedError):
        ussd.reply("9")
    with pytest.raises(NoUssdSessionError):
        ussd.reply("1")


def test_an_unknown_code_is_refused_and_ends_the_old_session(ussd: Ussd) -> None:
    ussd.dial("*101#")
    with pytest.raises(UssdRefusedError):
        ussd.dial("*999#")
    assert not ussd.cancel()


def test_cancel(ussd: Ussd) -> None:
    ussd.dial("*101#")
    assert ussd.cancel()
    assert not ussd.cancel()
