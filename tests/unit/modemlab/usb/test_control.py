# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from modemlab.usb import control, ec25

DEVICE = ec25.device("qmi")


def reply(setup: str) -> bytes | None:
    return control.standard_reply(DEVICE, control.decode(bytes.fromhex(setup)))


@pytest.mark.parametrize(
    ("setup", "expected"),
    [
        ("80 06 0001 0000 1200", DEVICE.pack()),
        ("80 06 0002 0000 ff00", DEVICE.configuration.pack()),
        ("80 06 0203 0904 ff00", DEVICE.string(2)),
        ("80 00 0000 0000 0200", b"\x00\x00"),
        ("80 08 0000 0000 0100", b"\x01"),
        ("81 0a 0000 0400 0100", b"\x00"),
    ],
)
def test_standard_requests(setup: str, expected: bytes) -> None:
    assert reply(setup) == expected


@pytest.mark.parametrize(
    "setup", ["80 06 0303 0904 ff00", "80 06 0006 0000 0a00", "c0 55 0000 0000 0100"]
)
def test_what_is_not_there_stalls(setup: str) -> None:
    assert reply(setup) is None
