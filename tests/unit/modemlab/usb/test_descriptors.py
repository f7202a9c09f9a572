# SPDX-License-Identifier: GPL-3.0-or-later
"""Descriptors are read back byte by byte, as a host does."""

import pytest

from modemlab.modem.clock import ManualClock
from modemlab.modem.modem import Modem
from modemlab.modem.spec import ModemSpec
from modemlab.usb import ec25
from modemlab.usb.ec25 import device_of


def walk(raw: bytes) -> list[bytes]:
    """The descriptors of a configuration, one after the other."""
    found = []
    while raw:
        found.append(raw[: raw[0]])
        raw = raw[raw[0] :]
    return found


def of_kind(raw: bytes, kind: int) -> list[bytes]:
    return [descriptor for descriptor in walk(raw) if descriptor[1] == kind]


def test_functions_that_were_switched_off_are_not_on_the_bus() -> None:
    modem = Modem(ModemSpec(1), ManualClock())
    modem.at(3, b'AT+QCFG="usbcfg",0x2C7C,0x0125,1,1,0,0,1,0,0\r')
    shown = [interface.role for interface in device_of(modem).configuration.interfaces]
    assert shown == ["diag", "nmea", "qmi"]


def test_device_descriptor_names_the_modem() -> None:
    raw = ec25.device("qmi").pack()
    assert raw[0] == len(raw) == 18
    assert raw[8:12] == bytes.fromhex("7c2c2501")


@pytest.mark.parametrize(("serial", "index"), [("", 0), ("0", 3), ("ABC123", 3)])
def test_serial_string_exists_only_when_it_is_not_empty(serial: str, index: int) -> None:
    device = ec25.device("qmi", serial=serial)
    assert device.pack()[16] == index
    assert (device.string(3) is None) == (serial == "")


def test_strings_are_utf16() -> None:
    assert ec25.device("qmi", serial="A1").string(3) == b"\x06\x03A\x001\x00"
    assert ec25.device("qmi").string(0) == b"\x04\x03\x09\x04"
    assert ec25.device("qmi").string(9) is None


@pytest.mark.parametrize("composition", ec25.COMPOSITIONS)
def test_lengths_and_counts_are_true(composition: str) -> None:
    raw = ec25.device(composition).configuration.pack()
    assert int.from_bytes(raw[2:4], "little") == len(raw)
    numbers = {descriptor[2] for descriptor in of_kind(raw, 4)}
    assert raw[4] == len(numbers)
    assert numbers == set(range(len(numbers)))


@pytest.mark.parametrize("composition", ec25.COMPOSITIONS)
def test_each_interface_has_the_endpoints_it_announces(composition: str) -> None:
    counted: list[tuple[int, int]] = []
    for descriptor in walk(ec25.device(composition).configuration.pack()):
        if descriptor[1] == 4:
            counted.append((descriptor[4], 0))
        elif descriptor[1] == 5:
            counted[-1] = (counted[-1][0], counted[-1][1] + 1)
    assert all(announced == found for announced, found in counted)


def test_qmi_composition_is_what_the_drivers_bind_to() -> None:
    """option: ff/ff/ff with 2 endpoints, ff/00/00 with 3; qmi_wwan: ff/ff/ff with 3."""
    interfaces = of_kind(ec25.device("qmi").configuration.pack(), 4)
    assert [(i[2], i[4], i[5:8].hex()) for i in interfaces] == [
        (0, 2, "ffffff"),
        (1, 3, "ff0000"),
        (2, 3, "ff0000"),
        (3, 3, "ff0000"),
        (4, 3, "ffffff"),
    ]


@pytest.mark.parametrize(
    ("composition", "network", "at_port"),
    [("qmi", 4, 3), ("ecm", 4, 3), ("mbim", 4, 3), ("rndis", 0, 5)],
)
def test_network_and_at_interfaces(composition: str, network: int, at_port: int) -> None:
    roles = {i.role: i.number for i in ec25.COMPOSITIONS[composition]}
    assert (roles[composition], roles["at3"]) == (network, at_port)


@pytest.mark.parametrize("composition", ["ecm", "mbim", "rndis"])
def test_union_descriptor_joins_control_and_data(composition: str) -> None:
    unions = [d for d in of_kind(ec25.device(composition).configuration.pack(), 0x24)
              if d[2] == 6 and len(d) == 5 and d[4]]  # fmt: skip
    control = {i.role: i.number for i in ec25.COMPOSITIONS[composition]}[composition]
    assert [tuple(d[3:5]) for d in unions] == [(control, control + 1)]


def test_ecm_names_its_mac_string() -> None:
    device = ec25.device("ecm", number=7)
    assert device.string(4) == b"\x1a\x03" + "02EC25000007".encode("utf-16-le")
