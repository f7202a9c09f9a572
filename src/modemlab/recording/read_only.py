# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands a recorder may send: a closed list, of questions that change nothing.

Left out on purpose: +CMGL and +CMGR (they mark messages as read), +CUSD (it asks the network) and
every setting. Sources: "Quectel EC2x AT commands manual", 3GPP TS 27.007.
"""

from __future__ import annotations

ANSWER_SECONDS = 5.0  # the manual's 300 ms and time for a busy modem
SCAN_SECONDS = 185.0  # +COPS=? may take 180 s by the manual
# What modemfarm reads, in the order in which it asks
COMMANDS = (
    "AT",
    "ATI",
    "AT+CGMI",
    "AT+CGMM",
    "AT+CGMR",
    "AT+QGMR",
    "AT+CGSN",
    "AT+CMEE?",
    "AT+CFUN?",
    "AT+CPIN?",
    "AT+QPINC?",
    "AT+QINISTAT",
    "AT+QSIMSTAT?",
    "AT+QCCID",
    "AT+CCID",
    "AT+CIMI",
    "AT+CNUM",
    "AT+CREG?",
    "AT+CGREG?",
    "AT+CEREG?",
    "AT+COPS?",
    "AT+QSPN",
    "AT+QNWINFO",
    "AT+CSQ",
    "AT+QCSQ",
    "AT+CESQ",
    'AT+QENG="servingcell"',
    'AT+QENG="neighbourcell"',
    "AT+CGATT?",
    "AT+CGDCONT?",
    "AT+CGPADDR",
    "AT+CGACT?",
    "AT+QGDCNT?",
    "AT+QAUGDCNT?",
    'AT+QCFG="usbnet"',
    'AT+QCFG="usbcfg"',
    'AT+QCFG="band"',
    'AT+QCFG="nwscanmode"',
    'AT+QCFG="nwscanseq"',
    'AT+QCFG="ims"',
    'AT+QCFG="roamservice"',
    'AT+QCFG="servicedomain"',
    "AT+CPMS?",
    "AT+CSCA?",
    "AT+CUSD?",
    "AT+CLCC",
    "AT+CIREG?",
    "AT+CCLK?",
    "AT+QTEMP",
    "AT+CBC",
)
# Asked only when somebody wants it: slow, or of use in a few cases
FURTHER = (
    "AT+COPS=?",
    "AT+CREG=?",
    "AT+CGREG=?",
    "AT+CEREG=?",
    "AT+CFUN=?",
    "AT+CPMS=?",
    "AT+CGDCONT=?",
    "AT+CGCONTRDP",
    "AT+CNMI?",
    "AT+CMGF?",
    "AT+CSCS?",
    "AT+QCFG=?",
    'AT+QPINC="SC"',
    'AT+QURCCFG="urcport"',
    "AT+QLTS",
    "AT+CEER",
    "AT+CPAS",
    "AT&V",
)
ALLOWED = {command.upper(): command for command in (*COMMANDS, *FURTHER)}


def seconds(command: str) -> float:
    """How long to wait for the final result."""
    return SCAN_SECONDS if command == "AT+COPS=?" else ANSWER_SECONDS


def chosen(text: str) -> list[str]:
    """The commands of a file, one a line; `#` begins a comment. Raises ValueError."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        command = line.partition("#")[0].strip()
        if not command:
            continue
        if command.upper() not in ALLOWED:
            allowed = ", ".join(ALLOWED.values())
            raise ValueError(f"line {number}: command is {command!r}: one of {allowed} is allowed")
        found.append(ALLOWED[command.upper()])
    if not found:
        raise ValueError("no command: at least one is needed")
    return found
