# SPDX-License-Identifier: GPL-3.0-or-later
"""Registration, operator, cell and signal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from modemlab.at.command import OK, AtError, Cme, Command, Lines, Table, arguments, integer
from modemlab.modem.radio import NO_SIGNAL
from modemlab.qmi.nas import CHANNEL, TAC

if TYPE_CHECKING:
    from modemlab.at.port import AtPort
    from modemlab.modem.modem import Modem

ACT_LTE = 7  # <AcT> E-UTRAN of 3GPP TS 27.007
SEARCHING = '"SEARCH"'


def cell_id(modem: Modem) -> int:
    """The serving cell; one for each modem so that answers can be told apart."""
    return 0x1A2D001 + modem.number


def registration_line(port: AtPort, name: str, *, unsolicited: bool) -> str:
    """+CREG and its kin: a read shows n first, an unsolicited line does not."""
    registration, mode = port.modem.radio.registration, port.report[name]
    head = f"+{name}: " if unsolicited else f"+{name}: {mode},"
    if mode == 2 and registration.registered:
        cell = f'"{TAC:X}","{cell_id(port.modem):X}",{ACT_LTE}'
        return f"{head}{registration.value},{cell}"
    return f"{head}{registration.value}"


def _registration(name: str) -> Command:
    def read(port: AtPort, _text: str) -> Lines:
        return (registration_line(port, name, unsolicited=False),)

    def write(port: AtPort, text: str) -> Lines:
        port.report[name] = integer(text, range(3))
        return OK

    return Command(read=read, write=write, test=(f"+{name}: (0-2)",))


def _csq(port: AtPort, _text: str) -> Lines:
    signal = port.modem.signal
    return (f"+CSQ: {99 if signal == NO_SIGNAL else signal.csq},99",)


def _qcsq(port: AtPort, _text: str) -> Lines:
    signal = port.modem.signal
    if not port.modem.radio.registration.registered:
        return ('+QCSQ: "NOSERVICE"',)
    # SINR is given in fifths of a dB from -20 dB up (EC2x manual, +QCSQ)
    sinr = max(0, min(250, (signal.snr + 200) // 2))
    return (f'+QCSQ: "LTE",{signal.rssi},{signal.rsrp},{sinr},{signal.rsrq}',)


def _cesq(port: AtPort, _text: str) -> Lines:
    signal = port.modem.signal
    if signal == NO_SIGNAL:
        return ("+CESQ: 99,99,255,255,255,255",)
    # scales of 3GPP TS 36.133: RSRQ in half dB from -19.5, RSRP in dB from -140
    return (f"+CESQ: 99,99,255,255,{2 * signal.rsrq + 39},{signal.rsrp + 140}",)


def _read_cops(port: AtPort, _text: str) -> Lines:
    modem = port.modem
    if not modem.radio.registration.registered:
        return ("+COPS: 0",)
    form = int(port.settings.get("+COPS", "0"))
    names = (modem.operator.name, modem.operator.short, modem.operator.plmn)
    return (f'+COPS: 0,{form},"{names[form]}",{ACT_LTE}',)


def _write_cops(port: AtPort, text: str) -> Lines:
    mode, *rest = arguments(text)
    integer(mode, range(5))
    if rest and rest[0]:
        port.settings["+COPS"] = str(integer(rest[0], range(3)))
    return OK


def _scan(port: AtPort, _text: str) -> Lines:
    if port.modem.faults.network == "none":
        raise AtError(Cme.NO_NETWORK)
    op = port.modem.operator
    return (f'+COPS: (2,"{op.name}","{op.short}","{op.plmn}",{ACT_LTE}),,(0-4),(0-2)',)


def _network_info(port: AtPort, _text: str) -> Lines:
    if not port.modem.radio.registration.registered:
        return ("+QNWINFO: No Service",)
    return (f'+QNWINFO: "FDD LTE","{port.modem.operator.plmn}","LTE BAND 3",{CHANNEL}',)


def _serving_cell(port: AtPort, text: str) -> Lines:
    modem, signal = port.modem, port.modem.signal
    if arguments(text)[0] != "servingcell":
        raise AtError(Cme.INVALID_PARAMETER)
    if not modem.radio.registration.registered:
        return (f'+QENG: "servingcell",{SEARCHING}',)
    state = "CONNECT" if modem.connected else "NOCONN"
    op = modem.operator
    physical_cell, band, bandwidth = 301, 3, 5  # bandwidth 5 is 20 MHz
    return (
        f'+QENG: "servingcell","{state}","LTE","FDD",{op.mcc},{op.mnc},{cell_id(modem):X},'
        f"{physical_cell},{CHANNEL},{band},{bandwidth},{bandwidth},{TAC:X},"
        f"{signal.rsrp},{signal.rsrq},{signal.rssi},{signal.snr // 10},{signal.rsrp + 120}",
    )


def _provider(port: AtPort, _text: str) -> Lines:
    op = port.modem.operator
    if not port.modem.radio.registration.registered:
        return ('+QSPN: "","","",0,""',)
    return (f'+QSPN: "{op.name}","{op.short}","",0,"{op.plmn}"',)


def _clock(_port: AtPort, _text: str) -> Lines:
    return (time.strftime('+CCLK: "%y/%m/%d,%H:%M:%S+00"', time.gmtime()),)


NETWORK: Table = {
    **{f"+{name}": _registration(name) for name in ("CREG", "CGREG", "CEREG")},
    "+CSQ": Command(run=_csq, test=("+CSQ: (0-31,99),(0-7,99)",)),
    "+QCSQ": Command(run=_qcsq, test=('+QCSQ: "NOSERVICE","GSM","WCDMA","LTE"',)),
    "+CESQ": Command(
        run=_cesq, test=("+CESQ: (0-63,99),(0-7,99),(255),(255),(0-34,255),(0-97,255)",)
    ),
    "+COPS": Command(read=_read_cops, write=_write_cops, test=_scan),
    "+QNWINFO": Command(run=_network_info, test=OK),
    "+QENG": Command(write=_serving_cell, test=('+QENG: ("servingcell")',)),
    "+QSPN": Command(run=_provider, test=OK),
    "+CCLK": Command(read=_clock, test=OK),
    "+CPOL": Command(read=OK, write=OK, test=("+CPOL: (0-31),(0-2)",)),  # no preferred networks
    "+QNWLOCK": Command(test=OK),
}
