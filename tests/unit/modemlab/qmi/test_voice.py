# SPDX-License-Identifier: GPL-3.0-or-later
"""USSD as ModemManager drives it; layouts are those of libqmi's qmi-service-voice.json."""

import struct

import pytest

from modemlab.modem.clock import ManualClock
from modemlab.modem.modem import Modem
from modemlab.qmi import codec

VOICE = 9
ORIGINATE, ANSWER, CANCEL, NO_WAIT = 0x003A, 0x003B, 0x003C, 0x0043
RELEASE, USSD = 0x003D, 0x003E
BALANCE = b"Balance: 12.34 EUR. Valid until 31.12.2030."
GUTHABEN = "Guthaben: 12,34 €. Gültig bis 31.12.2030."


def uss(text: str, scheme: int = 1) -> dict[int, bytes]:
    data = text.encode("utf-16-be" if scheme == 3 else "ascii")
    return {1: bytes([scheme, len(data)]) + data}


class Session:
    """One client that listens, and what came for it."""

    def __init__(self, qmi, clock: ManualClock) -> None:
        self.qmi, self.clock = qmi, clock
        assert qmi.ask(VOICE, 0x0003, {0x16: b"\x01"})[0] == 0
        qmi.frames.clear()

    def send(self, message: int, tlvs: dict[int, bytes]) -> None:
        self.qmi.send(VOICE, self.qmi.clients[VOICE], message, tlvs)

    def heard(self, seconds: float = 1) -> list[tuple[str, int, int, dict[int, bytes]]]:
        """Kind, message, error and other TLVs of what came within `seconds`."""
        self.clock.advance(seconds)
        found = []
        for frame in self.qmi.frames:
            one = codec.decode(frame)
            answer = frame[6] == codec.RESPONSE
            error = struct.unpack("<HH", one.tlvs.pop(2))[1] if answer else 0
            found.append(("answer" if answer else "indication", one.message, error, one.tlvs))
        self.qmi.frames.clear()
        return found


@pytest.fixture
def session(qmi, clock: ManualClock) -> Session:
    return Session(qmi, clock)


def test_one_answer_comes_in_the_response(session: Session) -> None:
    session.send(ORIGINATE, uss("*100#"))
    assert session.heard(0.1) == []
    data = bytes([1, len(BALANCE)]) + BALANCE
    assert session.heard() == [("answer", ORIGINATE, 0, {0x12: data})]


@pytest.mark.parametrize("scheme", [1, 3])
def test_ucs2_in_both_forms(session: Session, scheme: int) -> None:
    session.send(ORIGINATE, uss("*102#", scheme))
    (_, _, error, tlvs) = session.heard()[0]
    assert error == 0
    assert tlvs[0x12] == bytes([3, 2 * len(GUTHABEN)]) + GUTHABEN.encode("utf-16-be")
    assert tlvs[0x16] == bytes([len(GUTHABEN)]) + GUTHABEN.encode("utf-16-le")


def test_a_menu_is_indicated_and_the_response_waits_for_the_end(session: Session) -> None:
    session.send(ORIGINATE, uss("*101#"))
    (kind, message, _, tlvs) = session.heard()[0]
    assert (kind, message, tlvs[1]) == ("indication", USSD, b"\x02")
    assert tlvs[0x10][2:].startswith(b"Lab Telekom\n1 Balance")
    session.send(ANSWER, uss("1"))
    assert session.heard(0) == [("answer", ANSWER, 0, {})]
    data = bytes([1, len(BALANCE)]) + BALANCE
    assert session.heard() == [
        ("indication", USSD, 0, {1: b"\x01", 0x10: data}),
        ("answer", ORIGINATE, 0, {}),
    ]
    assert session.heard(200) == []


def test_a_wrong_reply_is_released_by_the_network(session: Session) -> None:
    session.send(ORIGINATE, uss("*101#"))
    session.heard()
    session.send(ANSWER, uss("7"))
    session.heard(0)
    assert session.heard() == [
        ("indication", RELEASE, 0, {}),
        ("answer", ORIGINATE, 97, {}),
    ]


def test_a_menu_is_waited_for_only_so_long(session: Session) -> None:
    session.send(ORIGINATE, uss("*101#"))
    assert len(session.heard(59)) == 1
    assert [row[:3] for row in session.heard(5)] == [
        ("indication", RELEASE, 0),
        ("answer", ORIGINATE, 97),
    ]
    session.send(ANSWER, uss("1"))
    assert session.heard(0) == [("answer", ANSWER, 90, {})]


def test_an_unknown_code(session: Session) -> None:
    session.send(ORIGINATE, uss("*999#"))
    assert session.heard() == [("answer", ORIGINATE, 92, {0x10: struct.pack("<H", 127)})]


@pytest.mark.parametrize("seconds", [0.1, 2])
def test_cancel_while_the_network_thinks_and_at_the_menu(session: Session, seconds: float) -> None:
    session.send(ORIGINATE, uss("*101#"))
    session.heard(seconds)
    session.send(CANCEL, {})
    rows = session.heard(300)
    assert sorted(row[1:3] for row in rows) == [(ORIGINATE, 4), (CANCEL, 0)]


def test_cancel_of_nothing(session: Session) -> None:
    session.send(CANCEL, {})
    assert session.heard() == [("answer", CANCEL, 90, {})]


def test_a_second_code_ends_the_first(session: Session) -> None:
    session.send(ORIGINATE, uss("*101#"))
    session.heard()
    session.send(ORIGINATE, uss("*100#"))
    assert [row[1:3] for row in session.heard()] == [(ORIGINATE, 4), (ORIGINATE, 0)]


def test_no_wait(session: Session) -> None:
    session.send(NO_WAIT, uss("*100#"))
    assert session.heard(0) == [("answer", NO_WAIT, 0, {})]
    data = bytes([1, len(BALANCE)]) + BALANCE
    assert session.heard() == [("indication", NO_WAIT, 0, {0x12: data})]
    session.send(NO_WAIT, uss("*999#"))
    rows = {0x10: struct.pack("<H", 92), 0x11: struct.pack("<H", 127)}
    assert session.heard()[1:] == [("indication", NO_WAIT, 0, rows)]


def test_nobody_listens(session: Session) -> None:
    session.send(0x0003, {0x16: b"\x00"})
    session.heard(0)
    session.send(ORIGINATE, uss("*101#"))
    assert session.heard(5) == []


@pytest.mark.parametrize(
    ("tlvs", "error"),
    [({}, 17), ({1: b"\x01"}, 1), ({1: b"\x01\x09*"}, 48), ({1: b"\x02\x01*"}, 48)],
)
def test_refusals(qmi, tlvs: dict[int, bytes], error: int) -> None:
    assert qmi.ask(VOICE, ORIGINATE, tlvs)[0] == error


def test_without_network(qmi, modem: Modem) -> None:
    modem.faults.set("network", "none")
    assert qmi.ask(VOICE, ORIGINATE, uss("*100#"))[0] == 53


def test_power_ends_a_session(session: Session, modem: Modem) -> None:
    session.send(ORIGINATE, uss("*101#"))
    session.heard()
    modem.power_cycle()
    assert session.heard(300) == []
    assert modem.ussd.waiting is None


def test_there_are_no_calls(qmi) -> None:
    _, tlvs = qmi.ask(VOICE, 0x002F)
    assert (tlvs[0x10], tlvs[0x11]) == (b"\x00", b"\x00")
    assert qmi.ask(VOICE, 0x0034)[1][0x10] == b"\x00"
