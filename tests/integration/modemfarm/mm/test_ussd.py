# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.mm.ussd with a real bus and a fake ModemManager."""

import threading
from dataclasses import replace

import pytest

from modemfarm import errors
from modemfarm.dbus.connection import Bus
from modemfarm.mm import ussd
from modemfarm.mm.ussd import Answer, Session

from .fake import ACTIVE, ERROR, IDLE, USER_RESPONSE, USSD
from .service import SILENCE, Refusal


def menu(manager):
    """The network asks once, then says the balance."""

    def initiate(path, _):
        manager.properties(path, USSD)["State"] = ("u", USER_RESPONSE)
        return "s", ("1 balance\n2 tariff",)

    def respond(path, text):
        manager.properties(path, USSD)["State"] = ("u", IDLE)
        return "s", (f"you chose {text}",)

    manager.methods[USSD, "Initiate"], manager.methods[USSD, "Respond"] = initiate, respond


def late_menu(manager, delay=0.3):
    """As over QMI: Respond answers with nothing, and the texts come as properties afterwards."""
    texts = iter([("NetworkRequest", "more?", USER_RESPONSE), ("NetworkNotification", "bye", IDLE)])

    def initiate(path, _):
        manager.properties(path, USSD)["State"] = ("u", USER_RESPONSE)
        return "s", ("1 balance",)

    def respond(path, _):
        name, text, state = next(texts)
        found = manager.properties(path, USSD)
        found["State"] = ("u", ACTIVE)
        change = {"State": ("u", state), name: ("s", text)}
        timer = threading.Timer(delay, found.update, (change,))
        timer.daemon = True
        timer.start()
        return "s", ("",)

    manager.methods[USSD, "Initiate"], manager.methods[USSD, "Respond"] = initiate, respond


def members(manager):
    return [call[1] for call in manager.calls if call[1] in ("Initiate", "Respond", "Cancel")]


def test_balance(manager, modem, records):
    assert ussd.initiate(modem, "*100#") == Answer("You said *100#; balance 9,99 €", "idle")
    (record,) = records
    assert (record.channel, record.command, record.outcome) == ("ussd", "*100#", "ok")
    assert "9,99" in record.answer


def test_a_voucher_is_not_noted(manager, modem, records):
    ussd.initiate(modem, "*104*12345678901234#")
    assert records[0].command == "*104*<14 digits>#"


def test_a_refused_code_reaches_nobody(manager, modem):
    with pytest.raises(errors.CommandRefusedError):
        ussd.initiate(modem, "**04*1234*4321*4321#")
    with pytest.raises(errors.InvalidValueError):
        ussd.dialogue(modem, "*100#", ["1", "yes"])
    assert manager.calls == []


def test_answers_that_come_after_respond_has_ended(manager, modem, monkeypatch):
    monkeypatch.setattr(ussd, "LOOK_S", 0.05)
    late_menu(manager)
    found = ussd.dialogue(modem, "*101#", ["3", "1"])
    assert [(answer.text, answer.state) for answer in found] == [
        ("1 balance", "user-response"), ("more?", "user-response"), ("bye", "idle"),
    ]  # fmt: skip


def test_a_network_that_says_nothing_more_is_waited_for_with_a_cap(manager, modem, monkeypatch):
    monkeypatch.setattr(ussd, "LOOK_S", 0.05)
    monkeypatch.setattr(ussd, "RESPONSE_S", 0.3)
    late_menu(manager, delay=60)
    found = ussd.dialogue(modem, "*101#", ["3"])
    assert (found[-1].text, found[-1].state) == ("", "active")


def test_initiate_and_respond(manager, modem, records):
    menu(manager)
    assert ussd.initiate(modem, "*100#").state == "user-response"
    assert ussd.respond(modem, "1") == Answer("you chose 1", "idle")
    assert records[1].command == "respond <1 characters>"


def test_a_dialogue_in_one_go(manager, modem):
    menu(manager)
    answers = ussd.dialogue(modem, "*100#", ["1", "2"])
    assert [answer.state for answer in answers] == ["user-response", "idle"]
    assert members(manager) == ["Initiate", "Respond"]


def test_a_dialogue_leaves_no_session_open(manager, modem):
    menu(manager)
    assert len(ussd.dialogue(modem, "*100#")) == 1
    assert members(manager) == ["Initiate", "Cancel"]


@pytest.mark.parametrize("state", [ACTIVE, USER_RESPONSE, 0])
def test_somebody_elses_session_is_not_broken_into(manager, modem, records, state):
    manager.properties(manager.modem(0), USSD)["State"] = ("u", state)
    with pytest.raises(errors.PortBusyError, match="session is open"):
        ussd.dialogue(modem, "*100#")
    assert members(manager) == []
    assert records[0].outcome == "busy"


def test_a_session_that_somebody_opened_meanwhile_is_not_cancelled(manager, modem):
    def initiate(*_):
        raise Refusal(ERROR + "Core.WrongState", "a session is already active")

    manager.methods[USSD, "Initiate"] = initiate
    with pytest.raises(errors.NotAllowedError):
        ussd.initiate(modem, "*100#")
    assert "Cancel" not in members(manager)


def test_nothing_to_respond_to(manager, modem):
    with pytest.raises(errors.PortBusyError, match="asks for nothing"):
        ussd.respond(modem, "1")
    assert members(manager) == []


def test_no_answer_in_time_cancels_the_session(manager, modem, records, monkeypatch):
    monkeypatch.setattr(ussd, "ANSWER_S", 0.3)
    manager.methods[USSD, "Initiate"] = lambda *_: SILENCE
    with pytest.raises(errors.CommandTimeoutError, match=r"within 0\.3 s"):
        ussd.initiate(modem, "*100#")
    assert members(manager) == ["Initiate", "Cancel"]
    assert records[0].outcome == "timeout"


def test_an_interrupt_cancels_the_session(manager, modem, records, bus_path):
    class Interrupted(Bus):
        def call_all(self, calls, timeout=10.0):
            calls = list(calls)
            if calls[0].member == "Initiate":
                raise KeyboardInterrupt
            return super().call_all(calls, timeout)

    with pytest.raises(KeyboardInterrupt):
        ussd.initiate(replace(modem, bus=lambda: Interrupted(bus_path)), "*100#")
    assert members(manager) == ["Cancel"]
    assert records[0].outcome == "cancelled"


def test_modemmanager_ends_in_mid_session(manager, modem):
    manager.methods[USSD, "Initiate"] = lambda *_: manager.end() or SILENCE
    with pytest.raises(errors.ToolError, match="ended"):
        ussd.initiate(modem, "*100#")


def test_an_answer_is_not_lost_over_its_state(manager, modem):
    def initiate(path, _):
        manager.objects[path].pop(USSD)
        return "s", ("9,99",)

    manager.methods[USSD, "Initiate"] = initiate
    assert ussd.dialogue(modem, "*100#", ["1"]) == [Answer("9,99", "unknown")]


def test_session_and_cancel(manager, modem):
    manager.properties(manager.modem(0), USSD).update(
        State=("u", USER_RESPONSE), NetworkRequest=("s", "Agree?")
    )
    assert ussd.session(modem) == Session("user-response", None, "Agree?")
    ussd.cancel(modem)
    assert ussd.session(modem).state == "idle"
