# SPDX-License-Identifier: GPL-3.0-or-later
"""PDP contexts as AT shows them. Data runs over QMI: context 1 mirrors that bearer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemlab.at.command import OK, AtError, Cme, Command, Lines, Table, arguments, integer

if TYPE_CHECKING:
    from modemlab.at.port import AtPort

CONTEXTS = range(1, 16)
TYPES = ("IP", "IPV6", "IPV4V6", "PPP")
NO_ADDRESS = "0.0.0.0"


def _read_contexts(port: AtPort, _text: str) -> Lines:
    kind = "IPV4V6" if port.modem.ipv6 else "IP"
    return (f'+CGDCONT: 1,"{kind}","{port.modem.apn}","{NO_ADDRESS}",0,0,0,0',)


def _write_context(port: AtPort, text: str) -> Lines:
    number, *rest = arguments(text)
    integer(number, CONTEXTS)
    if rest and rest[0] not in TYPES:
        raise AtError(Cme.INVALID_PARAMETER)
    if int(number) == 1 and len(rest) > 1:
        port.modem.apn = rest[1]
    return OK


def _addresses(port: AtPort, text: str) -> Lines:
    if text:
        integer(arguments(text)[0], CONTEXTS)
    if not port.modem.connected:
        return (f'+CGPADDR: 1,"{NO_ADDRESS}"',)
    return (f'+CGPADDR: 1,"{port.modem.wan.address}"',)


def _active(port: AtPort, _text: str) -> Lines:
    return (f"+CGACT: 1,{int(port.modem.connected)}",)


def _activate(port: AtPort, text: str) -> Lines:
    """AT+CGACT=0,1 ends the bearer as the network would; 1 needs registration and is a no-op."""
    values = arguments(text)
    state = integer(values[0], range(2))
    if len(values) > 1:
        integer(values[1], CONTEXTS)
    if not port.modem.radio.registration.registered:
        raise AtError(Cme.NO_NETWORK)
    if state == 0:
        port.modem.bearers.stop_all()
    return OK


def _attached(port: AtPort, _text: str) -> Lines:
    return (f"+CGATT: {int(port.modem.radio.registration.registered)}",)


def _dynamic(port: AtPort, _text: str) -> Lines:
    """AT+CGCONTRDP: what the network gave the context."""
    modem = port.modem
    if not modem.connected:
        return OK
    servers = [server for server in modem.dns if ":" not in server]
    dns = ",".join(f'"{server}"' for server in servers)
    address = f"{modem.wan.address}.{modem.wan.netmask}"
    return (f'+CGCONTRDP: 1,5,"{modem.apn}","{address}","{modem.wan.gateway}",{dns}',)


PDP: Table = {
    "+CGDCONT": Command(
        read=_read_contexts,
        write=_write_context,
        test=('+CGDCONT: (1-15),"IP",,,(0-2),(0-4),(0,1),(0,1)',),
    ),
    "+CGPADDR": Command(run=_addresses, write=_addresses, test=("+CGPADDR: (1)",)),
    "+CGACT": Command(read=_active, write=_activate, test=("+CGACT: (0,1)",)),
    "+CGATT": Command(read=_attached, write=OK, test=("+CGATT: (0,1)",)),
    "+CGCONTRDP": Command(run=_dynamic, write=_dynamic, test=("+CGCONTRDP: (1)",)),
}
