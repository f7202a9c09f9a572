# SPDX-License-Identifier: GPL-3.0-or-later
"""Every question without arguments by name, for the module, the command line and the tests.

`READS["signal"](session)` asks; `plain.as_plain` makes what comes ready for JSON.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .commands import (
    bearer,
    cell,
    clock,
    config,
    function,
    hardware,
    identity,
    operator,
    registration,
    signal,
    sim,
    storage,
    voice,
)
from .session import AtSession
from .syntax import parse
from .timeouts import limit_of


class Needs(Enum):
    """What must be there for an answer with something in it."""

    MODEM = "modem"
    SIM = "sim"
    NETWORK = "network"


@dataclass(frozen=True)
class Read:
    """One question. `alters` is True where asking changes something all the same."""

    command: str
    ask: Callable[[AtSession], Any]
    needs: Needs = Needs.MODEM
    alters: bool = False

    def __call__(self, session: AtSession) -> Any:
        """Ask. CommandFailedError, AnswerUnreadableError and the session's own errors."""
        return self.ask(session)

    @property
    def seconds(self) -> float:
        """The most that it may take."""
        return limit_of(parse(self.command)).seconds


READS: Mapping[str, Read] = {
    "product": Read("ATI", identity.product),
    "manufacturer": Read("AT+CGMI", identity.manufacturer),
    "model": Read("AT+CGMM", identity.model),
    "revision": Read("AT+CGMR", identity.revision),
    "imei": Read("AT+CGSN", identity.imei),
    "imsi": Read("AT+CIMI", identity.imsi, Needs.SIM),
    "iccid": Read("AT+QCCID", identity.iccid, Needs.SIM),
    "ccid": Read("AT+CCID", identity.ccid, Needs.SIM),
    "sim_state": Read("AT+CPIN?", sim.sim_state),
    "pin_tries": Read("AT+QPINC?", sim.pin_tries, Needs.SIM),
    "own_numbers": Read("AT+CNUM", sim.own_numbers, Needs.SIM),
    "function": Read("AT+CFUN?", function.function),
    "signal": Read("AT+CSQ", signal.signal),
    "detailed_signal": Read("AT+QCSQ", signal.detailed_signal),
    "extended_signal": Read("AT+CESQ", signal.extended_signal),
    "registration": Read("AT+CEREG?", registration.registration),
    "circuit_registration": Read("AT+CREG?", registration.circuit_registration),
    "packet_registration": Read("AT+CGREG?", registration.packet_registration),
    "operator": Read("AT+COPS?", operator.operator, Needs.NETWORK),
    # Data stops while the modem listens elsewhere.
    "scan": Read("AT+COPS=?", operator.scan, Needs.NETWORK, alters=True),
    "provider": Read("AT+QSPN", operator.provider, Needs.NETWORK),
    "network_info": Read("AT+QNWINFO", cell.network_info, Needs.NETWORK),
    "serving_cell": Read('AT+QENG="servingcell"', cell.serving_cell),
    "neighbour_cells": Read('AT+QENG="neighbourcell"', cell.neighbour_cells, Needs.NETWORK),
    "contexts": Read("AT+CGDCONT?", bearer.contexts),
    "addresses": Read("AT+CGPADDR", bearer.addresses, Needs.NETWORK),
    "active_contexts": Read("AT+CGACT?", bearer.active_contexts),
    "traffic": Read("AT+QGDCNT?", bearer.traffic),
    "traffic_autosave": Read("AT+QAUGDCNT?", bearer.traffic_autosave),
    "composition": Read('AT+QCFG="usbnet"', config.composition),
    "usb_identity": Read('AT+QCFG="usbcfg"', config.usb_identity),
    "bands": Read('AT+QCFG="band"', config.bands),
    "scan_mode": Read('AT+QCFG="nwscanmode"', config.scan_mode),
    "scan_order": Read('AT+QCFG="nwscanseq"', config.scan_order),
    "ims": Read('AT+QCFG="ims"', voice.ims),
    "stores": Read("AT+CPMS?", storage.stores, Needs.SIM),
    # Unread messages count as read afterwards (27.005 section 3.4.2).
    "stored_messages": Read("AT+CMGL=4", storage.stored_messages, Needs.SIM, alters=True),
    "clock": Read("AT+CCLK?", clock.clock),
    "temperatures": Read("AT+QTEMP", hardware.temperatures),
    "supply": Read("AT+CBC", hardware.supply),
    "calls": Read("AT+CLCC", voice.calls),
}
