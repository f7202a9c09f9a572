# SPDX-License-Identifier: GPL-3.0-or-later
"""Two modems at one centre, on a clock that the test moves."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from modemlab.carrier.sms_centre import SmsCentre, international
from modemlab.modem import pdu, texts
from modemlab.modem.clock import ManualClock
from modemlab.modem.messages import ME, SM, Status
from modemlab.modem.modem import Modem
from modemlab.modem.pdu import PduError
from modemlab.modem.short_messages import HANG_SECONDS, SEND_SECONDS, Action, Outcome, Route

WHEN = datetime(2026, 9, 7, 13, 45, 59, tzinfo=UTC)


def submit(number: str, text: str = "hello", *, report: bool = False) -> bytes:
    """A SUBMIT as ModemManager makes it: relative validity, reference left to the modem."""
    body = texts.bodies(text, 9)[0]
    first = 0x11 | (0x20 if report else 0) | (0x40 if body.header else 0)
    head = bytes([first, 0]) + pdu.encode_address(number) + bytes([0, body.dcs, 0xA7])
    return head + bytes([body.length]) + body.data


def seen(modem: Modem) -> list[texts.Shown]:
    return [texts.show(message.tpdu) for message in modem.messages.list(ME)]


class Pair:
    """Modems 1 and 2."""

    def __init__(self, make: Callable[..., Modem], clock: ManualClock) -> None:
        self.clock = clock
        self.centre = SmsCentre(now=lambda: WHEN)
        self.one, self.two = make(number=1), make(number=2)
        for modem in (self.one, self.two):
            modem.short_messages.join(self.centre)
        self.outcomes: list[Outcome] = []

    def send(self, tpdu: bytes) -> None:
        self.one.short_messages.send(tpdu, self.outcomes.append)


@pytest.fixture
def pair(make_modem: Callable[..., Modem], clock: ManualClock) -> Pair:
    return Pair(make_modem, clock)


@pytest.mark.parametrize("number", ["+491510000002", "01510000002", "00491510000002"])
def test_a_message_arrives_after_the_senders_answer(pair: Pair, number: str) -> None:
    pair.send(submit(number))
    assert pair.outcomes == []
    pair.clock.advance(SEND_SECONDS)
    assert pair.outcomes == [Outcome(1)]
    assert seen(pair.two) == []
    pair.clock.advance(1)
    (message,) = pair.two.messages.list(ME)
    assert texts.show(message.tpdu) == texts.Shown("deliver", "+491510000001", "hello")
    assert (message.status, message.smsc.hex()) == (Status.UNREAD, "0791945101000000")
    assert seen(pair.one) == []


def test_a_message_to_oneself(pair: Pair) -> None:
    pair.send(submit(pair.one.msisdn, "привет, du"))
    pair.clock.advance(2)
    assert seen(pair.one)[0].text == "привет, du"


def test_a_modem_alone_has_a_centre_of_its_own(modem: Modem, clock: ManualClock) -> None:
    modem.short_messages.send(submit(modem.msisdn), lambda outcome: None)
    clock.advance(2)
    assert seen(modem)[0].number == modem.msisdn


@pytest.mark.parametrize(("number", "status"), [("+491510000002", 0), ("+491519999999", 0x43)])
def test_reports(pair: Pair, number: str, status: int) -> None:
    pair.send(submit(number, report=True))
    pair.clock.advance(2)
    assert seen(pair.one) == [
        texts.Shown("status-report", number, reference=1, status_code=status)
    ]  # fmt: skip


def test_no_report_unless_asked(pair: Pair) -> None:
    pair.send(submit("+491510000002"))
    pair.clock.advance(9)
    assert seen(pair.one) == []


def test_references_count_up(pair: Pair) -> None:
    for _ in range(257):
        pair.send(submit("+491519999999"))
        pair.clock.advance(2)
    assert [outcome.reference for outcome in pair.outcomes][-3:] == [255, 0, 1]


def test_what_waits_for_a_modem_that_is_away(pair: Pair) -> None:
    pair.two.faults.set("network", "none")
    for text in ("first", "second"):
        pair.send(submit(pair.two.msisdn, text, report=True))
        pair.clock.advance(2)
    assert (seen(pair.one), seen(pair.two), pair.centre.waiting(pair.two)) == ([], [], 2)
    pair.two.faults.set("network", "home")
    pair.clock.advance(2)
    assert [shown.text for shown in seen(pair.two)] == ["first", "second"]
    assert [shown.status_code for shown in seen(pair.one)] == [0, 0]


def test_what_waits_for_room(pair: Pair) -> None:
    pair.two.messages.sizes[ME] = 1
    for text in ("first", "second", "third"):
        pair.centre.inject(pair.two, "+491700000", text)
    assert [shown.text for shown in seen(pair.two)] == ["first"]
    pair.two.messages.delete(ME, 0)
    assert [shown.text for shown in seen(pair.two)] == ["second"]
    assert pair.centre.waiting(pair.two) == 1


def test_a_long_text_from_outside(pair: Pair) -> None:
    assert pair.centre.inject(pair.two, "Lab", "я" * 100) == 2
    parts = seen(pair.two)
    assert "".join(part.text for part in parts) == "я" * 100
    assert [part.part for part in parts] == [(1, 2, 1), (1, 2, 2)]
    with pytest.raises(ValueError, match="not in the GSM alphabet"):
        pair.centre.inject(pair.two, "Лаб", "x")


def test_who_left_is_unknown(pair: Pair) -> None:
    pair.centre.leave(pair.two)
    pair.send(submit(pair.two.msisdn, report=True))
    pair.clock.advance(2)
    assert seen(pair.one)[0].status_code == pdu.UNKNOWN_RECIPIENT


@pytest.mark.parametrize(
    ("fault", "seconds", "cause", "arrives"),
    [
        ("refuse", SEND_SECONDS, 38, False),
        ("lost", SEND_SECONDS, None, False),
        (3, 3, None, True),
        ("hang", SEND_SECONDS, None, True),
    ],
)
def test_faults_of_sending(
    pair: Pair, fault: object, seconds: float, cause: int | None, arrives: bool
) -> None:
    pair.one.faults.set("sms", fault)
    pair.send(submit(pair.two.msisdn))
    pair.clock.advance(seconds - 0.1)
    assert pair.outcomes == []
    pair.clock.advance(2)
    assert pair.outcomes == [Outcome(1, cause)]
    assert bool(seen(pair.two)) is arrives


def test_a_barred_country_hangs(pair: Pair) -> None:
    pair.one.faults.set("sms", "hang")
    pair.send(submit("+12025550100"))
    pair.clock.advance(HANG_SECONDS - 1)
    assert pair.outcomes == []
    pair.clock.advance(2)
    assert pair.outcomes == [Outcome(1, 8)]


def test_a_full_store_by_fault(pair: Pair) -> None:
    pair.two.faults.set("sms", "full")
    pair.centre.inject(pair.two, "Lab", "waits")
    assert pair.two.messages.used(ME) == 255
    pair.two.faults.clear()
    assert [shown.text for shown in seen(pair.two)] == ["waits"]


def test_power_forgets_what_is_being_sent_and_keeps_what_is_stored(pair: Pair) -> None:
    pair.centre.inject(pair.one, "Lab", "kept")
    pair.send(submit(pair.two.msisdn))
    pair.one.power_cycle()
    pair.clock.advance(5)
    assert (pair.outcomes, seen(pair.two)) == ([], [])
    assert [shown.text for shown in seen(pair.one)] == ["kept"]


def test_routes_by_class(pair: Pair) -> None:
    pair.two.short_messages.routes[2] = Route(SM)
    pair.two.short_messages.routes[3] = Route(ME, Action.DISCARD)
    for dcs in (0x12, 0x13, 0x00):
        body = pdu.UserData(dcs, 0, b"")
        assert pair.two.take_message(pdu.deliver("1", 0, body, WHEN))
    assert (pair.two.messages.used(SM), pair.two.messages.used(ME)) == (1, 1)


def test_what_is_no_submit_is_refused(pair: Pair) -> None:
    with pytest.raises(PduError):
        pair.send(b"\x04\x00")


def test_announced_on_the_first_at_port(pair: Pair) -> None:
    lines: dict[int, bytes] = {2: b"", 3: b""}
    for channel in lines:
        pair.two.on_at[channel] = lambda data, n=channel: lines.__setitem__(n, lines[n] + data)
    pair.centre.inject(pair.two, "Lab", "hello")
    assert lines == {2: b'\r\n+CMTI: "ME",0\r\n', 3: b""}


def test_a_report_straight_to_the_at_port(pair: Pair) -> None:
    port = pair.one.at_engine.ports[2]
    port.settings["+CNMI"] = "2,1,2,1,0"
    heard: list[bytes] = []
    pair.one.on_at[2] = heard.append
    pair.send(submit(pair.two.msisdn, report=True))
    pair.clock.advance(2)
    head, tpdu = heard[-1].split()[1:3]
    assert (len(tpdu) // 2 - 1, tpdu[:6]) == (int(head), b"000601")
    assert pair.one.messages.list(ME) == []


@pytest.mark.parametrize(
    ("dialled", "number"),
    [("+123", "+123"), ("00123", "+123"), ("0151", "+49151"), ("49151", "+49151")],
)
def test_numbers_as_dialled(dialled: str, number: str) -> None:
    assert international(dialled) == number
