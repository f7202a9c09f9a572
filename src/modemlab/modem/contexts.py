# SPDX-License-Identifier: GPL-3.0-or-later
"""PDP contexts as the modem stores them; power keeps them. Data runs over context 1."""

from dataclasses import dataclass, replace

CONTEXT_IDS = range(1, 17)  # <cid> of AT+CGDCONT on an EC25
DATA_CONTEXT = 1
TYPES = ("IP", "PPP", "IPV6", "IPV4V6")


@dataclass(frozen=True)
class Context:
    """A definition: PDP type, APN, and data and header compression, address source, request."""

    kind: str
    apn: str
    options: tuple[int, int, int, int] = (0, 0, 0, 0)


class Contexts:
    """The definitions by number."""

    def __init__(self, kind: str, apn: str) -> None:
        self.defined: dict[int, Context] = {DATA_CONTEXT: Context(kind, apn)}

    @property
    def apn(self) -> str:
        """The APN of the data context, "" when it is not defined."""
        data = self.defined.get(DATA_CONTEXT)
        return data.apn if data else ""

    def set_apn(self, apn: str) -> None:
        """Change the data context's APN, and define it when it was not."""
        data = self.defined.get(DATA_CONTEXT, Context("IP", ""))
        self.define(DATA_CONTEXT, replace(data, apn=apn))

    def define(self, number: int, context: Context) -> None:
        """Define or replace one."""
        self.defined[number] = context
        self.defined = dict(sorted(self.defined.items()))

    def forget(self, number: int) -> None:
        """Make one undefined; one that was not is fine."""
        self.defined.pop(number, None)
