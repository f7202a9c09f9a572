# SPDX-License-Identifier: GPL-3.0-or-later
"""What a viewer may send: questions, which change nothing in modem, SIM or network."""

from ..fields import number, words
from ..grammar import Form, asks
from ..never import QCFG_READS
from ..permit import Role
from ..syntax import Kind

_CONTEXT = number(1, 15)
_RUN = asks(
    Kind.RUN,
    Role.VIEWER,
    (
        ("", "whether the modem answers"),
        ("I", "maker, model and firmware"),
        ("&V", "settings of this port"),
        ("+CGMI", "maker"),
        ("+GMI", "maker"),
        ("+CGMM", "model"),
        ("+GMM", "model"),
        ("+CGMR", "firmware"),
        ("+GMR", "firmware"),
        ("+QGMR", "firmware with its build number"),
        ("+CGSN", "IMEI"),
        ("+GSN", "IMEI"),
        ("+GCAP", "capabilities"),
        ("+CIMI", "IMSI of the SIM"),
        ("+CCID", "ICCID of the SIM"),
        ("+QCCID", "ICCID of the SIM"),
        ("+CNUM", "own numbers on the SIM"),
        ("+CSQ", "signal strength"),
        ("+QCSQ", "signal strength and quality"),
        ("+CESQ", "signal strength and quality by technology"),
        ("+QNWINFO", "technology, network, band and channel"),
        ("+QSPN", "name of the network"),
        ("+QLTS", "time by the network"),
        ("+CEER", "why the last call or bearer ended"),
        ("+CPAS", "activity"),
        ("+CLCC", "calls"),
        ("+CBC", "supply voltage"),
        ("+QTEMP", "temperatures"),
        ("+QINISTAT", "how far the SIM has started"),
        ("+CGPADDR", "addresses of the bearers"),
        ("+CGCONTRDP", "what the network gave the bearers"),
    ),
)
_READ = asks(
    Kind.READ,
    Role.VIEWER,
    (
        ("+CFUN", "how much of the modem is on"),
        ("+CMEE", "form of error results"),
        ("+CPIN", "what the SIM wants"),
        ("+QPINC", "tries of PIN and PUK that are left"),
        ("+QINISTAT", "how far the SIM has started"),
        ("+QSIMSTAT", "whether a SIM is in"),
        ("+CREG", "registration for calls"),
        ("+CGREG", "registration for data, 2G and 3G"),
        ("+CEREG", "registration for data, LTE"),
        ("+CIREG", "registration for voice over LTE"),
        ("+COPS", "network"),
        ("+CPOL", "preferred networks on the SIM"),
        ("+CGATT", "whether attached for data"),
        ("+CGACT", "bearers that are up"),
        ("+CGDCONT", "bearers as they are set"),
        ("+CGEREP", "reports about bearers"),
        ("+QGDCNT", "bytes sent and received"),
        ("+QAUGDCNT", "how often the byte counters are saved"),
        ("+CPMS", "message stores and how full they are"),
        ("+CMGF", "form of messages"),
        ("+CNMI", "how new messages are told"),
        ("+CSCA", "number of the message centre"),
        ("+CSCS", "character set"),
        ("+CUSD", "whether USSD answers are shown"),
        ("+CCLK", "clock"),
        ("+CTZU", "whether the network sets the clock"),
        ("+CTZR", "whether changes of the time zone are told"),
        ("+CEMODE", "whether voice or data comes first"),
        ("+CLIP", "whether callers' numbers are shown"),
    ),
)
_WITH_ARGUMENTS = (
    Form("+QPINC", Kind.WRITE, Role.VIEWER, "tries that are left", (words("SC", "P2"),), 1),
    Form("+QCFG", Kind.WRITE, Role.VIEWER, "one setting", (words(*QCFG_READS),), 1),
    Form("+QMBNCFG", Kind.WRITE, Role.VIEWER, "carrier profiles", (words("List"),), 1),
    Form("+QURCCFG", Kind.WRITE, Role.VIEWER, "port of notices", (words("urcport"),), 1),
    Form(
        "+QENG", Kind.WRITE, Role.VIEWER, "serving or neighbour cells",
        (words("servingcell", "neighbourcell"),), 1,
    ),
    Form("+CGPADDR", Kind.WRITE, Role.VIEWER, "address of a bearer", (_CONTEXT,), 1),
    Form("+CGCONTRDP", Kind.WRITE, Role.VIEWER, "what the network gave", (_CONTEXT,), 1),
    Form("+QLTS", Kind.WRITE, Role.VIEWER, "time by the network", (number(0, 2),), 1),
)  # fmt: skip
VIEWER: tuple[Form, ...] = (*_RUN, *_READ, *_WITH_ARGUMENTS)
