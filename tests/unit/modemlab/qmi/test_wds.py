# SPDX-License-Identifier: GPL-3.0-or-later
import ipaddress
import struct
from collections.abc import Callable

import pytest

from modemlab.modem.modem import Modem
from modemlab.modem.spec import Wan, Wan6

WDS = 1
START, STOP, STATUS, SETTINGS = 0x0020, 0x0021, 0x0022, 0x002D


def address(raw: bytes) -> str:
    return str(ipaddress.IPv4Address(raw[::-1]))


def test_a_session_comes_up_and_goes(qmi, modem: Modem) -> None:
    assert qmi.ask(WDS, STATUS)[1][1] == b"\x01"
    error, tlvs = qmi.ask(WDS, START, {0x14: b"web"})
    assert (error, modem.connected, modem.apn) == (0, True, "web")
    assert qmi.ask(WDS, STATUS)[1][1] == b"\x02"
    assert qmi.ask(WDS, STOP, {1: tlvs[1]})[0] == 0
    assert not modem.connected


def test_settings_are_those_of_the_wan(qmi) -> None:
    assert qmi.ask(WDS, SETTINGS)[0] == 15
    qmi.ask(WDS, START)
    _, tlvs = qmi.ask(WDS, SETTINGS, {0x10: b"\xff\xff\x00\x00"})
    assert [address(tlvs[kind]) for kind in (0x1E, 0x20, 0x21, 0x15)] == [
        "10.64.1.2", "10.64.1.1", "255.255.255.252", "203.0.113.53"]  # fmt: skip
    assert struct.unpack("<I", tlvs[0x29]) == (1500,)
    assert tlvs[0x2B] == b"\x04"


def test_status_indications_follow_the_answers(qmi) -> None:
    _, tlvs = qmi.ask(WDS, START)
    assert qmi.frames[-1][6] == 4  # the last frame is the indication
    up = qmi.indications()
    assert up == [(STATUS, {1: b"\x02\x00", 0x12: b"\x04"})]
    qmi.ask(WDS, STOP, {1: tlvs[1]})
    ((message, down),) = qmi.indications()
    assert (message, down[1]) == (STATUS, b"\x01\x00")
    assert 0x11 in down


def test_the_network_ends_a_session(qmi, modem: Modem) -> None:
    qmi.ask(WDS, START)
    qmi.frames.clear()
    modem.faults.set("network", "none")
    assert [tlvs[1] for _, tlvs in qmi.indications()] == [b"\x01\x00"]
    assert qmi.ask(WDS, START)[0] == 14


def test_an_address_change_by_the_carrier(qmi, modem: Modem) -> None:
    qmi.ask(WDS, START)
    qmi.frames.clear()
    modem.change_wan(Wan("10.99.0.2", "10.99.0.1", 30))
    assert [tlvs[1] for _, tlvs in qmi.indications()] == [b"\x01\x00"]
    qmi.ask(WDS, START)
    assert address(qmi.ask(WDS, SETTINGS)[1][0x1E]) == "10.99.0.2"


def test_a_silent_address_change_shows_only_when_asked(qmi, modem: Modem) -> None:
    qmi.ask(WDS, START)
    qmi.frames.clear()
    modem.change_wan(Wan("10.99.0.2", "10.99.0.1", 30), drop=False)
    assert qmi.frames == []
    assert address(qmi.ask(WDS, SETTINGS)[1][0x1E]) == "10.99.0.2"


def test_a_second_start_has_no_effect(qmi) -> None:
    qmi.ask(WDS, START)
    assert qmi.ask(WDS, START)[0] == 26


@pytest.mark.parametrize(
    ("message", "tlvs", "error"),
    [(STOP, {}, 17), (STOP, {1: b"\x01"}, 1), (STOP, {1: b"\x01\x00\x00\x00"}, 9),
     (0x0024, {}, 17), (0x0023, {}, 15), (0x0044, {}, 15)],
)  # fmt: skip
def test_refusals(qmi, message: int, tlvs: dict[int, bytes], error: int) -> None:
    assert qmi.ask(WDS, message, tlvs)[0] == error


def test_ipv6_is_refused_with_the_networks_reason(qmi) -> None:
    error, tlvs = qmi.ask(WDS, START, {0x19: b"\x06"})
    assert error == 14
    assert struct.unpack("<Hh", tlvs[0x11]) == (6, 50)


def test_ipv6_where_the_modem_has_it(make_modem: Callable[..., Modem], make_qmi) -> None:
    modem = make_modem(ipv6=Wan6("2001:db8:1::2", "2001:db8:1::1", dns=("2001:db8::53",)))
    qmi = make_qmi(modem)
    assert qmi.ask(WDS, 0x004D, {1: b"\x06"})[0] == 0
    assert qmi.ask(WDS, START)[0] == 0
    _, tlvs = qmi.ask(WDS, SETTINGS)
    assert tlvs[0x2B] == b"\x06"
    assert tlvs[0x25] == ipaddress.IPv6Address("2001:db8:1::2").packed + b"\x40"
    assert tlvs[0x27] == ipaddress.IPv6Address("2001:db8::53").packed
    assert not modem.connected  # that is IPv4


def test_statistics_by_mask(qmi, modem: Modem) -> None:
    modem.uplink = lambda packet: None
    qmi.ask(WDS, START)
    modem.from_host(b"\x45" + bytes(99))
    _, tlvs = qmi.ask(WDS, 0x0024, {1: struct.pack("<I", 0b0100_0001)})
    assert tlvs.keys() == {2, 0x10, 0x19}
    assert struct.unpack("<I", tlvs[0x10]) == (1,)
    assert struct.unpack("<Q", tlvs[0x19]) == (100,)


def test_without_a_call_the_error_brings_the_bytes_of_the_last_one(qmi, modem: Modem) -> None:
    modem.uplink = lambda packet: None
    for size in (40, 50):  # two calls; each counts from its own beginning
        _, started = qmi.ask(WDS, START)
        modem.from_host(b"\x45" + bytes(size - 1))
        assert qmi.ask(WDS, STOP, {1: started[1]})[0] == 0
    error, tlvs = qmi.ask(WDS, 0x0024, {1: struct.pack("<I", 1)})
    assert error == 15
    assert struct.unpack("<QQ", tlvs[0x1B] + tlvs[0x1C]) == (50, 0)


def test_releasing_a_client_ends_its_session(qmi, modem: Modem) -> None:
    qmi.ask(WDS, START)
    qmi.ask(0, 0x0023, {1: bytes([WDS, qmi.clients[WDS]])})
    assert not modem.connected


@pytest.mark.parametrize("message", [0x0003, 0x002A, 0x002B, 0x0034, 0x0085, 0x0094])
def test_other_questions_of_modemmanager_are_answered(qmi, message: int) -> None:
    assert qmi.ask(WDS, message)[0] == 0


def test_data_format_is_raw_ip(qmi) -> None:
    for message in (0x0020, 0x0021):
        assert qmi.ask(0x1A, message)[1][0x11] == struct.pack("<I", 2)
