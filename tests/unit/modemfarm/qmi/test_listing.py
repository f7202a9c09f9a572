# SPDX-License-Identifier: GPL-3.0-or-later
"""QMI ports tied to USB path and IMEI."""

import threading
from pathlib import Path

from modemfarm.errors import CommandTimeoutError
from modemfarm.qmi.listing import QmiPort, list_ports, ports_of

IDS = "[{0}] Device IDs retrieved:\n\t   IMEI: '86758403000{1:04d}'\n"


def number(device: str) -> int:
    return int(device.rsplit("cdc-wdm", 1)[1])


def answer(device: str, action: str, observer: object, timeout: float) -> str:
    return IDS.format(device, number(device))


def test_rows_are_ordered_by_usb_path_and_not_by_port_number(make_modem, tmp_path: Path) -> None:
    make_modem("1-2", 0)
    make_modem("1-1", 7)
    rows = list_ports(tmp_path, speak=answer)
    assert rows == [
        QmiPort("cdc-wdm7", "1-1", "wwan7", "qmi", "867584030000007", None),
        QmiPort("cdc-wdm0", "1-2", "wwan0", "qmi", "867584030000000", None),
    ]


def test_other_compositions_are_listed_and_not_asked(make_modem, tmp_path: Path) -> None:
    make_modem("1-1", 0, data_driver="cdc_mbim")
    make_modem("1-2", 1, data_driver="cdc_ether", net="usb0")
    rows = list_ports(tmp_path, speak=lambda *_: "nobody may ask")
    assert [row.composition for row in rows] == ["mbim", "ecm"]
    assert all(row.serial is None and "no QMI port" in str(row.error) for row in rows)


def test_a_silent_modem_is_a_row_with_an_error(make_modem, tmp_path: Path) -> None:
    def speak(device: str, action: str, observer: object, timeout: float) -> str:
        if number(device) == 1:
            raise CommandTimeoutError("silent", "reset it")
        return answer(device, action, observer, timeout)

    for n in range(3):
        make_modem(f"1-{n + 1}", n)
    rows = list_ports(tmp_path, speak=speak)
    assert [row.error for row in rows] == [None, "silent (remedy: reset it)", None]


def test_all_are_asked_at_once(make_modem, tmp_path: Path) -> None:
    """Each answer waits until every modem was asked: one after the other would never end."""
    everybody = threading.Barrier(6, timeout=10)

    def speak(device: str, action: str, observer: object, timeout: float) -> str:
        everybody.wait()
        return answer(device, action, observer, timeout)

    for n in range(6):
        make_modem(f"1-{n + 1}", n)
    assert all(row.serial for row in list_ports(tmp_path, speak=speak))


def test_no_modems_no_rows() -> None:
    assert ports_of([]) == []
