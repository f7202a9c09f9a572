# SPDX-License-Identifier: GPL-3.0-or-later
"""AT+CUSD (3GPP TS 27.007 section 7.15): OK at once, the network's answer unsolicited.

<m> of the answer: 0 no further action, 1 a reply is wanted, 2 ended by the network, 4 not
supported by the network. <dcs> is 15 for the GSM alphabet and 72 for UCS-2 (3GPP TS 23.038).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemlab.at.command import OK, Command, Lines, Table, arguments, integer
from modemlab.at.errors import AtError, Cme
from modemlab.modem.errors import UssdRefusedError
from modemlab.modem.ussd import NETWORK_SECONDS, Answer

if TYPE_CHECKING:
    from modemlab.at.port import AtPort

SHOW, CANCEL = 1, 2  # <n>; 0 only switches the answers off
DONE, REPLY_WANTED, ENDED, NOT_SUPPORTED = 0, 1, 2, 4
GSM_DCS, UCS2_DCS = 15, 72
MAX_CODE = 182  # characters of a USSD string (3GPP TS 23.038 section 6.1.2.3)


def _read(port: AtPort, _text: str) -> Lines:
    return (f"+CUSD: {port.settings.get('+CUSD', '0')}",)


def _write(port: AtPort, text: str) -> Lines:
    mode, *rest = arguments(text)
    number = integer(mode, range(3))
    if number == CANCEL:
        port.modem.ussd.cancel()
        return OK
    port.settings["+CUSD"] = mode
    if not rest or not rest[0]:
        return OK
    if len(rest[0]) > MAX_CODE:
        raise AtError(Cme.INVALID_PARAMETER)
    port.modem.sim.require_ready()
    if not port.modem.radio.registration.registered:
        raise AtError(Cme.NO_NETWORK)
    port.later(NETWORK_SECONDS, lambda: _answer(port, rest[0]))
    return OK


def _answer(port: AtPort, said: str) -> None:
    """What the network makes of a code, or of a reply when a menu waits for one."""
    ussd = port.modem.ussd
    try:
        answer = ussd.reply(said) if ussd.waiting else ussd.dial(said)
    except UssdRefusedError:
        line = f"+CUSD: {NOT_SUPPORTED}"
    else:
        line = f'+CUSD: {REPLY_WANTED if answer.more else DONE},"{_text(answer)}",{_dcs(answer)}'
    if port.settings.get("+CUSD") == str(SHOW):
        port.urc(line)


def _text(answer: Answer) -> str:
    """As the character set GSM shows it; UCS-2 is hexadecimal."""
    return answer.text.encode("utf-16-be").hex().upper() if answer.ucs2 else answer.text


def _dcs(answer: Answer) -> int:
    return UCS2_DCS if answer.ucs2 else GSM_DCS


USSD: Table = {"+CUSD": Command(read=_read, write=_write, test=("+CUSD: (0-2)",))}
