# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.pin.unlock: what is sent to a SIM, and what is not."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from modemfarm.at.permit import Permit
from modemfarm.at.policy import internal
from modemfarm.at.results import failure, parse_final
from modemfarm.at.session import AtSession, Reply
from modemfarm.errors import (
    CommandTimeoutError,
    FarmError,
    PinPolicyError,
    PortGoneError,
    SimBusyError,
    SimMissingError,
    SimPukError,
    WrongPasswordError,
)
from modemfarm.pin.ledger import Ledger, Outcome
from modemfarm.pin.secret import Pin
from modemfarm.pin.unlock import unlock

ICCID, OTHER = "89490200001234567890", "89490200001234567891"
PIN, ENTRY = Pin("4711"), 'AT+CPIN="4711"'


class Session:
    """Answers from a table; an answer is lines, with a final result, or an error."""

    device = "ttyUSB3"

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.shown: list[str] = []
        self.stale = False  # says OK and leaves the SIM as it is
        self.answers: dict[str, str | FarmError] = {
            "AT+CPIN?": "+CPIN: SIM PIN|OK",
            "AT+QCCID": f"+QCCID: {ICCID}|OK",
            "AT+QPINC?": '+QPINC: "SC",3,10|+QPINC: "P2",3,10|OK',
            ENTRY: "OK",
        }

    def restart(self) -> None:
        self.answers["AT+CPIN?"] = "+CPIN: SIM PIN|OK"

    def command(self, text: str, timeout: float | None = None, *_: object) -> Reply:
        return self.send(internal(text, timeout))

    def send(self, permit: Permit, *_: object) -> Reply:
        self.sent.append(permit.text)
        self.shown.append(permit.shown)
        answer = self.answers[permit.text]
        if isinstance(answer, FarmError):
            raise answer
        *lines, last = answer.split("|")
        final = parse_final(last)
        assert final is not None
        if not final.ok:
            raise failure(permit.shown, self.device, final)
        if permit.text == ENTRY and not self.stale:
            self.answers["AT+CPIN?"] = "+CPIN: READY|OK"
        return Reply(permit.shown, tuple(lines), 0.0)


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "pin-tries.json")


@pytest.fixture
def enter(session: Session, ledger: Ledger) -> Callable[[], bool]:
    return lambda: unlock(cast(AtSession, session), ICCID, PIN, ledger).sent


def test_a_pin_is_sent_after_everything_was_asked(
    session: Session, enter: Callable[[], bool]
) -> None:
    assert enter()
    assert session.sent == ["AT+CPIN?", "AT+QCCID", "AT+QPINC?", ENTRY, "AT+CPIN?"]
    assert session.shown[3] == 'AT+CPIN="****"'


def test_a_good_pin_is_sent_at_each_start(session: Session, enter: Callable[[], bool]) -> None:
    for turn in range(1, 4):
        assert enter()
        assert not enter()
        session.restart()
        assert session.sent.count(ENTRY) == turn


def test_a_ready_sim_wants_none(
    session: Session, enter: Callable[[], bool], ledger: Ledger
) -> None:
    session.answers["AT+CPIN?"] = "+CPIN: READY|OK"
    assert not enter()
    assert session.sent == ["AT+CPIN?"]
    assert ledger.outcome(ICCID, PIN) is None


@pytest.mark.parametrize(
    ("question", "answer", "error"),
    [
        ("AT+CPIN?", "+CPIN: SIM PUK|OK", SimPukError),
        ("AT+CPIN?", "+CME ERROR: 12", SimPukError),
        ("AT+CPIN?", "+CME ERROR: 10", SimMissingError),
        ("AT+CPIN?", "+CPIN: SIM PIN2|OK", PinPolicyError),
        ("AT+CPIN?", "+CPIN: SIM PUK2|OK", PinPolicyError),
        ("AT+CPIN?", "+CPIN: PH-NET PIN|OK", PinPolicyError),
        ("AT+CPIN?", "+CME ERROR: 14", PinPolicyError),
        ("AT+CPIN?", "+CME ERROR: 13", PinPolicyError),
        ("AT+CPIN?", "ERROR", FarmError),
        ("AT+CPIN?", "OK", FarmError),
        ("AT+QCCID", f"+QCCID: {OTHER}|OK", PinPolicyError),
        ("AT+QCCID", "+CME ERROR: 13", PinPolicyError),
        ("AT+QCCID", "OK", FarmError),
        ("AT+QPINC?", '+QPINC: "SC",2,10|OK', PinPolicyError),
        ("AT+QPINC?", '+QPINC: "SC",1,10|OK', PinPolicyError),
        ("AT+QPINC?", '+QPINC: "SC",0,10|OK', PinPolicyError),
        ("AT+QPINC?", '+QPINC: "P2",3,10|OK', PinPolicyError),
        ("AT+QPINC?", '+QPINC: "SC",,|OK', PinPolicyError),
        ("AT+QPINC?", '+QPINC: "SC",33,10|OK', PinPolicyError),
        ("AT+QPINC?", '+QPINC: "SC",-3,10|OK', PinPolicyError),
        ("AT+QPINC?", "OK", PinPolicyError),
        ("AT+QPINC?", "ERROR", PinPolicyError),
        ("AT+QPINC?", "+CME ERROR: 4", PinPolicyError),
        ("AT+QPINC?", "+CME ERROR: 14", PinPolicyError),
    ],
)
def test_nothing_is_sent(
    session: Session, enter: Callable[[], bool], ledger: Ledger,
    question: str, answer: str, error: type[FarmError],
) -> None:  # fmt: skip
    session.answers[question] = answer
    with pytest.raises(error) as caught:
        enter()
    assert caught.value.remedy
    assert not any("AT+CPIN=" in text for text in session.sent)
    assert ledger.outcome(ICCID, PIN) is None


def test_a_wrong_pin_is_sent_once(session: Session, enter: Callable[[], bool]) -> None:
    session.answers[ENTRY] = "+CME ERROR: 16"
    with pytest.raises(WrongPasswordError) as caught:
        enter()
    assert "4711" not in f"{caught.value!r}{caught.value}{caught.value.fields()}"
    for _ in range(5):
        with pytest.raises(PinPolicyError, match="this SIM refused it before"):
            enter()
    assert session.sent.count(ENTRY) == 1


@pytest.mark.parametrize(
    "end",
    [CommandTimeoutError("late", "wait"), PortGoneError("gone", "replug"), "+CME ERROR: 14",
     "+CME ERROR: 100", "ERROR", "+CME ERROR: 50"],
)  # fmt: skip
def test_any_other_end_counts_as_tried(
    session: Session, enter: Callable[[], bool], ledger: Ledger, end: str | FarmError
) -> None:
    session.answers[ENTRY] = end
    with pytest.raises(FarmError):
        enter()
    session.answers[ENTRY] = "OK"
    with pytest.raises(PinPolicyError, match="nobody learnt"):
        enter()
    assert session.sent.count(ENTRY) == 1
    assert ledger.outcome(ICCID, PIN) is Outcome.UNKNOWN


def test_a_pin_changed_on_the_sim_is_refused_once(
    session: Session, enter: Callable[[], bool]
) -> None:
    assert enter()
    session.restart()
    session.answers[ENTRY] = "+CME ERROR: 16"
    with pytest.raises(WrongPasswordError):
        enter()
    with pytest.raises(PinPolicyError):
        enter()
    assert session.sent.count(ENTRY) == 2


def test_an_ok_alone_proves_nothing(
    session: Session, enter: Callable[[], bool], ledger: Ledger
) -> None:
    session.stale = True
    with pytest.raises(PinPolicyError, match="still wants its PIN"):
        enter()
    assert ledger.outcome(ICCID, PIN) is Outcome.UNKNOWN


def test_the_try_is_on_the_disk_before_it_is_made(
    session: Session, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Outcome | None] = []
    real = session.send

    def send(permit: Permit) -> Reply:
        if permit.text == ENTRY:
            seen.append(ledger.outcome(ICCID, PIN))
        return real(permit)

    monkeypatch.setattr(session, "send", send)
    unlock(cast(AtSession, session), ICCID, PIN, ledger)
    assert seen == [Outcome.UNKNOWN]


def test_a_busy_sim_is_another_class_than_a_wrong_pin(
    session: Session, enter: Callable[[], bool]
) -> None:
    session.answers[ENTRY] = "+CME ERROR: 14"
    with pytest.raises(SimBusyError):
        enter()
