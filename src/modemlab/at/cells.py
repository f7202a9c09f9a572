# SPDX-License-Identifier: GPL-3.0-or-later
"""Signal and cells: +CSQ, +QCSQ, +CESQ and +QENG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemlab.at.command import OK, Command, Lines, Table, arguments
from modemlab.at.errors import AtError, Cme
from modemlab.modem.radio import NO_SIGNAL, Registration
from modemlab.qmi.nas import CHANNEL, TAC

if TYPE_CHECKING:
    from modemlab.at.port import AtPort
    from modemlab.modem.modem import Modem

PHYSICAL_CELL, BAND, BANDWIDTH = 301, 3, 5  # bandwidth 5 is 20 MHz
STATES = {Registration.DENIED: "LIMSRV"}  # camped on a cell that does not let it in
# Physical cell, RSRQ and RSRP below the serving cell's, and <srxlev>: others on its frequency
INTRA = ((118, 4, 9, 28), (402, 7, 14, 23))
RESELECTION = "5,22,8,46"  # priority and thresholds that the cell broadcasts
INTER_CHANNELS = (3350, 6300)  # LTE bands 7 and 20, told by the cell and not measured


def cell_id(modem: Modem) -> int:
    """The serving cell; one for each modem so that answers can be told apart."""
    return 0x1A2D001 + modem.number


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
    # Scales of 3GPP TS 36.133: 1 is -19.5 dB (RSRQ) and -140 dBm (RSRP), 0 is what is below.
    rsrq, rsrp = 2 * signal.rsrq + 40, signal.rsrp + 141
    return (f"+CESQ: 99,99,255,255,{max(0, min(34, rsrq))},{max(0, min(97, rsrp))}",)


def _engineering(port: AtPort, text: str) -> Lines:
    kinds = {"servingcell": _serving_cell, "neighbourcell": _neighbours}
    kind = arguments(text)[0].lower()
    if kind not in kinds:
        raise AtError(Cme.INVALID_PARAMETER)
    return kinds[kind](port.modem)


def _serving_cell(modem: Modem) -> Lines:
    signal, registration = modem.signal, modem.radio.registration
    if signal == NO_SIGNAL or registration in (Registration.OFF, Registration.SEARCHING):
        return ('+QENG: "servingcell","SEARCH"',)
    state = STATES.get(registration, "CONNECT" if modem.connected else "NOCONN")
    op = modem.operator
    return (
        f'+QENG: "servingcell","{state}","LTE","FDD",{op.mcc},{op.mnc},{cell_id(modem):X},'
        f"{PHYSICAL_CELL},{CHANNEL},{BAND},{BANDWIDTH},{BANDWIDTH},{TAC:X},"
        f"{signal.rsrp},{signal.rsrq},{signal.rssi},{signal.snr // 10},{signal.rsrp + 120}",
    )


def _neighbours(modem: Modem) -> Lines:
    """The manual's LTE form; what was not measured is a dash."""
    signal = modem.signal
    if not modem.radio.registration.registered:
        return OK
    intra = (
        f'+QENG: "neighbourcell intra","LTE",{CHANNEL},{cell},{signal.rsrq - quality},'
        f"{signal.rsrp - power},{signal.rssi - power},0,{level},{RESELECTION}"
        for cell, quality, power, level in INTRA
    )
    inter = (
        f'+QENG: "neighbourcell inter","LTE",{channel},-,-,-,-,-,0,22,6,4,-,-,-,-'
        for channel in INTER_CHANNELS
    )
    return (*intra, *inter)


CELLS: Table = {
    "+CSQ": Command(run=_csq, test=("+CSQ: (0-31,99),(0-7,99)",)),
    "+QCSQ": Command(run=_qcsq, test=('+QCSQ: "NOSERVICE","GSM","WCDMA","LTE"',)),
    "+CESQ": Command(
        run=_cesq, test=("+CESQ: (0-63,99),(0-7,99),(255),(255),(0-34,255),(0-97,255)",)
    ),
    "+QENG": Command(write=_engineering, test=('+QENG: ("servingcell","neighbourcell")',)),
}
