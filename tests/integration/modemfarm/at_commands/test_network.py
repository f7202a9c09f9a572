# SPDX-License-Identifier: GPL-3.0-or-later
"""Signal, registration, operators, cells and bearers of the virtual modem."""

import json
from ipaddress import ip_address

import pytest

from modemfarm.at.commands import (
    bearer,
    cell,
    operator,
    registration,
    signal,
)
from modemfarm.at.commands.technology import Technology
from modemfarm.at.reads import READS
from modemfarm.at.session import AtSession
from modemfarm.errors import (
    AnswerUnreadableError,
    CommandFailedError,
    NotAllowedError,
)
from modemfarm.plain import as_plain
from modemlab.faces.background import Background
from modemlab.modem.spec import ModemSpec, Operator

LAB, FOREIGN = Operator(), ModemSpec(1).foreign[0]  # every modem's, unless told otherwise


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
        FOREIGN.plmn: operator.NetworkStatus.FORBIDDEN,
    }
    assert networks[0].name == LAB.name
    assert bench.read("provider") == operator.Provider(
        LAB.name,
        LAB.short,
        None,
        LAB.plmn,
    )


def test_choosing_a_network_and_letting_go(bench):
    operator.choose(bench.session, LAB.plmn)
    assert bench.read("operator").selection is operator.Selection.MANUAL
    with pytest.raises(CommandFailedError):
        operator.choose(bench.session, FOREIGN.plmn)
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
