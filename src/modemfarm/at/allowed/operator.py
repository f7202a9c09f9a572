# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator may send beside questions: what is safe, and undone by the next restart."""

from ..fields import Field, number, ussd, words
from ..grammar import Form
from ..permit import Role
from ..syntax import Kind

_GSM_TEXT = number(15, 15)  # data coding scheme of TS 23.038: GSM alphabet, no language named


def _does(name: str, purpose: str, *fields: Field, needed: int | None = None) -> Form:
    return Form(
        name, Kind.WRITE, Role.OPERATOR, purpose, fields,
        len(fields) if needed is None else needed, reads=False,
    )  # fmt: skip


OPERATOR: tuple[Form, ...] = (
    # A scan is a question, but for up to three minutes the modem carries no data.
    Form("+COPS", Kind.TEST, Role.OPERATOR, "scan for networks"),
    _does("+COPS", "let the modem choose the network", number(0, 0)),
    _does("+COPS", "form of the network's name", number(3, 3), number(0, 2)),
    _does("+CREG", "reports of registration for calls", number(0, 2)),
    _does("+CGREG", "reports of registration for data, 2G and 3G", number(0, 2)),
    _does("+CEREG", "reports of registration for data, LTE", number(0, 2)),
    _does("+CMEE", "form of error results", number(1, 2)),
    _does("+CUSD", "ask by USSD, e.g. for the balance", number(1, 1), ussd(), _GSM_TEXT, needed=2),
    _does("+CUSD", "end a USSD dialogue", number(2, 2)),
    # Messages hold one-time passwords, and those that are shown count as read afterwards.
    _does("+CMGL", "stored messages (PDU form)", number(0, 4)),
    _does(
        "+CMGL",
        "stored messages (text form)",
        words("REC UNREAD", "REC READ", "STO UNSENT", "STO SENT", "ALL"),
    ),
    _does("+CMGR", "one stored message", number(0, 254)),
)
