# SPDX-License-Identifier: GPL-3.0-or-later
"""Every typed command of modemfarm.at against the virtual modem on a pty."""

import json
from collections import deque
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest

from modemfarm.at.commands import (
    bearer,
    cell,
    config,
    identity,
    operator,
    registration,
    signal,
    sim,
    storage,
    ussd,
    voice,
)
from modemfarm.at.commands.technology import Technology
from modemfarm.at.reads import READS, Needs, as_plain
from modemfarm.at.session import AtSession
from modemfarm.errors import (
    AnswerUnreadableError,
    BadParameterError,
    CommandFailedError,
    CommandRefusedError,
    InvalidValueError,
    NotAllowedError,
    SimMissingError,
    SimPinError,
)
from modemlab.faces.background import Background
from modemlab.modem.spec import ModemSpec, Operator

SPEC = ModemSpec(17, registration_seconds=0, reboot_seconds=0.05)
LAB = SPEC.operator
WITHOUT_A_SIM = {"imsi", "iccid", "ccid"}  # these say None then


class Bench:
    """One plugged modem and a session on its port of interface 03."""

    def __init__(self, lab, session, modem, news):
        self.lab, self.session, self.modem, self.news = lab, session, modem, news

    def read(self, name):
        return READS[name](self.session)

    def fault(self, name, value):
        self.lab.call(self.modem.faults.set, name, value)

    def connect(self):
        self.lab.call(self.modem.start_session, 1, 4, "internet")

    def sent(self):
        return self.modem.counters.at_commands


@pytest.fixture
def bench(tmp_path):
    with Background() as lab:
        modem, face = lab.pty(SPEC)
        news = deque(maxlen=100)
        with AtSession(face.paths["at3"], on_urc=news.append, lock_dir=tmp_path) as session:
            session.sync()
            yield Bench(lab, session, modem, news)


@pytest.mark.parametrize("name", READS)
def test_every_question_has_an_answer(bench, name):
    value = bench.read(name)
    assert json.loads(json.dumps(as_plain(value))) == as_plain(value)


@pytest.mark.parametrize("name", READS)
def test_every_question_without_a_sim(bench, name):
    bench.fault("sim", "missing")
    try:
        value = bench.read(name)
    except SimMissingError:
        assert READS[name].needs is Needs.SIM
    else:
        assert (value is None) == (name in WITHOUT_A_SIM)


@pytest.mark.parametrize("name", READS)
def test_every_question_with_news_inside_the_answer(bench, name):
    quiet = as_plain(bench.read(name))
    bench.fault("urc_in_answer", "on")
    assert type(as_plain(bench.read(name))) is type(quiet)


def test_who_it_is(bench):
    assert identity.identify(bench.session) == identity.Identity(
        bench.modem.imei, bench.modem.iccid, bench.modem.imsi, "EC25", SPEC.firmware
    )
    assert bench.read("product") == identity.Product("Quectel", "EC25", SPEC.firmware)
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


def test_signal_in_three_scales(bench):
    truth = bench.lab.call(lambda: bench.modem.signal)
    plain, fine, extended = (
        bench.read(name) for name in ("signal", "detailed_signal", "extended_signal")
    )
    assert abs(plain.rssi_dbm - truth.rssi) <= 2
    assert (fine.technology, plain.ber) == ("LTE", None)
    assert abs(fine.rsrp_dbm - truth.rsrp) <= 1
    assert abs(fine.rsrq_db - truth.rsrq) <= 1
    assert abs(fine.sinr_db - truth.snr / 10) <= 0.5
    assert abs(extended.rsrp_dbm - truth.rsrp) <= 1
    assert abs(extended.rsrq_db - truth.rsrq) <= 1


def test_no_network(bench):
    bench.fault("network", "none")
    assert bench.read("signal") == signal.Signal(None, None)
    assert bench.read("detailed_signal") == signal.DetailedSignal(None)
    assert bench.read("extended_signal").rsrp_dbm is None
    assert bench.read("operator").name is None
    assert bench.read("network_info") == cell.NetworkInfo(None, None, None, None)
    assert bench.read("serving_cell") == cell.ServingCell(cell.ServiceState.SEARCH, None)
    assert bench.read("neighbour_cells") == ()
    assert bench.read("provider") == operator.Provider(None, None, None, None)
    assert not bench.read("registration").registered
    with pytest.raises(CommandFailedError):
        bench.read("scan")


def test_registration_with_and_without_its_place(bench):
    for name, command in (("registration", "CEREG"), ("circuit_registration", "CREG"),
                          ("packet_registration", "CGREG")):  # fmt: skip
        found = bench.read(name)
        assert (found.registered, found.reports, found.cell) == (True, 0, None)
        bench.session.command(f"AT+{command}=2")
        found = bench.read(name)
        assert (found.reports, found.cell) == (2, 0x1A2D001 + 17)
        assert (found.area is not None, found.technology) == (True, Technology.LTE)


def test_denied(bench):
    bench.fault("network", "denied")
    assert bench.read("registration").state is registration.RegistrationState.DENIED
    assert bench.read("serving_cell").state is cell.ServiceState.LIMSRV


def test_one_cell_by_three_commands(bench):
    bench.session.command("AT+CEREG=2")
    place, info, serving = (
        bench.read(name) for name in ("registration", "network_info", "serving_cell")
    )
    assert serving.state is cell.ServiceState.NOCONN
    assert (serving.cell.cell, serving.cell.area) == (place.cell, place.area)
    assert (serving.cell.channel, serving.cell.downlink_mhz) == (info.channel, 20.0)
    assert serving.cell.mcc + serving.cell.mnc == info.plmn == LAB.plmn
    near = bench.read("neighbour_cells")
    assert {c.relation for c in near} == {"intra", "inter"}
    assert all(c.rsrp_dbm < serving.cell.rsrp_dbm for c in near if c.rsrp_dbm is not None)


def test_operator_and_scan(bench):
    bench.session.command("AT+COPS=3,2")
    found = bench.read("operator")
    assert (found.plmn, found.technology) == (LAB.plmn, Technology.LTE)
    networks = bench.read("scan")
    status = {network.plmn: network.status for network in networks}
    assert status == {
        LAB.plmn: operator.NetworkStatus.CURRENT,
        SPEC.foreign[0].plmn: operator.NetworkStatus.FORBIDDEN,
    }
    assert networks[0].name == LAB.name
    assert bench.read("provider") == operator.Provider(LAB.name, LAB.short, None, LAB.plmn)


def test_choosing_a_network_and_letting_go(bench):
    operator.choose(bench.session, LAB.plmn)
    assert bench.read("operator").selection is operator.Selection.MANUAL
    with pytest.raises(CommandFailedError):
        operator.choose(bench.session, SPEC.foreign[0].plmn)
    operator.choose_automatically(bench.session)
    assert bench.read("operator").selection is operator.Selection.AUTOMATIC
    assert bench.read("registration").registered


def test_contexts(bench):
    before = bench.read("contexts")
    bearer.define_context(bench.session, 2, "IPV4V6", "lab.net")
    assert bench.read("contexts") == (*before, bearer.Context(2, "IPV4V6", "lab.net"))
    assert before[0] == bearer.Context(1, "IP", "internet")


def test_a_bearer(bench):
    assert not any(state.active for state in bench.read("active_contexts"))
    bench.connect()
    assert bearer.ContextState(1, True) in bench.read("active_contexts")
    found = {row.number: row.addresses for row in bench.read("addresses")}
    assert found[1] == (ip_address(bench.modem.wan.address),)
    assert bench.read("serving_cell").state is cell.ServiceState.CONNECT
    with pytest.raises(NotAllowedError):
        bearer.define_context(bench.session, 1, "IP", "other")
    bearer.deactivate(bench.session, 1)
    assert not any(state.active for state in bench.read("active_contexts"))
    bearer.activate(bench.session, 1)


def test_traffic(bench):
    assert bench.read("traffic") == bearer.Traffic(0, 0)
    bench.connect()
    bench.lab.call(setattr, bench.modem, "uplink", lambda packet: None)
    bench.lab.call(bench.modem.from_host, b"\x45" + bytes(99))
    assert bench.read("traffic").sent == 100
    assert bench.read("traffic_autosave") >= 0


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


@pytest.mark.parametrize("name", ["operator", "provider", "scan"])
def test_a_hostile_operator_name(tmp_path, name):
    hostile = Operator('Evil\u202e,"x"' + "y" * 200, "E\x1b[2J", "262", "09")
    with Background() as lab:
        _, face = lab.pty(ModemSpec(18, operator=hostile, registration_seconds=0))
        with AtSession(face.paths["at3"], lock_dir=tmp_path) as session:
            session.sync()
            shown = json.dumps(as_plain(value_or_error(name, session)), ensure_ascii=False)
    assert shown.isprintable()
    assert len(shown) < 500


def value_or_error(name, session):
    try:
        return READS[name](session)
    except AnswerUnreadableError as error:
        return error.message
