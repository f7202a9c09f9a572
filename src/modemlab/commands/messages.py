# SPDX-License-Identifier: GPL-3.0-or-later
"""Short messages for the control socket: into a modem from outside, and what it has stored."""

from dataclasses import asdict
from typing import Any

from modemlab.carrier.sms_centre import SmsCentre
from modemlab.commands.fields import FieldError
from modemlab.modem import texts
from modemlab.modem.messages import ME, SM, Message
from modemlab.modem.modem import Modem
from modemlab.modem.pdu import PduError


def deliver(centre: SmsCentre, modem: Modem, sender: str, text: str) -> int:
    """Deliver `text`; gives the number of parts. Raises FieldError."""
    try:
        return centre.inject(modem, sender, text)
    except ValueError as error:
        raise FieldError("sender", sender, f"a number, or a name ({error})") from None


def stored(centre: SmsCentre, modem: Modem) -> dict[str, Any]:
    """`messages` of both storages as JSON-ready rows, and the number `waiting` outside."""
    rows = [_row(message) for name in (ME, SM) for message in modem.messages.list(name)]
    return {"messages": rows, "waiting": centre.waiting(modem)}


def _row(message: Message) -> dict[str, Any]:
    place = {
        "storage": message.storage,
        "index": message.index,
        "status": message.status.name.lower(),
    }
    try:
        return {**place, **asdict(texts.show(message.tpdu))}
    except PduError:
        return {**place, "kind": "unknown", "pdu": message.pdu.hex()}
