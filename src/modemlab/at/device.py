# SPDX-License-Identifier: GPL-3.0-or-later
"""Who the modem is, its function level, its USB configuration and its error format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemlab.at.command import OK, AtError, Cme, Command, Lines, Table, arguments, integer
from modemlab.modem.radio import FUNCTION_AIRPLANE, FUNCTION_FULL, FUNCTION_OFF

if TYPE_CHECKING:
    from modemlab.at.port import AtPort

MANUFACTURER, MODEL = "Quectel", "EC25"
FUNCTIONS = (FUNCTION_OFF, FUNCTION_FULL, FUNCTION_AIRPLANE)
USBNET = range(4)  # 0 QMI, 1 ECM, 2 MBIM, 3 RNDIS


def describe(port: AtPort, _text: str) -> Lines:
    """ATI."""
    return (MANUFACTURER, MODEL, f"Revision: {port.modem.spec.firmware}")


def reset_settings(port: AtPort, _text: str) -> Lines:
    """ATZ and AT&F: this port's own settings."""
    port.echo, port.cmee = True, 1
    port.settings.clear()
    port.report.update(dict.fromkeys(port.report, 0))
    return OK


def _firmware(port: AtPort, _text: str) -> Lines:
    return (port.modem.spec.firmware,)


def _full_firmware(port: AtPort, _text: str) -> Lines:
    return (f"{port.modem.spec.firmware}_01.001.01.001",)


def _imei(port: AtPort, _text: str) -> Lines:
    return (port.modem.imei,)


def _write_cmee(port: AtPort, text: str) -> Lines:
    port.cmee = integer(text, range(3))
    return OK


def _write_cfun(port: AtPort, text: str) -> Lines:
    function, *reset = arguments(text)
    level = integer(function, FUNCTIONS)
    if reset and integer(reset[0], range(2)) == 1:
        port.modem.leave_soon(port.modem.reboot)
        return OK
    port.modem.radio.set_function(level)
    return OK


def _write_qcfg(port: AtPort, text: str) -> Lines:
    """AT+QCFG="usbnet"[,n]: stored, and shown on the bus after the next reset."""
    name, *values = arguments(text)
    if name.lower() != "usbnet":
        raise AtError(Cme.INVALID_PARAMETER)
    engine = port.modem.at_engine
    if not values:
        return (f'+QCFG: "usbnet",{engine.usbnet}',)
    engine.usbnet = integer(values[0], USBNET)
    return OK


def _power_down(port: AtPort, _text: str) -> Lines:
    port.modem.leave_soon(port.modem.vanish)
    return OK


IMEI = Command(run=_imei, test=OK)
REVISION = Command(run=_firmware, test=OK)
DEVICE: Table = {
    "+CGMI": Command(run=(MANUFACTURER,), test=OK),
    "+GMI": Command(run=(MANUFACTURER,), test=OK),
    "+CGMM": Command(run=(MODEL,), test=OK),
    "+GMM": Command(run=(MODEL,), test=OK),
    "+CGMR": REVISION,
    "+GMR": REVISION,
    "+QGMR": Command(run=_full_firmware, read=_full_firmware, test=OK),
    "+CGSN": IMEI,
    "+GSN": IMEI,
    "+GCAP": Command(run=("+GCAP: +CGSM",), test=OK),
    "+CMEE": Command(
        read=lambda port, _text: (f"+CMEE: {port.cmee}",),
        write=_write_cmee,
        test=("+CMEE: (0-2)",),
    ),
    "+CFUN": Command(
        read=lambda port, _text: (f"+CFUN: {port.modem.radio.function}",),
        write=_write_cfun,
        test=("+CFUN: (0,1,4),(0,1)",),
    ),
    "+QCFG": Command(write=_write_qcfg, test=('+QCFG: "usbnet",(0-3)',)),
    "+QPOWD": Command(run=_power_down, write=_power_down, test=("+QPOWD: (0,1)",)),
    "+CBC": Command(run=("+CBC: 0,0,3841",), test=("+CBC: (0,1),(1-100),<voltage>",)),
    "+QTEMP": Command(run=('+QTEMP: "34","33","33"',), test=OK),
}
