# SPDX-License-Identifier: GPL-3.0-or-later
"""Registration and operator (3GPP TS 27.007 sections 7.2, 7.3, 10.1.20, 10.1.22)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from modemlab.at.cells import cell_id
from modemlab.at.command import OK, Command, Lines, Table, arguments, integer
from modemlab.at.errors import AtError, Cme
from modemlab.modem.networks import AUTOMATIC, DEREGISTER, FORMAT_ONLY, MANUAL, MANUAL_AUTOMATIC
from modemlab.modem.radio import Registration
from modemlab.qmi.nas import CHANNEL, TAC

if TYPE_CHECKING:
    from modemlab.at.port import AtPort

ACT_LTE = 7  # <AcT> E-UTRAN of 3GPP TS 27.007
NEEDS_NAME = (MANUAL, MANUAL_AUTOMATIC)


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

    def run(port: AtPort, _text: str) -> Lines:
        return write(port, "0")

    return Command(run=run, read=read, write=write, test=(f"+{name}: (0-2)",))


def _read_cops(port: AtPort, _text: str) -> Lines:
    modem = port.modem
    mode = modem.networks.mode
    if not modem.radio.registration.registered:
        return (f"+COPS: {mode}",)
    form = int(port.settings.get("+COPS", "0"))
    names = (modem.operator.name, modem.operator.short, modem.operator.plmn)
    return (f'+COPS: {mode},{form},"{names[form]}",{ACT_LTE}',)


def _write_cops(port: AtPort, text: str) -> Lines:
    """Choose a network. OK comes when the modem is registered, an error when it is refused."""
    number, *rest = arguments(text)
    mode = integer(number, range(5))
    if rest and rest[0]:
        port.settings["+COPS"] = str(integer(rest[0], range(3)))
    if mode == FORMAT_ONLY:
        return OK
    wanted = rest[1] if len(rest) > 1 else ""
    if mode in NEEDS_NAME and not wanted:
        raise AtError(Cme.INVALID_PARAMETER)
    modem = port.modem
    if modem.networks.choose(mode, wanted) and mode != DEREGISTER:
        port.takes(modem.spec.registration_seconds)
    if mode == MANUAL:
        _require_taken(modem.radio.registration, modem.networks.refused)
    return OK


def _require_taken(registration: Registration, refused: bool) -> None:
    if registration is Registration.DENIED:
        raise AtError(Cme.EMERGENCY_ONLY)
    if refused:
        raise AtError(Cme.NO_NETWORK)


def _scan(port: AtPort, _text: str) -> Lines:
    modem = port.modem
    port.takes(modem.spec.scan_seconds)
    seen = modem.networks.seen()
    if not seen:
        raise AtError(Cme.NO_NETWORK)
    rows = (
        f'({row.status},"{row.operator.name}","{row.operator.short}",'
        f'"{row.operator.plmn}",{ACT_LTE})'
        for row in seen
    )
    modes = f"({','.join(map(str, range(AUTOMATIC, MANUAL_AUTOMATIC + 1)))})"
    return (f"+COPS: {','.join(rows)},,{modes},(0,1,2)",)


def _network_info(port: AtPort, _text: str) -> Lines:
    if not port.modem.radio.registration.registered:
        return ("+QNWINFO: No Service",)
    return (f'+QNWINFO: "FDD LTE","{port.modem.operator.plmn}","LTE BAND 3",{CHANNEL}',)


def _provider(port: AtPort, _text: str) -> Lines:
    op = port.modem.operator
    if not port.modem.radio.registration.registered:
        return ('+QSPN: "","","",0,""',)
    return (f'+QSPN: "{op.name}","{op.short}","",0,"{op.plmn}"',)


def _clock(_port: AtPort, _text: str) -> Lines:
    return (time.strftime('+CCLK: "%y/%m/%d,%H:%M:%S+00"', time.gmtime()),)


def _network_time(port: AtPort, text: str) -> Lines:
    """AT+QLTS[=mode]: empty until a network told the time."""
    if text:
        integer(text, range(3))
    if not port.modem.radio.registration.registered:
        return ('+QLTS: ""',)
    return (time.strftime('+QLTS: "%Y/%m/%d,%H:%M:%S+00,0"', time.gmtime()),)


def _ims(port: AtPort, _text: str) -> Lines:
    """AT+CIREG? (27.007 section 8.71). Not in Quectel's manual: some firmware says ERROR."""
    modem = port.modem
    return (f"+CIREG: 0,{int(modem.config.volte and modem.radio.registration.registered)}",)


NETWORK: Table = {
    **{f"+{name}": _registration(name) for name in ("CREG", "CGREG", "CEREG")},
    "+COPS": Command(read=_read_cops, write=_write_cops, test=_scan),
    "+QNWINFO": Command(run=_network_info, test=OK),
    "+QSPN": Command(run=_provider, test=OK),
    "+CCLK": Command(read=_clock, test=OK),
    "+QLTS": Command(run=_network_time, write=_network_time, test=("+QLTS: (0-2)",)),
    "+CIREG": Command(read=_ims, test=("+CIREG: (0-2)",)),
    "+CPOL": Command(read=OK, write=OK, test=("+CPOL: (0-31),(0-2)",)),  # no preferred networks
    "+QNWLOCK": Command(test=OK),
}
