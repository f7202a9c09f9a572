# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.initialise against the virtual modem on a pty."""

import pytest

from modemfarm.at.commands import operator
from modemfarm.at.initialise import initialise
from modemfarm.at.session import AtSession
from modemfarm.errors import SimMissingError, SimPinError
from modemlab.faces.background import Background
from modemlab.modem.spec import ModemSpec

SPEC = ModemSpec(17, registration_seconds=0, reboot_seconds=0.05)


@pytest.fixture
def plugged(tmp_path):
    with Background() as lab:
        modem, face = lab.pty(SPEC)
        records = []
        path = face.paths["at3"]
        with AtSession(path, observer=records.append, lock_dir=tmp_path) as session:
            session.sync()
            session.command("AT+CMEE=2")
            records.clear()
            yield lab, modem, session, records


def writes(records):
    return [record.command for record in records if "=" in record.command]


def test_twice(plugged):
    _lab, _modem, session, records = plugged
    first = initialise(session)
    assert first.error is None
    assert writes(records) == ["AT+CREG=2", "AT+CGREG=2", "AT+CEREG=2"]
    records.clear()
    second = initialise(session)
    assert (second.changed, second.error, writes(records)) == (False, None, [])
    assert [step.after for step in second.steps] == [step.after for step in first.steps]


def test_from_airplane_mode_and_another_network(plugged):
    lab, modem, session, _records = plugged
    operator.choose(session, SPEC.operator.plmn)
    lab.call(modem.radio.set_function, 4)
    plan = initialise(session, dry_run=True)
    assert modem.radio.function == 4
    found = initialise(session)
    assert found.error is None
    assert [(s.name, s.changed) for s in plan.steps] == [(s.name, s.changed) for s in found.steps]
    assert (modem.radio.function, modem.networks.mode) == (1, 0)
    assert operator.operator(session).name == SPEC.operator.name


def test_a_missing_sim_stops_it(plugged):
    lab, modem, session, records = plugged
    lab.call(modem.faults.set, "sim", "missing")
    found = initialise(session)
    assert isinstance(found.error, SimMissingError)
    assert found.steps[-1].name == "CPIN"
    assert writes(records) == []


def test_a_pin_is_not_guessed(plugged):
    lab, modem, session, _records = plugged
    lab.call(modem.faults.set, "sim", "pin")
    assert isinstance(initialise(session).error, SimPinError)
    assert modem.sim.pin_attempts == 0


def test_a_pin_by_the_callers_way(plugged):
    lab, modem, session, _records = plugged
    lab.call(modem.faults.set, "sim", "pin")
    found = initialise(session, lambda _session: lab.call(modem.sim.verify, SPEC.pin))
    assert found.error is None
    assert modem.sim.pin_attempts == 1


def test_a_modem_that_goes_away_in_the_middle(plugged):
    lab, modem, session, _records = plugged
    lab.call(modem.faults.set, "vanish", "at")
    found = initialise(session)
    assert type(found.error).__name__ in ("PortGoneError", "CommandTimeoutError")
    assert found.steps[-1].error is not None
