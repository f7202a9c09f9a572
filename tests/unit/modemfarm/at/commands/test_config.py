# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.config. Values are from field logs."""

import pytest

from modemfarm.at.commands.config import (
    Bands,
    ScanMode,
    UsbIdentity,
    bands,
    composition,
    scan_mode,
    scan_order,
    usb_identity,
)
from modemfarm.errors import AnswerUnreadableError


def asked(answering, name, said):
    return answering({f'AT+QCFG="{name}"': f'+QCFG: "{name}",{said}|OK'})


def test_composition(answering):
    found = [composition(asked(answering, "usbnet", number)) for number in range(4)]
    assert found == ["qmi", "ecm", "mbim", "rndis"]


@pytest.mark.parametrize(
    ("said", "adb", "uac"),
    [
        ("0x2C7C,0x0125,1,1,1,1,1,0,0", False, False),
        ("0x2C7C,0x125,1,1,1,1,1,1", True, None),
    ],
)
def test_usb_identity(answering, said, adb, uac):
    wanted = UsbIdentity(0x2C7C, 0x0125, True, True, True, True, True, adb, uac)
    assert usb_identity(asked(answering, "usbcfg", said)) == wanted


def test_bands(answering):
    said = '+QCFG: "band",0x93,0x1e200000095,0x0|OK'
    assert bands(answering({'AT+QCFG="band"': said})) == Bands(
        ("GSM 900", "GSM 1800", "WCDMA 2100", "WCDMA 900"),
        (1, 3, 5, 8, 34, 38, 39, 40, 41),
        0x93,
        0x1E200000095,
    )
    assert bands(asked(answering, "band", "0xd0,0x0")).lte == ()


def test_scan(answering):
    assert scan_mode(asked(answering, "nwscanmode", "0")) is ScanMode.AUTOMATIC
    assert scan_mode(asked(answering, "nwscanmode", "3")) is ScanMode.LTE
    assert scan_mode(asked(answering, "nwscanmode", "8")) is ScanMode.OTHER
    found = scan_order(asked(answering, "nwscanseq", "0403010205"))
    assert found == ("LTE", "WCDMA", "GSM", "TD-SCDMA", "CDMA")


@pytest.mark.parametrize(
    ("read", "name", "said"),
    [
        (composition, "usbnet", "4"),
        (composition, "usbnet", ""),
        (usb_identity, "usbcfg", "0x2C7C"),
        (usb_identity, "usbcfg", "0x2C7C0125,0x1,1"),
        (bands, "band", "0xzz,0x1"),
        (bands, "band", f"0x1,0x{'f' * 65}"),
        (scan_order, "nwscanseq", "040"),
        (scan_order, "nwscanseq", "09"),
        (scan_mode, "nwscanmode", "LTE"),
    ],
)
def test_unreadable(answering, read, name, said):
    with pytest.raises(AnswerUnreadableError) as caught:
        read(asked(answering, name, said))
    assert caught.value.command == f'AT+QCFG="{name}"'


def test_the_answer_to_another_question(answering):
    with pytest.raises(AnswerUnreadableError):
        composition(answering({'AT+QCFG="usbnet"': '+QCFG: "usbspeed",1|OK'}))
