# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed readers on recorded answers, and on answers that lack what they should have."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modemfarm.errors import AnswerUnreadableError
from modemfarm.qmi import dms, nas, radio, uim, wds
from modemfarm.qmi.queries import QUERIES
from modemfarm.qmi.text import parse

Recorded = Callable[[str], str]


@pytest.fixture
def read(recorded: Recorded) -> Callable[..., Any]:
    """`read(reader, name)`: what the reader makes of the recorded text."""
    return lambda reader, name: reader(parse(recorded(name)))


def test_ids(read) -> None:
    assert read(dms.device_ids, "dms-get-ids") == dms.DeviceIds("867584030000058", "13", None, None)


@pytest.mark.parametrize(
    "shown", ["", "\tIMEI: 'unknown'", "\tIMEI: '12'", "\tIMEI: '٣67584030000058'"]
)
def test_ids_without_an_imei(shown: str) -> None:
    with pytest.raises(AnswerUnreadableError):
        dms.device_ids(parse(f"[/dev/cdc-wdm0] Device IDs retrieved:\n{shown}\n"))


def test_names_of_the_modem(read) -> None:
    assert read(dms.manufacturer, "dms-get-manufacturer").manufacturer == "QUALCOMM INCORPORATED"
    assert read(dms.model, "dms-get-model").model == "QUECTEL Mobile Broadband Module"
    assert read(dms.revision, "dms-get-revision").revision == "EC25EUXGAR08A13M1G"
    assert read(dms.msisdn, "dms-get-msisdn").msisdn == "491510000005"


def test_operating_mode(read) -> None:
    expected = dms.OperatingMode("online", hardware_restricted=False, reason=None)
    assert read(dms.operating_mode, "dms-get-operating-mode") == expected


@pytest.mark.parametrize("name", ["dms-uim-get-iccid", "uim-get-slot-status"])
def test_iccid_two_ways(read, name: str) -> None:
    assert read(dms.iccid, name) == dms.Iccid("8949020000000000055")


def test_no_card_has_no_iccid(read) -> None:
    with pytest.raises(AnswerUnreadableError):
        read(dms.iccid, "uim-get-slot-status.no-card")


def test_serving_system(read) -> None:
    assert read(nas.serving_system, "nas-get-serving-system") == nas.ServingSystem(
        registration="registered", registered=True, circuit_switched="attached",
        packet_switched="attached", technologies=("lte",), roaming=False, mcc="262", mnc="01",
        operator="Lab Telekom", cell=27447302, tac=4660, lac=None, forbidden=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "registration", "roaming"),
    [
        ("none", "not-registered-searching", None),
        ("denied", "registration-denied", None),
        ("roaming", "registered", True),
    ],
)
def test_serving_system_elsewhere(read, name: str, registration: str, roaming: bool | None) -> None:
    found = read(nas.serving_system, f"nas-get-serving-system.{name}")
    assert (found.registration, found.roaming) == (registration, roaming)
    assert found.registered is (registration == "registered")


def test_a_network_code_of_three_digits(read) -> None:
    found = read(nas.serving_system, "nas-get-serving-system.three-digits")
    assert (found.mcc, found.mnc, found.operator) == ("405", "861", "JIO 4G")
    assert found.circuit_switched == "detached"


def test_registration_unknown_is_an_answer() -> None:
    found = nas.serving_system(parse("\tRegistration state: 'unknown'\n"))
    assert (found.registration, found.registered) == ("unknown", False)


def test_signal(read) -> None:
    found = read(radio.signal_info, "nas-get-signal-info")
    assert (found.technology, found.rssi_dbm, found.rsrp_dbm, found.rsrq_db, found.snr_db) == (
        "lte", -68, -97, -10, 11.2,
    )  # fmt: skip


def test_signal_of_other_technologies(read) -> None:
    found = read(radio.signal_info, "nas-get-signal-info.wcdma")
    assert (found.technology, found.rssi_dbm, found.rscp_dbm, found.ecio_db) == (
        "wcdma", -71, -84, -2.5,
    )  # fmt: skip
    assert read(radio.signal_info, "nas-get-signal-info.5g-away").rsrp_dbm == -70


def test_no_signal_is_no_reading(read) -> None:
    found = read(radio.signal_info, "nas-get-signal-info.none")
    assert found == radio.SignalInfo(None, None, None, None, None, None, None)


def test_system_info(read) -> None:
    rows = read(nas.system_info, "nas-get-system-info").services
    assert [row.technology for row in rows] == ["gsm", "wcdma", "lte"]
    lte = rows[2]
    assert (lte.status, lte.mcc, lte.mnc, lte.cell, lte.tac) == (
        "available", "262", "01", 27447302, 4660,
    )  # fmt: skip
    assert read(nas.system_info, "nas-get-system-info.denied").services[2].forbidden is True


def test_home_network(read) -> None:
    expected = nas.HomeNetwork("262", "01", "Lab Telekom")
    assert read(nas.home_network, "nas-get-home-network") == expected


def test_bands(read) -> None:
    (band,) = read(radio.rf_band_info, "nas-get-rf-band-info").bands
    assert band == radio.Band("lte", "eutran-3", 1300, None)
    assert read(radio.rf_band_info, "nas-get-rf-band-info.two-carriers").bands == (
        radio.Band("lte", "eutran-3", 1800, 20.0),
        radio.Band("lte", "eutran-7", 2850, 1.4),
    )
    (band,) = read(radio.rf_band_info, "nas-get-rf-band-info.extended").bands
    assert (band.channel, band.bandwidth_mhz) == (520110, None)


def test_scan(read) -> None:
    assert read(radio.network_scan, "nas-network-scan").networks == (
        radio.FoundNetwork(
            "262", "01", "Lab Telekom", ("current-serving", "home", "not-forbidden"), ("lte",)
        ),
    )
    assert read(radio.network_scan, "nas-network-scan.none").networks == ()


def test_a_scan_of_several(read) -> None:
    first, second = read(radio.network_scan, "nas-network-scan.several").networks
    assert (first.mcc, first.mnc, first.technologies) == ("262", "01", ("gsm", "lte"))
    assert (second.mcc, second.mnc, second.operator) == ("310", "030", None)
    assert "forbidden" in second.status


def test_packet_service(read) -> None:
    expected = wds.PacketServiceStatus("connected", connected=True)
    assert read(wds.packet_service_status, "wds-get-packet-service-status") == expected


def test_bearer(read) -> None:
    found = read(wds.current_bearer, "wds-get-current-data-bearer-technology")
    assert found == wds.BearerTechnology("3gpp", ("lte",))
    old = "[/dev/cdc-wdm0] Data bearer technology (current): 'hsdpa-umts'\n"
    assert wds.bearer(parse(old)).technologies == ("hsdpa-umts",)


def test_statistics(read) -> None:
    found = read(wds.packet_statistics, "wds-get-packet-statistics")
    assert (found.tx_packets, found.rx_packets, found.tx_bytes, found.rx_bytes) == (7, 5, 700, 7000)
    assert (found.tx_errors, found.rx_dropped) == (0, 0)


def test_counters_that_are_not_told_are_none() -> None:
    found = wds.packet_statistics(parse("\tTX bytes OK: 18446744073709551615\n"))
    assert (found.tx_bytes, found.rx_bytes, found.tx_packets) == (2**64 - 1, None, None)


def test_settings(read) -> None:
    found = read(wds.current_settings, "wds-get-current-settings")
    ipv4 = wds.IpSettings("10.64.5.2", 30, "255.255.255.252", "10.64.5.1", ("203.0.113.53",))
    assert found == wds.CurrentSettings(ipv4, None, 1500)


def test_settings_of_ipv6_and_of_both(read) -> None:
    ipv6 = read(wds.current_settings, "wds-get-current-settings.ipv6").ipv6
    assert ipv6 == wds.IpSettings("2001:db8:5::2", 64, None, "2001:db8:5::1", ())
    both = read(wds.current_settings, "wds-get-current-settings.both")
    assert both.ipv4.prefix == 28
    assert both.ipv4.dns == ("192.0.2.53", "192.0.2.54")
    assert (both.ipv6.dns, both.mtu) == (("2001:db8::53",), 1430)


def test_a_netmask_with_holes_gives_no_prefix() -> None:
    text = "        IPv4 address: 10.0.0.2\n    IPv4 subnet mask: 255.0.255.0\n"
    ipv4 = wds.current_settings(parse(text)).ipv4
    assert ipv4 is not None
    assert ipv4.prefix is None


@pytest.mark.parametrize(
    ("name", "state", "pin1", "tries", "puk"),
    [
        ("uim-get-card-status", "ready", "disabled", 3, 10),
        ("uim-get-card-status.pin", "pin1-or-upin-pin-required", "enabled-not-verified", 3, 10),
        ("uim-get-card-status.puk", "puk1-or-upin-puk-required", "blocked", 0, 10),
        ("uim-get-card-status.libqmi-1.16", "pin1-or-upin-pin-required", "enabled-not-verified",
         3, 10),
    ],
)  # fmt: skip
def test_card(read, name: str, state: str, pin1: str, tries: int, puk: int) -> None:
    found = read(uim.card_status, name)
    assert (found.card, found.application_state, found.pin1) == ("present", state, pin1)
    assert (found.pin1_tries, found.puk1_tries) == (tries, puk)


def test_no_card(read) -> None:
    found = read(uim.card_status, "uim-get-card-status.no-card")
    assert found == uim.CardStatus("absent", None, None, None, None, None, None)
    assert read(uim.slot_status, "uim-get-slot-status.no-card").slots[0].iccid is None


def test_the_tries_of_the_universal_pin_count_where_it_replaces_pin1(recorded: Recorded) -> None:
    text = recorded("uim-get-card-status").replace("UPIN replaces PIN1: 'no'",
                                                   "UPIN replaces PIN1: 'yes'")  # fmt: skip
    found = uim.card_status(parse(text.replace("UPIN retries: '0'", "UPIN retries: '2'")))
    assert (found.pin1, found.pin1_tries) == ("not-initialized", 2)


def test_tries_are_those_of_the_primary_application(recorded: Recorded) -> None:
    text = recorded("uim-get-card-status")
    start = text.index("\tApplication [1]")
    second = text[start:].replace("Application [1]", "Application [2]")
    second = second.replace("PIN1 retries: '3'", "PIN1 retries: '1'")
    two = (text + second).replace("slot '1', application '1'", "slot '1', application '2'")
    assert uim.card_status(parse(two)).pin1_tries == 1


def test_unknown_tries_are_none(recorded: Recorded) -> None:
    text = recorded("uim-get-card-status.pin").replace("\t\t\tPIN1 retries: '3'\n", "")
    assert uim.card_status(parse(text)).pin1_tries is None


READERS = [reader for query in QUERIES.values() for _, reader in query.attempts]
WORDS = ("IMEI", "Registration state", "LTE", "RSSI", "Network", "MCC", "Slot", "Application",
         "Primary GW", "IPv4 address", "IPv4 subnet mask", "MTU", "Physical slot", "ICCID",
         "Band Information", "Active Channel", "Card state", "PIN1 retries", "Mode")  # fmt: skip
LINE = st.tuples(
    st.sampled_from(("", "\t", "\t\t", "    ")),
    st.sampled_from(WORDS),
    st.sampled_from(("", " [0]", " [1]", " [99999]")),
    st.sampled_from((":", ": ''", ": '-1 dBm'", ": '1'", ": 'slot '1', application '9'", ": ::/64",
                     ": 1.2.3.4", ": '99999999999999999999'", ": 'usim (2)'", ": '\u0663'")),
).map("".join)  # fmt: skip


@settings(max_examples=2000)
@given(st.sampled_from(READERS), st.lists(LINE, max_size=15).map("\n".join))
def test_a_reader_gives_an_answer_or_says_that_it_cannot(reader, text: str) -> None:
    with contextlib.suppress(AnswerUnreadableError):
        assert reader(parse(text)) is not None
