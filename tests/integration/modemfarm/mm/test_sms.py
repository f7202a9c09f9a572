# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.mm.sms with a real bus and a fake ModemManager."""

import os
from dataclasses import replace

import pytest

from modemfarm import errors
from modemfarm.fair_queue import turn
from modemfarm.mm import sms
from modemfarm.mm.message import report_of
from modemfarm.processes import describe

from .fake import ERROR, FIRST, MESSAGING, MODEM, SECOND, SMS
from .service import SILENCE, Refusal

NUMBER = "+491510000002"


def refuse(name):
    def method(*_):
        raise Refusal(ERROR + name, "the network said no")

    return method


def test_send(manager, modem, records):
    sent = sms.send(modem, NUMBER, "secret words")
    assert sent.as_dict() == {
        "id": 0, "number": NUMBER, "parts": 1, "encoding": "gsm7", "state": "sent", "reference": 1,
    }  # fmt: skip
    assert manager.outbox == [
        {"number": NUMBER, "text": "secret words", "delivery-report-request": False}
    ]
    (record,) = records
    assert (record.channel, record.outcome) == ("sms", "ok")
    assert record.command == f"send {NUMBER} 1 part"
    assert "secret" not in record.command + record.answer


def test_send_what_needs_ucs2_and_several_parts(manager, modem, records):
    text = "Привет, 😀\n" * 20
    sent = sms.send(modem, NUMBER, text, delivery_report=True, validity=60)
    assert (sent.parts, sent.encoding) == (4, "ucs2")
    assert manager.outbox[0]["text"] == text
    assert manager.outbox[0]["delivery-report-request"] is True
    assert manager.outbox[0]["validity"] == (1, 60)
    assert records[0].command.endswith("4 parts")


@pytest.mark.parametrize(
    ("number", "text", "validity"),
    [("abc", "x", None), (NUMBER, "", None), (NUMBER, "\x1a", None), (NUMBER, "x", 1),
     (NUMBER, "x" * 1531, None), (NUMBER, "a\ud800", None)],
)  # fmt: skip
def test_nothing_is_asked_of_anybody_before_all_is_checked(manager, modem, number, text, validity):
    with pytest.raises(errors.InvalidValueError):
        sms.send(modem, number, text, validity=validity)
    assert manager.calls == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Message.SmscAddressUnknown", errors.BadParameterError),
        ("Core.WrongState", errors.NotAllowedError),
        ("MobileEquipment.SimPuk", errors.SimPukError),
        ("Message.NoNetwork", errors.NoServiceError),
    ],
)
def test_what_was_refused_is_removed_again(manager, modem, records, name, kind):
    manager.methods[SMS, "Send"] = refuse(name)
    with pytest.raises(kind, match="the network said no") as caught:
        sms.send(modem, NUMBER, "hello")
    assert (caught.value.modem, caught.value.command) == (FIRST, f"send {NUMBER} 1 part")
    assert manager.messages() == []
    assert records[0].outcome == "error"


def test_no_answer_in_time_leaves_the_message_and_says_so(manager, modem, records, monkeypatch):
    monkeypatch.setattr(sms, "SEND_S", 0.3)
    manager.methods[SMS, "Send"] = lambda *_: SILENCE
    with pytest.raises(errors.CommandTimeoutError) as caught:
        sms.send(modem, NUMBER, "hello")
    assert "may have been sent" in caught.value.remedy
    assert len(manager.messages()) == 1
    assert records[0].outcome == "timeout"


def test_modemmanager_ends_in_mid_call(manager, modem, records):
    manager.methods[SMS, "Send"] = lambda *_: manager.end() or SILENCE
    with pytest.raises(errors.ToolError, match="ended") as caught:
        sms.send(modem, NUMBER, "hello")
    assert "may have been sent" in caught.value.remedy
    assert records[0].outcome == "error"


def test_a_message_that_went_out_is_sent_whatever_comes_after(manager, modem):
    manager.methods[SMS, "Send"] = lambda path: manager.objects.pop(path) and None
    assert (sms.send(modem, NUMBER, "hello").state) == "sent"


def test_list_and_read(manager, modem, records):
    manager.add_sms(1)  # the other modem's
    first = manager.add_sms(Text=("s", "Привет 😀\x1b[31m'; DROP TABLE"))
    second = manager.add_sms(State=("u", 2), Text=("s", ""))
    found = sms.list_(modem)
    assert [(m.id, m.state) for m in found] == [(first, "received"), (second, "receiving")]
    assert found[0].text == "Привет 😀\x1b[31m'; DROP TABLE"
    assert sms.read(modem, first) == found[0]
    assert [record.command for record in records] == ["list", f"read {first}"]
    assert "DROP" not in "".join(record.answer for record in records)


def test_a_concatenated_message_becomes_whole(manager, modem):
    number = manager.add_sms(State=("u", 2), Text=("s", ""))
    assert sms.list_(modem)[0].text is None
    text = "a" * 200
    manager.properties(f"/org/freedesktop/ModemManager1/SMS/{number}", SMS).update(
        State=("u", 3), Text=("s", text)
    )
    (whole,) = sms.list_(modem)
    assert (whole.state, whole.text) == ("received", text)


def test_the_delivery_report_of_a_message(manager, modem):
    sent = sms.send(modem, NUMBER, "hello", delivery_report=True)
    assert report_of(sms.list_(modem), sent.number, sent.reference) is None
    manager.add_sms(
        PduType=("u", 3),
        MessageReference=("u", sent.reference),
        DeliveryState=("u", 0),
        DischargeTimestamp=("s", "2026-01-31T12:00:07+01"),
        Text=("s", ""),
    )
    report = report_of(sms.list_(modem), sent.number, sent.reference)
    assert report is not None
    assert report.delivery == "delivered"


def test_a_message_that_goes_while_it_is_listed(manager, modem):
    number = manager.add_sms()
    kept = manager.add_sms()
    manager.objects.pop(f"/org/freedesktop/ModemManager1/SMS/{number}")
    assert [message.id for message in sms.list_(modem)] == [kept]


def test_delete(manager, modem, records):
    number = manager.add_sms()
    sms.delete(modem, number)
    assert manager.messages() == []
    assert (records[0].command, records[0].outcome) == (f"delete {number}", "ok")


@pytest.mark.parametrize("operation", [sms.read, sms.delete])
def test_another_modems_message_is_out_of_reach(manager, modem, operation):
    own, foreign = manager.add_sms(0), manager.add_sms(1)
    with pytest.raises(errors.InvalidValueError, match=f"a message of this modem: {own}"):
        operation(modem, foreign)
    assert len(manager.messages(1)) == 1


def test_the_number_of_the_object_may_change(manager, modem):
    sms.send(modem, NUMBER, "one")
    manager.objects["/org/freedesktop/ModemManager1/Modem/9"] = manager.objects.pop(
        manager.modem(0)
    )
    manager.methods[MESSAGING, "Create"] = lambda path, wanted: manager.create(path, wanted)
    sms.send(modem, NUMBER, "two")
    assert manager.calls[-3][:2] == ("/org/freedesktop/ModemManager1/Modem/9", "Create")


def test_the_right_modem_among_two(manager, modem):
    sms.send(replace(modem, serial=SECOND, usb_path=None), NUMBER, "hello")
    assert (len(manager.messages(0)), len(manager.messages(1))) == (0, 1)


def test_errors_of_finding(manager, modem):
    with pytest.raises(errors.ToolError, match=f"it knows {FIRST}, {SECOND}") as caught:
        sms.list_(replace(modem, serial="867584030000033", usb_path=None))
    assert caught.value.modem == "867584030000033"
    with pytest.raises(errors.PortGoneError, match="it is at 1-1 now"):
        sms.list_(replace(modem, usb_path="1-4"))
    with pytest.raises(errors.InvalidValueError):
        replace(modem, serial="../../etc/passwd")


def test_two_modems_with_one_imei_are_told_apart_by_their_place(manager, modem):
    manager.add(2, FIRST, "1-3")
    with pytest.raises(errors.ToolError, match="1-1 and 1-3"):
        sms.list_(replace(modem, usb_path=None))
    manager.add_sms(2)
    assert len(sms.list_(replace(modem, usb_path="1-3"))) == 1


def test_a_locked_modem_has_no_messages(manager, modem):
    manager.objects[manager.modem(0)].pop(MESSAGING)
    manager.properties(manager.modem(0), MODEM)["State"] = ("i", 2)
    with pytest.raises(errors.ToolError, match="has no SMS: the SIM is locked"):
        sms.list_(modem)


def test_without_modemmanager(modem):
    with pytest.raises(errors.MissingPartError, match="ModemManager does not run") as caught:
        sms.list_(modem)
    assert "systemctl status ModemManager" in caught.value.remedy


def test_a_service_that_talks_nonsense(manager, modem):
    manager.methods["org.freedesktop.DBus.ObjectManager", "GetManagedObjects"] = lambda _: (
        "s",
        ("hello",),
    )
    with pytest.raises(errors.ToolError, match="unreadable"):
        sms.list_(modem)


def test_an_interrupt_is_noted(manager, modem, records):
    def interrupt(*_):
        raise KeyboardInterrupt

    broken = replace(modem, bus=interrupt)
    with pytest.raises(KeyboardInterrupt):
        sms.list_(broken)
    assert records[0].outcome == "cancelled"


def test_who_waits_too_long_is_told_who_is_at_it_but_no_number(manager, modem):
    with (
        modem.operation("sms", f"send {NUMBER} 1 part", MESSAGING),
        pytest.raises(errors.PortBusyError) as caught,
    ):
        sms.list_(modem)
    me = describe(os.getpid())
    assert caught.value.message == f"the message queue of {FIRST} is held by {me}: sms send"
    assert caught.value.modem == FIRST
    sms.list_(modem)


def test_one_modem_does_not_wait_for_another(manager, modem, tmp_path):
    with turn(f"sms-{SECOND}", "it", "me", 0, tmp_path):
        sms.list_(modem)
