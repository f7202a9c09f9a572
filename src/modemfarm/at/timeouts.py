# SPDX-License-Identifier: GPL-3.0-or-later
"""How long an answer may take, and why. Maximum response times of the EC2x AT commands manual."""

from dataclasses import dataclass

from .syntax import Command, Kind


@dataclass(frozen=True)
class Limit:
    """Seconds until a command counts as unanswered, and where the figure comes from."""

    seconds: float
    reason: str


# 300 ms by the manual; the rest is for a host that emulates, and a port that just woke up.
LOCAL = Limit(5.0, "answered from the modem's memory: 300 ms by the manual")
SIM = Limit(10.0, "reads the SIM: 5 s by the manual, and as long again while it starts")
_CHOICE = Limit(185.0, "searches or changes networks: 180 s by the manual")
_BEARER = Limit(155.0, "the network gives or takes an address: 150 s by the manual")
_ATTACH = Limit(145.0, "the network attaches or detaches: 140 s by the manual")
_USSD = Limit(125.0, "the network answers: 120 s by the manual")
_FUNCTION = Limit(20.0, "leaves or enters the network: 15 s by the manual")
_MESSAGES = Limit(30.0, "255 messages at some 100 ms each; the manual has 300 ms for one")

_OF: dict[tuple[str, Kind], Limit] = {
    ("+COPS", Kind.TEST): _CHOICE,
    ("+COPS", Kind.WRITE): _CHOICE,
    ("+CGACT", Kind.WRITE): _BEARER,
    ("+CGATT", Kind.WRITE): _ATTACH,
    ("+CUSD", Kind.WRITE): _USSD,
    ("+CFUN", Kind.WRITE): _FUNCTION,
    ("+CMGL", Kind.RUN): _MESSAGES,
    ("+CMGL", Kind.WRITE): _MESSAGES,
    ("+CMGR", Kind.WRITE): SIM,
    ("+CPMS", Kind.READ): SIM,
    ("+CPMS", Kind.WRITE): SIM,
    ("+CPIN", Kind.READ): SIM,
    ("+CPIN", Kind.WRITE): SIM,
    ("+QPINC", Kind.READ): SIM,
    ("+QPINC", Kind.WRITE): SIM,
    ("+CIMI", Kind.RUN): SIM,
    ("+QCCID", Kind.RUN): SIM,
    ("+CCID", Kind.RUN): SIM,
    ("+CNUM", Kind.RUN): SIM,
}


def limit_of(command: Command) -> Limit:
    """The limit of a command; one that nobody named answers from memory."""
    return _OF.get((command.name, command.kind), LOCAL)
