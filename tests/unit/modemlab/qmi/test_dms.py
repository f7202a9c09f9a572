# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from modemlab.modem.clock import ManualClock
from modemlab.modem.modem import Modem

DMS = 2


@pytest.mark.parametrize(
    ("message", "tlv", "value"),
    [
        (0x0021, 1, b"QUALCOMM INCORPORATED"),
        (0x0022, 1, b"QUECTEL Mobile Broadband Module"),
        (0x0023, 1, b"EC25EUXGAR08A13M1G"),
        (0x0024, 1, b"491510000001"),
        (0x0025, 0x11, b"867584030000017"),
        (0x002C, 1, b"10000"),
        (0x002D, 1, b"\x00"),
        (0x003C, 1, b"8949020000000000014"),
        (0x0040, 1, b"\x00\x0a\x0a"),
        (0x0043, 1, b"262010000000001"),
        (0x0020, 1, b"\x80\xf0\xfa\x02\x80\xd1\xf0\x08\x02\x02\x03\x04\x05\x08"),
    ],
)
def test_identity(qmi, message: int, tlv: int, value: bytes) -> None:
    error, tlvs = qmi.ask(DMS, message)
    assert error == 0
    assert tlvs[tlv] == value


@pytest.mark.parametrize(
    ("sim", "status"), [("ok", b"\x03\x03\x0a"), ("pin", b"\x01\x03\x0a"), ("puk", b"\x04\x00\x0a")]
)
def test_pin_status(qmi, modem: Modem, sim: str, status: bytes) -> None:
    modem.faults.set("sim", sim)
    assert qmi.ask(DMS, 0x002B)[1][0x11] == status


@pytest.mark.parametrize("message", [0x002B, 0x003C, 0x0043])
def test_without_a_card(qmi, modem: Modem, message: int) -> None:
    modem.faults.set("sim", "missing")
    assert qmi.ask(DMS, message)[0] == 37


def test_pin_and_puk(qmi, modem: Modem) -> None:
    modem.faults.set("sim", "pin")
    assert qmi.ask(DMS, 0x0028, {1: b"\x01\x040000"})[0] == 12
    assert qmi.ask(DMS, 0x0028, {1: b"\x01\x041234"})[0] == 0
    modem.faults.set("sim", "puk")
    assert qmi.ask(DMS, 0x0029, {1: b"\x01\x0812345678\x049999"})[0] == 0
    assert modem.sim.pin == "9999"


def test_low_power_is_told_to_listeners_after_the_answer(qmi, modem: Modem) -> None:
    qmi.ask(DMS, 0x0001, {0x14: b"\x01"})
    qmi.frames.clear()
    assert qmi.ask(DMS, 0x002E, {1: b"\x01"})[0] == 0
    assert modem.radio.function == 4
    assert qmi.indications() == [(0x0001, {0x14: b"\x01"})]
    qmi.ask(DMS, 0x0001, {0x14: b"\x00"})
    qmi.ask(DMS, 0x002E, {1: b"\x00"})
    assert qmi.indications() == []


def test_a_mode_that_is_none(qmi) -> None:
    assert qmi.ask(DMS, 0x002E, {1: b"\x77"})[0] == 48


def test_reset_mode_reboots(qmi, modem: Modem, clock: ManualClock) -> None:
    reboots: list[bool] = []
    modem.on_reboot = lambda: reboots.append(True)
    assert qmi.ask(DMS, 0x002E, {1: b"\x04"})[0] == 0
    clock.advance(1)
    assert reboots == [True]
