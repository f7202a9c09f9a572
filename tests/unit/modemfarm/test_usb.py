# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.usb on a fake sysfs."""

from pathlib import Path

import pytest

from modemfarm.usb import find_modem, find_modems


def test_ports_follow_the_interface_not_the_number(tmp_path, make_modem):
    make_modem("1-12", index=15)
    make_modem("1-1.4.2", index=3)
    first, second = find_modems(tmp_path)
    assert (first.path, first.at_tty, first.cdc_wdm, first.net) == (
        "1-1.4.2", "ttyUSB15", "cdc-wdm3", "wwan3",
    )  # fmt: skip
    assert (second.path, second.at_tty, second.cdc_wdm) == ("1-12", "ttyUSB63", "cdc-wdm15")
    assert first.composition == "qmi"
    assert first.complete
    assert first.alive()
    assert first.ttys == ("ttyUSB12", "ttyUSB13", "ttyUSB14", "ttyUSB15")


@pytest.mark.parametrize(
    ("driver", "triple", "expected"),
    [
        ("cdc_ether", ("02", "06", "00"), "ecm"),
        ("cdc_mbim", ("02", "0e", "00"), "mbim"),
        ("rndis_host", ("e0", "01", "03"), "rndis"),
        (None, ("02", "06", "00"), "ecm"),
        (None, ("02", "0e", "00"), "mbim"),
        (None, ("e0", "01", "03"), "rndis"),
        (None, ("02", "02", "ff"), "rndis"),
        (None, ("ff", "ff", "ff"), "qmi"),
        (None, ("08", "06", "50"), "unknown"),
    ],
)
def test_composition(tmp_path, make_modem, driver, triple, expected):
    make_modem(data_driver=driver, data_class=triple)
    (modem,) = find_modems(tmp_path)
    assert modem.composition == expected
    assert modem.complete is (expected == "mbim" and driver is not None)


def test_before_drivers_are_bound(tmp_path, make_modem):
    make_modem(bound=False)
    modem = find_modem("1-1", tmp_path)
    assert modem is not None
    assert modem.composition == "qmi"
    assert (modem.at_tty, modem.cdc_wdm, modem.net, modem.ttys) == (None, None, None, ())
    assert not modem.alive()


def test_other_devices_and_no_usb(tmp_path, make_modem):
    assert find_modems(tmp_path) == ()
    real = make_modem()
    (real / "idProduct").write_text("0000\n")
    assert find_modems(tmp_path) == ()
    assert find_modem("9-9", tmp_path) is None


def test_alive_ends_with_the_interface(tmp_path: Path, make_modem):
    real = make_modem()
    modem = find_modem("1-1", tmp_path)
    assert modem is not None
    (real / "1-1:1.4/net/wwan0").rmdir()
    assert not modem.alive()


def test_a_device_that_vanishes_while_read(tmp_path, make_modem):
    real = make_modem()
    for name in ("bInterfaceClass", "bInterfaceNumber"):
        (real / "1-1:1.3" / name).unlink()
    modem = find_modem("1-1", tmp_path)
    assert modem is not None
    assert modem.at_tty is None
    assert modem.tty(2) == "ttyUSB2"
