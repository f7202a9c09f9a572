# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of files shows virtual modems as sysfs shows real ones."""

from pathlib import Path

import pytest
import serial

from modemfarm.usb import find_modem, find_modems
from modemlab.faces.background import Background
from modemlab.faces.files_host import FilesHost
from modemlab.modem.spec import COMPOSITIONS, ModemSpec


@pytest.fixture
def lab():
    with Background() as lab:
        yield lab


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_each_composition_is_what_sysfs_readers_expect(tmp_path, lab, composition):
    FilesHost(tmp_path, lab).plug(ModemSpec(3, composition=composition), "1-1.4", 2)
    found = find_modem("1-1.4", tmp_path)
    assert found.composition == composition
    assert found.ttys == ("ttyUSB8", "ttyUSB9", "ttyUSB10", "ttyUSB11")
    assert found.cdc_wdm == ("cdc-wdm2" if composition in ("qmi", "mbim") else None)
    assert found.net == "wwan2"


def test_two_modems_have_ports_of_their_own(tmp_path, lab):
    host = FilesHost(tmp_path, lab)
    modems = [host.plug(ModemSpec(n), f"1-{n}", 9 - n)[0] for n in (1, 2)]
    for modem, found in zip(modems, find_modems(tmp_path), strict=True):
        with serial.Serial(str(tmp_path / "dev" / found.at_tty), timeout=5) as port:
            port.write(b"AT+CGSN\r")
            assert modem.imei.encode() in port.read_until(b"OK\r\n")


def test_a_restarted_modem_is_a_new_device_in_its_stored_composition(tmp_path, lab):
    host = FilesHost(tmp_path, lab)
    modem, face = host.plug(ModemSpec(1, reboot_seconds=0.05), "1-1", 0)
    device = Path(find_modem("1-1", tmp_path).sysfs)
    first = (device / "devnum").read_text()
    modem.config.usbnet = COMPOSITIONS.index("ecm")
    lab.call(face.close)
    assert find_modems(tmp_path) == ()
    lab.call(face.open)
    assert find_modem("1-1", tmp_path).composition == "ecm"
    assert (device / "devnum").read_text() != first
