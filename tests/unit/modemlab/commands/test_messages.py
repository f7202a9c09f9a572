# SPDX-License-Identifier: GPL-3.0-or-later
from collections.abc import Callable

import pytest

from modemlab.carrier.sms_centre import SmsCentre
from modemlab.commands import fields as f
from modemlab.commands.fields import FieldError
from modemlab.commands.messages import deliver, stored
from modemlab.modem.messages import SM, Status
from modemlab.modem.modem import Modem


@pytest.fixture
def centre(modem: Modem) -> SmsCentre:
    centre = SmsCentre()
    modem.join(centre)
    return centre


def test_a_message_from_outside_is_shown(centre: SmsCentre, modem: Modem) -> None:
    assert deliver(centre, modem, "+491700000", "12 € für dich") == 1
    assert stored(centre, modem) == {
        "messages": [
            {
                "storage": "ME",
                "index": 0,
                "status": "unread",
                "kind": "deliver",
                "number": "+491700000",
                "text": "12 € für dich",
                "part": None,
                "reference": None,
                "status_code": None,
            }
        ],
        "waiting": 0,
    }


def test_parts_and_what_waits(centre: SmsCentre, modem: Modem) -> None:
    modem.faults.set("sms", "full")
    assert deliver(centre, modem, "Lab", "я" * 100) == 2
    assert stored(centre, modem) == {"messages": [], "waiting": 2}


def test_what_is_no_tpdu_is_shown_as_it_is(centre: SmsCentre, modem: Modem) -> None:
    modem.messages.add(SM, Status.READ, b"\x04")
    (row,) = stored(centre, modem)["messages"]
    assert (row["kind"], row["pdu"], row["storage"]) == ("unknown", "0004", "SM")


@pytest.mark.parametrize("sender", ["Лаб", "", "twelve chars", "1" * 21])
def test_a_sender_that_cannot_be(centre: SmsCentre, modem: Modem, sender: str) -> None:
    with pytest.raises(FieldError, match="sender is"):
        deliver(centre, modem, sender, "x")


@pytest.mark.parametrize("text", ["", "x" * 2001, None, True])
def test_texts_that_are_refused(text: object) -> None:
    with pytest.raises(ValueError, match="1 to 2000"):
        f.message(text)


def test_texts_that_are_taken() -> None:
    assert f.message("two\nlines") == "two\nlines"
    assert f.message(42) == "42"


def test_modems_of_a_farm_share_a_centre(make_modem: Callable[..., Modem]) -> None:
    centre, one, two = SmsCentre(), make_modem(number=1), make_modem(number=2)
    for modem in (one, two):
        modem.join(centre)
    deliver(centre, two, one.msisdn, "hello")
    assert stored(centre, one)["messages"] == []
    assert len(stored(centre, two)["messages"]) == 1
