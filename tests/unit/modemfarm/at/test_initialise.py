# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.initialise."""

import pytest

from modemfarm.at import initialise as module
from modemfarm.at.initialise import initialise
from modemfarm.errors import (
    NoServiceError,
    SimBusyError,
    SimFailedError,
    SimMissingError,
    SimPinError,
    SimPukError,
    UnexplainedFailureError,
)

READY = {
    "AT": "OK",
    "AT+CMEE?": "+CMEE: 2|OK",
    "AT+CFUN?": "+CFUN: 1|OK",
    "AT+CPIN?": "+CPIN: READY|OK",
    "AT+CREG?": "+CREG: 2,1|OK",
    "AT+CGREG?": "+CGREG: 2,1|OK",
    "AT+CEREG?": "+CEREG: 2,1|OK",
    "AT+COPS?": '+COPS: 0,0,"Lab",7|OK',
}
FRESH = READY | {
    "AT+CMEE?": "+CMEE: 1|OK",
    "AT+CFUN?": "+CFUN: 4|OK",
    "AT+CREG?": "+CREG: 0,1|OK",
    "AT+CGREG?": "+CGREG: 0,1|OK",
    "AT+CEREG?": "+CEREG: 0,1|OK",
    "AT+COPS?": '+COPS: 1,2,"26201",7|OK',
}
WRITES = ["AT+CMEE=2", "AT+CFUN=1", "AT+CREG=2", "AT+CGREG=2", "AT+CEREG=2", "AT+COPS=0"]
THEN = {write: {f"{write.split('=')[0]}?": READY[f"{write.split('=')[0]}?"]} for write in WRITES}
ORDER = ["AT", "CMEE", "CFUN", "CPIN", "CREG", "CGREG", "CEREG", "COPS"]


@pytest.fixture
def fresh(answering):
    """A modem after power-on, locked to one network by hand."""
    return answering(FRESH | dict.fromkeys(WRITES, "OK"), then=THEN)


def written(session):
    return [text for text in session.seen if "=" in text]


def test_a_fresh_modem(fresh):
    found = initialise(fresh)
    assert found.error is None
    assert [step.name for step in found.steps] == ORDER
    assert written(fresh) == WRITES
    assert [s.name for s in found.steps if s.changed] == [w[3:].split("=")[0] for w in WRITES]
    assert (found.steps[2].before, found.steps[2].after) == ("airplane", "full")
    assert all(step.milliseconds >= 0 for step in found.steps)


def test_a_second_run_changes_nothing(fresh):
    initialise(fresh)
    fresh.seen.clear()
    found = initialise(fresh)
    assert (found.changed, found.error, written(fresh)) == (False, None, [])


def test_automatic_choice_is_not_written_again(answering):
    session = answering(READY)
    assert not initialise(session).changed
    assert "AT+COPS=0" not in session.seen


def test_a_rehearsal_writes_nothing_and_says_the_same(fresh):
    plan = initialise(fresh, dry_run=True)
    assert written(fresh) == []
    real = initialise(fresh)
    told = [(step.name, step.before, step.after, step.changed) for step in plan.steps]
    assert told == [(step.name, step.before, step.after, step.changed) for step in real.steps]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("+CME ERROR: 10", SimMissingError),
        ("+CPIN: SIM PIN|OK", SimPinError),
        ("+CPIN: SIM PUK|OK", SimPukError),
        ("+CME ERROR: 13", SimFailedError),
        ("+CPIN: PH-NET PIN|OK", SimFailedError),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_states_that_need_a_person(answering, said, error, dry_run):
    session = answering(READY | {"AT+CPIN?": said})
    found = initialise(session, dry_run=dry_run)
    assert isinstance(found.error, error)
    assert found.error.remedy
    assert [step.name for step in found.steps] == ORDER[:4]
    assert found.steps[-1].error == found.error.message
    assert not any("CPIN=" in text for text in session.seen)


def test_a_pin_is_entered_only_by_what_the_caller_gives(answering):
    session = answering(READY | {"AT+CPIN?": "+CPIN: SIM PIN|OK"})
    entered = []

    def unlock(port):
        entered.append(port)
        port.answers["AT+CPIN?"] = "+CPIN: READY|OK"

    assert initialise(session, unlock, dry_run=True).changed
    assert entered == []
    found = initialise(session, unlock)
    assert (found.error, entered) == (None, [session])
    assert (found.steps[3].before, found.steps[3].after) == ("pin required", "ready")


def test_a_pin_that_did_not_help(answering):
    session = answering(READY | {"AT+CPIN?": "+CPIN: SIM PIN|OK"})
    found = initialise(session, lambda _session: None)
    assert isinstance(found.error, UnexplainedFailureError)
    assert len(found.steps) == 4


def test_a_puk_is_never_left_to_the_caller(answering):
    entered = []
    session = answering(READY | {"AT+CPIN?": "+CPIN: SIM PUK|OK"})
    assert isinstance(initialise(session, entered.append).error, SimPukError)
    assert entered == []


def test_a_busy_sim_is_waited_for(answering):
    news = ["+QUSIM: 1", {"AT+CPIN?": "+CPIN: READY|OK"}]
    session = answering(READY | {"AT+CPIN?": "+CME ERROR: 14"}, news=news)
    assert initialise(session).error is None


def test_but_not_for_ever(answering, monkeypatch):
    monkeypatch.setattr(module, "SIM_START_S", -1.0)
    session = answering(READY | {"AT+CPIN?": "+CME ERROR: 14"})
    assert isinstance(initialise(session).error, SimBusyError)


def test_a_refusal_stops_and_is_told(fresh):
    fresh.answers["AT+COPS=0"] = "+CME ERROR: 30"
    found = initialise(fresh)
    assert isinstance(found.error, NoServiceError)
    assert (found.steps[-1].name, found.steps[-1].changed) == ("COPS", True)
    assert found.error.message == found.steps[-1].error


def test_a_modem_that_says_ok_and_does_nothing(fresh):
    fresh.then = {}
    found = initialise(fresh)
    assert isinstance(found.error, UnexplainedFailureError)
    assert found.steps[-1].name == "CMEE"
