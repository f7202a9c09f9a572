# SPDX-License-Identifier: GPL-3.0-or-later
import struct

import pytest

from modemlab.modem.modem import Modem

UIM = 0x0B
SESSION = b"\x06\x00"


def read(qmi, file_id: int, offset: int = 0, length: int = 0) -> tuple[int, dict[int, bytes]]:
    tlvs = {1: SESSION, 2: struct.pack("<HB", file_id, 2) + b"\x00\x3f",
            3: struct.pack("<HH", offset, length)}  # fmt: skip
    return qmi.ask(UIM, 0x0020, tlvs)


def test_iccid_and_imsi_files(qmi) -> None:
    assert read(qmi, 0x2FE2)[1][0x11] == b"\x0a\x00" + bytes.fromhex("989420000000000010f4")
    assert read(qmi, 0x6F07)[1][0x11] == b"\x09\x00" + bytes.fromhex("08 2926 1000 0000 0010")


def test_a_part_of_a_file(qmi) -> None:
    assert read(qmi, 0x2FE2, 1, 2)[1][0x11] == b"\x02\x00\x94\x20"


def test_a_file_that_is_not_there(qmi) -> None:
    error, tlvs = read(qmi, 0x6F99)
    assert (error, tlvs[0x10]) == (16, b"\x6a\x82")


@pytest.mark.parametrize(
    ("sim", "iccid", "imsi"), [("pin", 0, 82), ("puk", 0, 82), ("missing", 37, 37)]
)
def test_files_of_a_card_that_is_not_ready(
    qmi, modem: Modem, sim: str, iccid: int, imsi: int
) -> None:
    modem.faults.set("sim", sim)
    assert read(qmi, 0x2FE2)[0] == iccid
    assert read(qmi, 0x6F07)[0] == imsi


@pytest.mark.parametrize(
    ("sim", "application", "pin1"),
    [("ok", 7, b"\x03\x03\x0a"), ("pin", 2, b"\x01\x03\x0a"), ("puk", 3, b"\x04\x00\x0a")],
)
def test_card_status(qmi, modem: Modem, sim: str, application: int, pin1: bytes) -> None:
    modem.faults.set("sim", sim)
    status = qmi.ask(UIM, 0x002F)[1][0x10]
    assert status[:2] == b"\x00\x00"
    assert status[8:10] == b"\x01\x01"  # one slot, card present
    assert status[16] == application
    assert status[-6:-3] == pin1
    assert status[-3:] == b"\x03\x03\x0a"  # PIN2 not asked for: else ModemManager shows sim-pin2


def test_card_status_without_a_card(qmi, modem: Modem) -> None:
    modem.faults.set("sim", "missing")
    status = qmi.ask(UIM, 0x002F)[1][0x10]
    assert status[:2] == b"\xff\xff"
    assert status[8:10] == b"\x01\x00"
    assert qmi.ask(UIM, 0x0047)[1][0x10][1:5] == struct.pack("<I", 1)


def test_slot_status_names_the_card(qmi) -> None:
    assert qmi.ask(UIM, 0x0047)[1][0x10].endswith(bytes.fromhex("989420000000000010f4"))


def test_pin_operations(qmi, modem: Modem) -> None:
    modem.faults.set("sim", "pin")
    error, tlvs = qmi.ask(UIM, 0x0026, {1: SESSION, 2: b"\x01\x040000"})
    assert (error, tlvs[0x10]) == (12, b"\x02\x0a")
    assert qmi.ask(UIM, 0x0026, {1: SESSION, 2: b"\x01\x041234"})[0] == 0
    assert qmi.ask(UIM, 0x0028, {1: SESSION, 2: b"\x01\x041234\x045678"})[0] == 0
    assert qmi.ask(UIM, 0x0025, {1: SESSION, 2: b"\x01\x00\x045678"})[0] == 0
    assert (modem.sim.pin, modem.sim.pin_enabled) == ("5678", False)


def test_puk(qmi, modem: Modem) -> None:
    modem.faults.set("sim", "puk")
    assert qmi.ask(UIM, 0x0026, {1: SESSION, 2: b"\x01\x041234"})[0] == 35
    assert qmi.ask(UIM, 0x0027, {1: SESSION, 2: b"\x01\x0812345678\x041111"})[0] == 0


@pytest.mark.parametrize(
    ("info", "error"), [(b"\x02\x041234", 11), (b"\x01\x0912", 1), (b"\x01", 1)]
)
def test_bad_pin_requests(qmi, info: bytes, error: int) -> None:
    assert qmi.ask(UIM, 0x0026, {1: SESSION, 2: info})[0] == error


def test_card_indications(qmi, modem: Modem) -> None:
    assert qmi.ask(UIM, 0x002E, {1: b"\x01\x00\x00\x00"})[1][0x10] == b"\x01\x00\x00\x00"
    qmi.frames.clear()
    modem.faults.set("sim", "missing")
    assert [message for message, _ in qmi.indications()] == [0x0032]
    qmi.ask(UIM, 0x002E, {1: b"\x00\x00\x00\x00"})
    qmi.frames.clear()
    modem.faults.set("sim", "ok")
    assert qmi.frames == []


@pytest.mark.parametrize("message", [0x002A, 0x003A, 0x0044])
def test_other_questions_of_modemmanager_are_answered(qmi, message: int) -> None:
    assert qmi.ask(UIM, message)[0] == 0
