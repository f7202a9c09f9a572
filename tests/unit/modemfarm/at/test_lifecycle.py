# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.lifecycle."""

from collections.abc import Callable

import pytest

from modemfarm.at import lifecycle, policy
from modemfarm.at.lifecycle import Composition, Ims, Roaming, ScanMode, Technology, WideBand
from modemfarm.at.permit import Permit
from modemfarm.errors import CommandRefusedError, InvalidValueError

MADE = {
    "AT+CFUN=1,1": lifecycle.reset,
    "AT+CFUN=1": lifecycle.radio_on,
    "AT+CFUN=0": lifecycle.radio_off,
    "AT+CFUN=4": lifecycle.airplane,
    'AT+QCFG="usbnet",0': lambda: lifecycle.set_usbnet(Composition.QMI),
    'AT+QCFG="usbnet",3': lambda: lifecycle.set_usbnet(Composition.RNDIS),
    'AT+QCFG="nwscanmode",3,1': lambda: lifecycle.set_scan_mode(ScanMode.LTE),
    'AT+QCFG="nwscanseq",0403,1': lambda: lifecycle.set_scan_order(
        [Technology.LTE, Technology.WCDMA]
    ),
    'AT+QCFG="ims",1': lambda: lifecycle.set_ims(Ims.ON),
    'AT+QCFG="roamservice",255,1': lambda: lifecycle.set_roaming(Roaming.AUTOMATIC),
    'AT+QCFG="band",0,1A0080800C5,0,1': lambda: lifecycle.set_bands(lifecycle.LTE_BANDS),
    'AT+QCFG="band",93,5,0,1': lambda: lifecycle.set_bands([1, 3, 3], list(WideBand)),
}


@pytest.mark.parametrize("text", MADE)
def test_made_here_and_refused_elsewhere(text: str) -> None:
    made: Callable[[], Permit] = MADE[text]
    permit = made()
    assert (permit.text, permit.shown, permit.reads) == (text, text, False)
    with pytest.raises(CommandRefusedError):
        policy.internal(text)


def test_function_changes_take_longer() -> None:
    assert lifecycle.reset().timeout == 20
    assert lifecycle.set_usbnet(Composition.QMI).timeout == 5


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: lifecycle.set_usbnet(4),
        lambda: lifecycle.set_usbnet(0),
        lambda: lifecycle.set_usbnet("0,1"),
        lambda: lifecycle.set_scan_mode(None),
        lambda: lifecycle.set_ims(True),
        lambda: lifecycle.set_roaming("1"),
        lambda: lifecycle.set_scan_order([]),
        lambda: lifecycle.set_scan_order([Technology.LTE, Technology.LTE]),
        lambda: lifecycle.set_scan_order(["04"]),
        lambda: lifecycle.set_bands([]),
        lambda: lifecycle.set_bands([2]),
        lambda: lifecycle.set_bands(["1"]),
        lambda: lifecycle.set_bands([3], [0x4]),
    ],
)
def test_only_typed_values(wrong: Callable[[], Permit]) -> None:
    with pytest.raises(InvalidValueError):
        wrong()
