# SPDX-License-Identifier: GPL-3.0-or-later
import struct

import pytest

from modemlab.modem.clock import ManualClock
from modemlab.modem.modem import Modem
from modemlab.qmi import codec

NAS = 3
PLMN = struct.pack("<HHB", 262, 1, 11) + b"Lab Telekom"


def test_serving_system(qmi) -> None:
    _, tlvs = qmi.ask(NAS, 0x0024)
    assert tlvs[1] == bytes([1, 1, 1, 2, 1, 8])  # registered, attached, 3GPP, LTE
    assert tlvs[0x10] == b"\x01"
    assert tlvs[0x12] == PLMN
    assert tlvs[0x1D] == struct.pack("<I", 0x1A2D002)


@pytest.mark.parametrize(("network", "state"), [("none", 2), ("denied", 3)])
def test_not_registered(qmi, modem: Modem, network: str, state: int) -> None:
    modem.faults.set("network", network)
    _, tlvs = qmi.ask(NAS, 0x0024)
    assert tlvs[1] == bytes([state, 2, 2, 2, 0])
    assert 0x12 not in tlvs
    assert qmi.ask(NAS, 0x004F)[1].keys() == {2}
    assert qmi.ask(NAS, 0x0031)[0] == 74


def test_roaming(qmi, modem: Modem, clock: ManualClock) -> None:
    modem.faults.set("network", "roaming")
    clock.advance(2)
    assert qmi.ask(NAS, 0x0024)[1][0x10] == b"\x00"


def test_system_info_of_lte(qmi) -> None:
    _, tlvs = qmi.ask(NAS, 0x004D)
    assert tlvs[0x14] == bytes([2, 2, 1])
    info = tlvs[0x19]
    assert len(info) == 29
    assert info[:4] == bytes([1, 3, 1, 3])
    assert info[19:26] == b"\x0126201\xff"
    assert info[26:] == b"\x01\x34\x12"


def test_system_info_when_denied(qmi, modem: Modem) -> None:
    modem.faults.set("network", "denied")
    _, tlvs = qmi.ask(NAS, 0x004D)
    assert tlvs[0x14][0] == 1  # limited service
    assert tlvs[0x19][6:8] == b"\x01\x01"  # forbidden


def test_system_info_with_the_radio_off(qmi, modem: Modem) -> None:
    modem.radio.set_function(4)
    assert qmi.ask(NAS, 0x004D)[1].keys() == {2, 0x12, 0x13, 0x14}


def test_signal(qmi, modem: Modem) -> None:
    _, tlvs = qmi.ask(NAS, 0x004F)
    signal = modem.signal
    assert struct.unpack("<bbhh", tlvs[0x14]) == (signal.rssi, signal.rsrq, signal.rsrp, signal.snr)
    assert struct.unpack("<bb", qmi.ask(NAS, 0x0020)[1][1]) == (signal.rssi, 8)


def test_operator_name(qmi) -> None:
    name = qmi.ask(NAS, 0x0044, {1: struct.pack("<HH", 262, 1)})[1][0x10]
    assert name[:2] == bytes([4, 22])
    assert name[2:24].decode("utf-16-le") == "Lab Telekom"
    assert name.endswith("Lab Telekom".encode("utf-16-le"))


def test_home_network_needs_a_card(qmi, modem: Modem) -> None:
    assert qmi.ask(NAS, 0x0025)[1][1] == PLMN
    modem.faults.set("sim", "missing")
    assert qmi.ask(NAS, 0x0025)[0] == 16


@pytest.mark.parametrize("message", [0x0026, 0x002B, 0x0031, 0x0033, 0x0034, 0x006C])
def test_other_questions_of_modemmanager_are_answered(qmi, message: int) -> None:
    assert qmi.ask(NAS, message)[0] == 0


def test_indications_for_those_who_registered(qmi, modem: Modem, clock: ManualClock) -> None:
    qmi.ask(NAS, 0x0003, {0x13: b"\x01", 0x18: b"\x01"})
    qmi.frames.clear()
    modem.faults.set("network", "none")
    assert [message for message, _ in qmi.indications()] == [0x0024, 0x004E]
    modem.faults.set("network", "home")
    clock.advance(2)
    messages = qmi.indications()
    assert messages[-2][1][1][0] == 1
    assert messages[-2][1][0x1E] == struct.pack("<I", 0x1A2D002)  # 0x1D in the answer


def test_no_indications_after_registering_off(qmi, modem: Modem) -> None:
    qmi.ask(NAS, 0x0003, {0x13: b"\x01", 0x18: b"\x01"})
    qmi.ask(NAS, 0x0003, {0x13: b"\x00", 0x18: b"\x00"})
    qmi.frames.clear()
    modem.faults.set("network", "none")
    assert qmi.frames == []


def scanned(qmi, clock: ManualClock) -> dict[int, bytes]:
    qmi.allocate(NAS)
    qmi.send(NAS, 1, 0x0021, {})
    assert codec.decode(qmi.frames[-1]).message == 0x0022  # nothing since the client id
    clock.advance(1)
    return codec.decode(qmi.frames[-1]).tlvs


@pytest.mark.parametrize(
    ("network", "own", "foreign"),
    [("home", 0x25, 0x1A), ("roaming", 0x29, 0x1A), ("denied", 0x16, 0x1A)],
)
def test_a_scan_takes_its_time(
    qmi, modem: Modem, clock: ManualClock, network: str, own: int, foreign: int
) -> None:
    modem.faults.set("network", network)
    clock.advance(5)
    tlvs = scanned(qmi, clock)
    first = struct.pack("<HHBB", 262, 1, own, 11) + b"Lab Telekom"
    second = struct.pack("<HHBB", 262, 3, foreign, 9) + b"Lab Mobil"
    assert tlvs[0x10] == b"\x02\x00" + first + second
    assert tlvs[0x11] == struct.pack("<HHHBHHB", 2, 262, 1, 8, 262, 3, 8)
    assert tlvs[0x12] == struct.pack("<HHHBHHB", 2, 262, 1, 0, 262, 3, 0)


def test_a_scan_without_a_network(qmi, modem: Modem, clock: ManualClock) -> None:
    modem.faults.set("network", "none")
    assert scanned(qmi, clock)[0x10] == b"\x00\x00"
