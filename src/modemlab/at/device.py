# SPDX-License-Identifier: GPL-3.0-or-later
"""Who the modem is, its function level, its USB configuration and its error format."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from modemlab.at.command import OK, Command, Lines, Table, arguments, integer
from modemlab.modem.radio import FUNCTION_AIRPLANE, FUNCTION_FULL, FUNCTION_OFF

if TYPE_CHECKING:
    from modemlab.at.port import AtPort

MANUFACTURER, MODEL = "Quectel", "EC25"
FUNCTIONS = (FUNCTION_OFF, FUNCTION_FULL, FUNCTION_AIRPLANE)
# Baseband, crystal and amplifier in degrees, each wandering a little
TEMPERATURES = ((34, 31), (33, 53), (33, 23))


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


def _power_down(port: AtPort, _text: str) -> Lines:
    port.urc("POWERED DOWN")
    port.modem.leave_soon(port.modem.vanish)
    return OK


def _temperatures(port: AtPort, _text: str) -> Lines:
    now = port.modem.clock.now()
    shown = (str(base + round(math.sin(now / period))) for base, period in TEMPERATURES)
    return (f"+QTEMP: {','.join(shown)}",)


def _harm(port: AtPort, _text: str) -> Lines:
    """A command that can cost a real modem its identity or firmware: only counted."""
    port.modem.counters.destructive += 1
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
    "+QPOWD": Command(run=_power_down, write=_power_down, test=("+QPOWD: (0,1)",)),
    "+CBC": Command(run=("+CBC: 0,0,3841",), test=("+CBC: (0,1),(1-100),<voltage>",)),
    "+QTEMP": Command(run=_temperatures, test=OK),
    "+CLCC": Command(run=OK, test=OK),  # no call, so no line
    **dict.fromkeys(("+EGMR", "+QPRTPARA", "+QRST", "+QFOTADL"), Command(write=_harm)),
    "+QFASTBOOT": Command(run=_harm),
}
