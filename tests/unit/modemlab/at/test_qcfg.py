# SPDX-License-Identifier: GPL-3.0-or-later
"""AT+QCFG: what stays, what waits for a boot, and what does harm."""

import pytest

from modemlab.modem.modem import Modem

NO_PORTS = 'AT+QCFG="usbcfg",0x2C7C,0x0125,0,0,0,0,0,0,0'


@pytest.mark.parametrize(
    ("written", "asked", "shown"),
    [
        ('"ims",1', '"ims"', '"ims",1,1'),
        ('"roamservice",2,1', '"roamservice"', '"roamservice",2'),
        ('"band",0x80,0x4,0', '"band"', '"band",0x80,0x4,0x0'),
        ('"nwscanseq",0403,1', '"nwscanseq"', '"nwscanseq",0403'),
        ('"risignaltype","physical"', '"risignaltype"', '"risignaltype","physical"'),
    ],
)
def test_written_and_read_after_a_power_cycle(at, modem, written, asked, shown) -> None:
    assert at.lines(f"AT+QCFG={written}") == ["OK"]
    modem.power_cycle()
    assert at.lines(f"AT+QCFG={asked}")[0] == f"+QCFG: {shown}"


def test_ims_waits_for_a_boot(at) -> None:
    at.send('AT+QCFG="ims",1')
    assert at.lines('AT+QCFG="ims"')[0] == '+QCFG: "ims",1,0'


@pytest.mark.parametrize(
    "values",
    ['"ims",3', '"band",1', '"band",x,1,0', '"nwscanmode",9', '"nwscanseq",9', '"usbcfg",1',
     '"usbid",1,2', '"risignaltype","x"', '"usbnet",0,0', '"roamservice",x'],
)  # fmt: skip
def test_bad_values(at, values: str) -> None:
    assert at.lines(f"AT+QCFG={values}") == ["+CME ERROR: 50"]


def test_a_zero_in_usbcfg_is_counted_and_stays(at, modem: Modem) -> None:
    assert modem.counters.destructive == 0
    assert at.lines(NO_PORTS) == ["OK"]
    modem.power_cycle()
    assert modem.counters.destructive == 1
    assert not modem.config.shows("at2")
    assert at.lines('AT+QCFG="usbcfg"')[0].endswith(",0,0,0,0,0,0,0")


@pytest.mark.parametrize("line", ["AT+QFASTBOOT", 'AT+EGMR=1,7,"867584030000017"', "AT+QRST=1"])
def test_other_harm_is_counted(at, modem: Modem, line: str) -> None:
    assert at.lines(line) == ["OK"]
    assert modem.counters.destructive == 1
