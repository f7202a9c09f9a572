# SPDX-License-Identifier: GPL-3.0-or-later
"""SIM, settings, messages, USSD, clock and heat of the virtual modem."""

from datetime import UTC, datetime, timedelta

import pytest

from modemfarm.at.commands import (
    bearer,
    config,
    identity,
    operator,
    sim,
    storage,
    ussd,
    voice,
)
from modemfarm.errors import (
    BadParameterError,
    CommandFailedError,
    CommandRefusedError,
    InvalidValueError,
    SimPinError,
)


def test_who_it_is(bench):
    assert identity.identify(bench.session) == identity.Identity(
        bench.modem.imei, bench.modem.iccid, bench.modem.imsi, "EC25", bench.modem.spec.firmware
    )
    assert bench.read("product") == identity.Product("Quectel", "EC25", bench.modem.spec.firmware)
    assert (bench.read("ccid"), bench.read("manufacturer")) == (bench.modem.iccid, "Quectel")
    assert bench.read("own_numbers") == (sim.OwnNumber(bench.modem.msisdn, None),)


def test_sim(bench):
    assert bench.read("sim_state") is sim.SimState.READY
    assert bench.read("pin_tries") == sim.PinTries(3, 10, 3, 10)
    for fault, state in (("missing", "ABSENT"), ("pin", "PIN"), ("puk", "PUK")):
        bench.fault("sim", fault)
        assert bench.read("sim_state") is sim.SimState[state]
    assert bench.read("pin_tries").pin1 == 0
    with pytest.raises(CommandFailedError):
        bench.read("own_numbers")


def test_a_locked_sim_says_so(bench):
    bench.fault("sim", "pin")
    with pytest.raises(SimPinError) as caught:
        bench.read("stores")
    assert caught.value.command == "AT+CPMS?"


def test_settings(bench):
    assert bench.read("composition") == "qmi"
    usb = bench.read("usb_identity")
    assert (usb.vendor, usb.product, usb.at, usb.net) == (0x2C7C, 0x0125, True, True)
    assert {1, 3, 7, 20} <= set(bench.read("bands").lte)
    assert "GSM 900" in bench.read("bands").gsm_umts
    assert bench.read("scan_mode") is config.ScanMode.AUTOMATIC
    assert bench.read("scan_order")[0] in ("LTE", "automatic")
    assert bench.read("ims").setting is voice.ImsSetting.BY_CARRIER


def test_stored_messages(bench):
    assert bench.read("stored_messages") == ()
    assert bench.read("stores").receiving.used == 0
    tpdu = bytes.fromhex("040B911346610089F60000208062917314080CC8F71D14969741F977FD07")
    assert bench.lab.call(bench.modem.take_message, tpdu)
    assert bench.read("stores").reading.used == 1
    (message,) = bench.read("stored_messages")
    assert message.length == len(tpdu)
    found = storage.stored_message(bench.session, message.index)
    assert found == storage.StoredMessage(message.index, storage.MessageState.READ, len(tpdu))
    with pytest.raises(BadParameterError):
        storage.stored_message(bench.session, message.index + 1)


def test_ussd(bench):
    done, wanted = ussd.UssdState.DONE, ussd.UssdState.REPLY_WANTED
    answer = ussd.ask_network(bench.session, bench.news, "*100#")
    assert (answer.state, answer.text.startswith("Balance: 12.34")) == (done, True)
    answer = ussd.ask_network(bench.session, bench.news, "*102#")
    assert answer.text.startswith("Guthaben: 12,34 \u20ac. G\u00fcltig")
    menu = ussd.ask_network(bench.session, bench.news, "*101#")
    assert (menu.state, menu.text.split()[-1]) == (wanted, "End")
    reply = ussd.ask_network(bench.session, bench.news, "2")
    assert reply.text.startswith("Tariff")
    answer = ussd.ask_network(bench.session, bench.news, "*999#")
    assert answer == ussd.Ussd(ussd.UssdState.NOT_SUPPORTED, None)
    ussd.cancel(bench.session)


def test_clock(bench):
    assert abs(bench.read("clock").time - datetime.now(UTC)) < timedelta(seconds=5)


def test_heat_supply_and_calls(bench):
    found = bench.read("temperatures")
    assert [item.sensor for item in found] == ["1", "2", "3"]
    assert all(0 < item.celsius < 80 for item in found)
    assert bench.read("supply").millivolts == 3841
    assert bench.read("calls") == ()


def test_nothing_of_a_bad_value_reaches_the_port(bench):
    before = bench.sent()
    for order in (
        lambda: operator.choose(bench.session, '26201"'),
        lambda: bearer.define_context(bench.session, 1, "IP", "a;b"),
        lambda: bearer.activate(bench.session, 0),
        lambda: storage.stored_message(bench.session, -1),
        lambda: ussd.ask_network(bench.session, bench.news, "**04*1*2*2#"),
    ):
        with pytest.raises((InvalidValueError, CommandRefusedError)):
            order()
    assert bench.sent() == before
