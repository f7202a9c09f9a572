# SPDX-License-Identifier: GPL-3.0-or-later
"""SIM commands: PIN and PUK, numbers on the card, restricted file access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemlab.at.command import OK, Command, Lines, Table, arguments, integer
from modemlab.at.errors import AtError, Cme
from modemlab.modem import simfiles
from modemlab.modem.errors import SimMissingError
from modemlab.modem.radio import FUNCTION_OFF
from modemlab.modem.sim import SimState

if TYPE_CHECKING:
    from modemlab.at.port import AtPort

CPIN = {
    SimState.READY: "READY",
    SimState.PIN: "SIM PIN",
    SimState.PUK: "SIM PUK",
    SimState.BLOCKED: "SIM PUK",
}
PIN2_TRIES = "3,10"
FILE_IDS = range(0x10000)
READ_BINARY, GET_RESPONSE = 176, 192  # commands of AT+CRSM (3GPP TS 27.007 section 8.18)
FILE_NOT_FOUND = "+CRSM: 106,130"  # 6A82 of ETSI TS 102 221


def cpin_word(state: SimState) -> str:
    """What +CPIN: says. Raises SimMissingError."""
    if state is SimState.MISSING:
        raise SimMissingError
    return CPIN[state]


def _read_cpin(port: AtPort, _text: str) -> Lines:
    if port.modem.radio.function == FUNCTION_OFF:
        raise AtError(Cme.SIM_FAILURE)  # the card has no power (EC2x manual, example of +CFUN)
    return (f"+CPIN: {cpin_word(port.modem.sim.state)}",)


def _write_cpin(port: AtPort, text: str) -> Lines:
    sim, values = port.modem.sim, arguments(text)
    if sim.state is SimState.READY:
        raise AtError(Cme.NOT_ALLOWED)
    if not all(value.isdecimal() and 4 <= len(value) <= 8 for value in values):
        raise AtError(Cme.INVALID_PARAMETER)
    if len(values) == 2:
        sim.unblock(values[0], values[1])
    elif len(values) == 1:
        sim.verify(values[0])
    else:
        raise AtError(Cme.INVALID_PARAMETER)
    return OK


def _pin_tries(port: AtPort, text: str) -> Lines:
    """AT+QPINC? and AT+QPINC="SC": tries of PIN and PUK."""
    sim = port.modem.sim
    cpin_word(sim.state)
    rows = {
        "SC": f'+QPINC: "SC",{sim.pin_tries},{sim.puk_tries}',
        "P2": f'+QPINC: "P2",{PIN2_TRIES}',
    }
    if not text:
        return tuple(rows.values())
    name = arguments(text)[0]
    if name not in rows:
        raise AtError(Cme.INVALID_PARAMETER)
    return (rows[name],)


def _lock(port: AtPort, text: str) -> Lines:
    """AT+CLCK="SC",mode[,password]: ask for (2), switch off (0) or on (1) the PIN request."""
    sim, values = port.modem.sim, arguments(text)
    cpin_word(sim.state)
    if values[0] != "SC" or len(values) < 2:
        raise AtError(Cme.INVALID_PARAMETER)
    mode = integer(values[1], range(3))
    if mode == 2:
        return (f"+CLCK: {int(sim.pin_enabled)}",)
    sim.set_lock(mode == 1, values[2] if len(values) > 2 else "")
    return OK


def _imsi(port: AtPort, _text: str) -> Lines:
    port.modem.sim.require_ready()
    return (port.modem.imsi,)


def _iccid(prefix: str) -> Command:
    def run(port: AtPort, _text: str) -> Lines:
        if not port.modem.sim.present:
            raise AtError(Cme.SIM_FAILURE)  # and not "not inserted", as a real one was seen to say
        return (f"{prefix}: {port.modem.iccid}",)

    return Command(run=run, read=run, test=OK)


def _number(port: AtPort, _text: str) -> Lines:
    port.modem.sim.require_ready()
    return (f'+CNUM: ,"{port.modem.msisdn}",145',)


def _restricted_access(port: AtPort, text: str) -> Lines:
    """AT+CRSM=command,file[,P1,P2,length]: reading of transparent files."""
    values = arguments(text)
    command = integer(values[0], range(256))
    content = simfiles.read(port.modem, integer(values[1] if len(values) > 1 else "", FILE_IDS))
    if content is None:
        return (FILE_NOT_FOUND,)
    if command == GET_RESPONSE:
        size = f"{len(content):04X}"
        return (f'+CRSM: 144,0,"62048002{size}"',)  # file control parameters with the size only
    if command != READ_BINARY:
        raise AtError(Cme.NOT_SUPPORTED)
    length = integer(values[4], range(256)) if len(values) > 4 else 0
    return (f'+CRSM: 144,0,"{content[: length or None].hex().upper()}"',)


def _init_status(port: AtPort, _text: str) -> Lines:
    # bit 0: CPIN ready, 1: SMS done, 2: phone book done
    return (f"+QINISTAT: {7 if port.modem.sim.state is SimState.READY else 0}",)


def _sim_status(port: AtPort, _text: str) -> Lines:
    return (f"+QSIMSTAT: 0,{int(port.modem.sim.present)}",)


SIM: Table = {
    "+CPIN": Command(read=_read_cpin, write=_write_cpin, test=OK),
    "+QPINC": Command(read=lambda p, _t: _pin_tries(p, ""), write=_pin_tries,
                      test=('+QPINC: ("SC","P2")',)),
    "+CLCK": Command(write=_lock, test=('+CLCK: ("SC")',)),
    "+CIMI": Command(run=_imsi, test=OK),
    "+QCCID": _iccid("+QCCID"),
    "+CCID": _iccid("+CCID"),
    "+ICCID": _iccid("+ICCID"),
    "+CNUM": Command(run=_number, test=OK),
    "+CRSM": Command(write=_restricted_access, test=OK),
    "+QINISTAT": Command(run=_init_status, read=_init_status, test=("+QINISTAT: (0-7)",)),
    "+QSIMSTAT": Command(read=_sim_status, write=OK, test=("+QSIMSTAT: (0,1)",)),
    "+QSIMDET": Command(read=("+QSIMDET: 0,0",), write=OK, test=("+QSIMDET: (0,1),(0,1)",)),
}  # fmt: skip
