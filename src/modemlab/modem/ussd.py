# SPDX-License-Identifier: GPL-3.0-or-later
"""USSD of the simulated carrier: one session a modem, answers from a small fixed menu.

State only: how long the network thinks is up to AT and QMI (`NETWORK_SECONDS`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modemlab.modem.errors import NoUssdSessionError, UssdRefusedError

NETWORK_SECONDS = 0.5  # real ones take one to three seconds; the wait has to be seen, not suffered
# After this long without a reply the network ends a session that waits for one.
SESSION_SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    """What the network says. `more` asks for a reply; `replies` maps one to what follows."""

    text: str
    replies: Mapping[str, "Answer"] = field(default_factory=dict)

    @property
    def more(self) -> bool:
        return bool(self.replies)

    @property
    def ucs2(self) -> bool:
        """Whether the text needs UCS-2: everything beyond ASCII is sent so."""
        return not self.text.isascii()


BALANCE = Answer("Balance: 12.34 EUR. Valid until 31.12.2030.")
BALANCE_UCS2 = Answer("Guthaben: 12,34 €. Gültig bis 31.12.2030.")
TARIFF = Answer("Tariff: Lab Data 10 GB. Used: 1.5 GB.")
OWN_NUMBER = "Your number: {msisdn}"
MENU = Answer(
    "Lab Telekom\n1 Balance\n2 Tariff\n3 More\n0 End",
    {
        "1": BALANCE,
        "2": TARIFF,
        "3": Answer("More\n1 Guthaben\n0 End", {"1": BALANCE_UCS2, "0": Answer("Good bye.")}),
        "0": Answer("Good bye."),
    },
)
CODES = {"*100#": BALANCE, "*101#": MENU, "*102#": BALANCE_UCS2}
NUMBER_CODE = "*103#"


@dataclass
class Ussd:
    """The session of one modem. `waiting` is the menu whose reply the network waits for."""

    msisdn: str
    waiting: Answer | None = None

    def dial(self, code: str) -> Answer:
        """A code as dialled; an old session ends. Raises UssdRefusedError for an unknown one."""
        self.waiting = None
        if code == NUMBER_CODE:
            return Answer(OWN_NUMBER.format(msisdn=self.msisdn))
        return self._said(CODES.get(code))

    def reply(self, text: str) -> Answer:
        """A reply to a menu. Raises NoUssdSessionError; UssdRefusedError, which ends it."""
        if self.waiting is None:
            raise NoUssdSessionError("no menu waits for a reply")
        menu, self.waiting = self.waiting, None
        return self._said(menu.replies.get(text))

    def cancel(self) -> bool:
        """End a session; whether there was one."""
        was, self.waiting = self.waiting, None
        return was is not None

    def _said(self, answer: Answer | None) -> Answer:
        if answer is None:
            raise UssdRefusedError("the network knows no such service")
        self.waiting = answer if answer.more else None
        return answer
