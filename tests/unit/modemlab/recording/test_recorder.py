# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts for the header, and files on their way to the lab's daemon."""

from pathlib import Path

import pytest

from modemlab.modem.errors import LabError
from modemlab.recording import recorder
from modemlab.recording.format import Piece, Recording, RecordingError, dump


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    """The third serial port of a modem with a serial number, as far as it is read."""
    device = tmp_path / "devices/usb1/1-1"
    port = device / "1-1:1.2/ttyUSB2"
    port.mkdir(parents=True)
    for name, text in (("idVendor", "2c7c"), ("idProduct", "0125"), ("serial", "secret")):
        (device / name).write_text(f"{text}\n")
    (port.parent / "bInterfaceNumber").write_text("02\n")
    link = tmp_path / "class/tty/ttyUSB2/device"
    link.parent.mkdir(parents=True)
    link.symlink_to(port)
    return tmp_path


def test_facts_name_the_model_and_not_the_one(sysfs: Path) -> None:
    found = {"tty": "ttyUSB2", "interface": "02", "idVendor": "2c7c", "idProduct": "0125"}
    assert recorder.facts("/dev/ttyUSB2", sysfs) == found
    assert recorder.facts("/dev/ttyS9", sysfs) == {"tty": "ttyS9"}


def test_the_file_is_read_before_anything_is_sent(tmp_path: Path) -> None:
    file = tmp_path / "case.jsonl"
    with pytest.raises(LabError, match="No such file"):
        recorder.for_daemon(file)
    file.write_text("{}\n")
    with pytest.raises(RecordingError, match=r"case\.jsonl: line 1: format is None"):
        recorder.for_daemon(file)
    file.write_text(dump(Recording((Piece(0, b"x" * 100_000),))))
    with pytest.raises(LabError, match="100000 are allowed here"):
        recorder.for_daemon(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(LabError, match="codec"):
        recorder.for_daemon(file)
