# SPDX-License-Identifier: GPL-3.0-or-later
"""PDP contexts and counters as AT shows them. Data runs over QMI: context 1 is that bearer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemlab.at.command import OK, Command, Lines, Table, arguments, integer
from modemlab.at.errors import AtError, Cme
from modemlab.modem.contexts import CONTEXT_IDS, DATA_CONTEXT, TYPES, Context
from modemlab.modem.traffic import INTERVALS

if TYPE_CHECKING:
    from modemlab.at.port import AtPort

# No address, in dotted bytes: 4 of IPv4, 16 of IPv6, or both (EC25 logs in public threads)
NO_ADDRESS = {"IP": 4, "PPP": 4, "IPV6": 16, "IPV4V6": 20}
# <data_comp>, <head_comp>, <IPv4_addr_alloc>, <request_type>
OPTIONS = (range(3), range(5), range(2), range(2))


def _zeros(kind: str) -> str:
    return ".".join("0" * NO_ADDRESS[kind])


def _read_contexts(port: AtPort, _text: str) -> Lines:
    return tuple(
        f'+CGDCONT: {number},"{context.kind}","{context.apn}","{_zeros(context.kind)}",'
        + ",".join(map(str, context.options))
        for number, context in port.modem.contexts.defined.items()
    )


def _write_context(port: AtPort, text: str) -> Lines:
    """AT+CGDCONT=cid[,type[,apn[,address[,options…]]]]; the number alone undefines."""
    cid, *rest = arguments(text)
    number, contexts = integer(cid, CONTEXT_IDS), port.modem.contexts
    if number == DATA_CONTEXT and port.modem.connected:
        raise AtError(Cme.NOT_ALLOWED)  # an active context is not changed (manual, +CGDCONT)
    if not rest:
        contexts.forget(number)
        return OK
    if rest[0] not in TYPES or len(rest) > 3 + len(OPTIONS):
        raise AtError(Cme.INVALID_PARAMETER)
    given = rest[3:] + ["0"] * (len(OPTIONS) - len(rest[3:]))
    a, b, c, d = (integer(o or "0", ok) for o, ok in zip(given, OPTIONS, strict=True))
    contexts.define(number, Context(rest[0], rest[1] if len(rest) > 1 else "", (a, b, c, d)))
    return OK


def _asked(port: AtPort, text: str) -> list[int]:
    """The numbers that were given, each of which has to be defined; all defined without any."""
    defined = port.modem.contexts.defined
    if not text:
        return list(defined)
    numbers = [integer(cid, CONTEXT_IDS) for cid in arguments(text)]
    if not all(number in defined for number in numbers):
        raise AtError(Cme.INVALID_PARAMETER)
    return numbers


def _addresses(port: AtPort, text: str) -> Lines:
    """+CGPADDR; a context without a bearer shows zeros, one for each of its families."""
    modem = port.modem
    lines = []
    for number in _asked(port, text):
        kind = modem.contexts.defined[number].kind
        v4 = modem.wan.address if number == DATA_CONTEXT and modem.connected else _zeros("IP")
        shown = {"IPV6": _zeros("IPV6"), "IPV4V6": f"{v4},{_zeros('IPV6')}"}.get(kind, v4)
        lines.append(f'+CGPADDR: {number},"{shown}"')
    return tuple(lines)


def _active(port: AtPort, _text: str) -> Lines:
    modem = port.modem
    return tuple(
        f"+CGACT: {number},{int(number == DATA_CONTEXT and modem.connected)}"
        for number in modem.contexts.defined
    )


def _activate(port: AtPort, text: str) -> Lines:
    """AT+CGACT=0,1 ends the bearer as the network would; 1 needs registration and is a no-op."""
    state, *numbers = arguments(text)
    wanted, chosen = integer(state, range(2)), _asked(port, ",".join(numbers))
    if not port.modem.radio.registration.registered:
        raise AtError(Cme.NO_NETWORK)
    if wanted and chosen != [DATA_CONTEXT]:
        raise AtError(Cme.UNSPECIFIED_GPRS)  # only context 1 has a bearer here
    if not wanted and DATA_CONTEXT in chosen:
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


def _read_counters(port: AtPort, _text: str) -> Lines:
    sent, received = port.modem.traffic.count
    return (f"+QGDCNT: {sent},{received}",)


def _write_counters(port: AtPort, text: str) -> Lines:
    traffic = port.modem.traffic
    (traffic.reset, traffic.save)[integer(text, range(2))]()
    return OK


def _write_interval(port: AtPort, text: str) -> Lines:
    port.modem.traffic.save_every(integer(text, INTERVALS))
    return OK


def _numbers(port: AtPort, name: str) -> Lines:
    return (f"{name}: ({','.join(map(str, port.modem.contexts.defined))})",)


PDP: Table = {
    "+CGDCONT": Command(
        read=_read_contexts,
        write=_write_context,
        test=tuple(
            f'+CGDCONT: (1-16),"{kind}",,,(0-2),(0-4),(0,1),(0,1)'
            for kind in ("IP", "PPP", "IPV6", "IPV4V6")
        ),
    ),
    "+CGPADDR": Command(
        run=_addresses, write=_addresses, test=lambda p, _t: _numbers(p, "+CGPADDR")
    ),
    "+CGACT": Command(read=_active, write=_activate, test=("+CGACT: (0,1)",)),
    "+CGATT": Command(read=_attached, write=OK, test=("+CGATT: (0,1)",)),
    "+CGCONTRDP": Command(run=_dynamic, write=_dynamic,
                          test=lambda p, _t: _numbers(p, "+CGCONTRDP")),
    "+QGDCNT": Command(read=_read_counters, write=_write_counters, test=("+QGDCNT: (0,1)",)),
    "+QAUGDCNT": Command(read=lambda p, _t: (f"+QAUGDCNT: {p.modem.traffic.interval}",),
                         write=_write_interval, test=("+QAUGDCNT: (0,30-65535)",)),
}  # fmt: skip
