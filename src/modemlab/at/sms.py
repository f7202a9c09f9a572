# SPDX-License-Identifier: GPL-3.0-or-later
"""The message store as AT shows it, in PDU mode (3GPP TS 27.005 sections 3.2 to 3.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemlab.at.command import OK, Command, Lines, Table, arguments, integer
from modemlab.at.errors import AtError, Cms
from modemlab.carrier.sms_centre import CENTRE_NUMBER
from modemlab.modem.messages import ME, MT, SM, Message, Status

if TYPE_CHECKING:
    from modemlab.at.port import AtPort

STORES = (ME, SM, MT)
SETTING = "+CPMS"
DEFAULT = ",".join((ME, ME, ME))
INDEXES = range(256)
TEXT_MODE = "1"
# What <delflag> 1 to 4 of +CMGD takes away; no status means all
DELETED = {
    1: (Status.READ,),
    2: (Status.READ, Status.SENT),
    3: (Status.READ, Status.SENT, Status.UNSENT),
    4: (),
}


def _stores(port: AtPort) -> list[str]:
    """The three chosen stores; messages are read from the first."""
    return port.settings.get(SETTING, DEFAULT).split(",")


def _require_card(port: AtPort) -> None:
    port.modem.sim.require_ready()


def _require_pdu_mode(port: AtPort) -> None:
    """Text mode is not built: nothing of the farm uses it."""
    if port.settings.get("+CMGF", "0") == TEXT_MODE:
        raise AtError(Cms.NOT_SUPPORTED)


def _counts(port: AtPort, store: str) -> str:
    messages = port.modem.messages
    return f"{messages.used(store)},{messages.size(store)}"


def _read_stores(port: AtPort, _text: str) -> Lines:
    _require_card(port)
    shown = (f'"{store}",{_counts(port, store)}' for store in _stores(port))
    return (f"+CPMS: {','.join(shown)}",)


def _choose_stores(port: AtPort, text: str) -> Lines:
    _require_card(port)
    chosen = arguments(text)
    if len(chosen) > 3 or not all(store in STORES for store in chosen):
        raise AtError(Cms.NOT_ALLOWED)
    stores = chosen + _stores(port)[len(chosen) :]
    port.settings[SETTING] = ",".join(stores)
    return (f"+CPMS: {','.join(_counts(port, store) for store in stores)}",)


def _shown(port: AtPort, message: Message) -> str:
    """`stat,[alpha],length` and the PDU on a line of its own; reading marks it as read."""
    if message.status is Status.UNREAD:
        port.modem.messages.set_status(message.storage, message.index, Status.READ)
    return f"{int(message.status)},,{len(message.tpdu)}\r\n{message.pdu.hex().upper()}"


def _list(port: AtPort, text: str) -> Lines:
    _require_card(port)
    _require_pdu_mode(port)
    status = Status(integer(text or "0", range(5), Cms.INVALID_PDU_PARAMETER))
    found = port.modem.messages.list(_stores(port)[0], status)
    return tuple(f"+CMGL: {message.index},{_shown(port, message)}" for message in found)


def _read(port: AtPort, text: str) -> Lines:
    _require_card(port)
    _require_pdu_mode(port)
    index = integer(text, INDEXES, Cms.INVALID_INDEX)
    return (f"+CMGR: {_shown(port, port.modem.messages.get(_stores(port)[0], index))}",)


def _delete(port: AtPort, text: str) -> Lines:
    """AT+CMGD=index[,delflag]; a flag other than 0 makes the index meaningless."""
    _require_card(port)
    index, *flag = arguments(text)
    number = integer(index, INDEXES, Cms.INVALID_INDEX)
    which = integer(flag[0], range(5), Cms.INVALID_PDU_PARAMETER) if flag else 0
    store, messages = _stores(port)[0], port.modem.messages
    if which:
        messages.clear(store, *DELETED[which])
    else:
        messages.delete(store, number)
    return OK


def _deletable(port: AtPort, _text: str) -> Lines:
    found = port.modem.messages.list(_stores(port)[0])
    return (f"+CMGD: ({','.join(str(message.index) for message in found)}),(0-4)",)


def _centre(port: AtPort, _text: str) -> Lines:
    _require_card(port)
    return (f'+CSCA: "{CENTRE_NUMBER}",145',)


SMS: Table = {
    "+CPMS": Command(
        read=_read_stores,
        write=_choose_stores,
        test=('+CPMS: ("ME","MT","SM"),("ME","MT","SM"),("ME","MT","SM")',),
        sms=True,
    ),
    "+CMGL": Command(run=_list, write=_list, test=("+CMGL: (0-4)",), sms=True),
    "+CMGR": Command(write=_read, test=OK, sms=True),
    "+CMGD": Command(write=_delete, test=_deletable, sms=True),
    "+CSCA": Command(read=_centre, test=OK, sms=True),
}
