# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind modem_sms."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ..contact import Contact
from ..errors import InvalidValueError, PortGoneError
from ..mm import sms
from ..mm.access import Access
from ..mm.parts import check_text, cost
from ..spool import Spool
from .common import CORRELATION, HERE, MODEM, Answer, Here, conversation, guarded, with_log

ARGUMENTS: dict[str, dict[str, Any]] = {
    "modem": MODEM,
    "action": {"type": "str", "choices": ["list", "read", "send", "delete"], "default": "list"},
    "number": {"type": "str"},
    "text": {"type": "str", "no_log": True},
    "delivery_report": {"type": "bool", "default": False},
    "validity": {"type": "int"},
    "id": {"type": "int"},
    "correlation": CORRELATION,
}
NEEDED = {"list": (), "read": ("id",), "send": ("number", "text"), "delete": ("id",)}


def run(arguments: Answer, check_mode: bool, here: Here = HERE) -> Answer:
    """The module's result; in check mode nothing is sent and nothing deleted."""
    return guarded(lambda: _run(arguments, check_mode, here))


def _run(arguments: Answer, check_mode: bool, here: Here) -> Answer:
    _check(arguments)
    modem, correlation = arguments["modem"], arguments["correlation"]
    with conversation(modem, correlation, here) as (contact, spool):
        work = _WORK[arguments["action"]]
        found = work(access_to(contact, spool, here), arguments, check_mode)
        return with_log({"changed": False, "modem": contact.name, **found}, spool)


def access_to(contact: Contact, spool: Spool, here: Here) -> Access:
    """The modem as ModemManager shows it. PortGoneError for one whose IMEI nobody knows."""
    if contact.serial is None:
        raise PortGoneError(
            f"the modem at {contact.usb.path} does not say its IMEI", "look at it with modem_info"
        ).about(contact.name)
    return Access(contact.serial, contact.usb.path, spool, lock_dir=here.lock_dir)


def _check(arguments: Answer) -> None:
    """Everything is looked at before the modem is: a bad text costs nothing."""
    action = arguments["action"]
    for name in NEEDED[action]:
        if arguments[name] is None:
            raise InvalidValueError(name, None, f"a value, for action: {action}")
    if action == "send":
        sms.check_number(arguments["number"])
        check_text(arguments["text"])
    if arguments["validity"] is not None:
        sms.check_validity(arguments["validity"])
    if arguments["id"] is not None:
        sms.check_id(arguments["id"])


def _list(access: Access, _arguments: Answer, _check_mode: bool) -> Answer:
    return {"messages": [found.as_dict() for found in sms.list_(access)]}


def _read(access: Access, arguments: Answer, _check_mode: bool) -> Answer:
    return {"messages": [sms.read(access, arguments["id"]).as_dict()]}


def _send(access: Access, arguments: Answer, check_mode: bool) -> Answer:
    text = arguments["text"]
    answer: Answer = {"changed": True, "cost": asdict(cost(text))}
    if not check_mode:
        report, validity = arguments["delivery_report"], arguments["validity"]
        answer["sent"] = sms.send(access, arguments["number"], text, report, validity).as_dict()
    return answer


def _delete(access: Access, arguments: Answer, check_mode: bool) -> Answer:
    """One that is not there is deleted already."""
    wanted = arguments["id"]
    there = any(found.id == wanted for found in sms.list_(access))
    if there and not check_mode:
        sms.delete(access, wanted)
    return {"changed": there}


_WORK: dict[str, Callable[[Access, Answer, bool], Answer]] = {
    "list": _list,
    "read": _read,
    "send": _send,
    "delete": _delete,
}
