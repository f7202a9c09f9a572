# SPDX-License-Identifier: GPL-3.0-or-later
"""One row of the list of allowed commands: a form, its arguments, who may send it, and why."""

from collections.abc import Iterable
from dataclasses import dataclass

from .fields import Field
from .permit import Role
from .syntax import Command, Kind
from .timeouts import Limit, limit_of


@dataclass(frozen=True)
class Form:
    """A command in one form. The first `needed` of `fields` must be there, in this order.

    `reads` is True for a question, which changes nothing.
    """

    name: str
    kind: Kind
    role: Role
    purpose: str
    fields: tuple[Field, ...] = ()
    needed: int = 0
    reads: bool = True

    def takes(self, command: Command) -> bool:
        """True when the command is this form, whole, with arguments that fit."""
        given = command.arguments
        if (command.name, command.kind) != (self.name, self.kind):
            return False
        if not self.needed <= len(given) <= len(self.fields):
            return False
        return all(field.takes(one) for field, one in zip(self.fields, given, strict=False))

    @property
    def limit(self) -> Limit:
        """How long its answer may take, and why."""
        return limit_of(Command(self.name, self.kind))

    @property
    def shown(self) -> str:
        """As a list of commands writes it: `AT+CGPADDR=<1-15>`, optional arguments in brackets."""
        wanted = ",".join(field.shown for field in self.fields[: self.needed])
        optional = "".join(f"[,{field.shown}]" for field in self.fields[self.needed :])
        return f"AT{self.name}{self.kind.value}{wanted}{optional}"


def asks(kind: Kind, role: Role, rows: Iterable[tuple[str, str]]) -> tuple[Form, ...]:
    """Questions without arguments, from (name, purpose)."""
    return tuple(Form(name, kind, role, purpose) for name, purpose in rows)


def tests(forms: Iterable[Form]) -> tuple[Form, ...]:
    """AT+X=? of each: the values it takes, answered from the modem's memory."""
    names = dict.fromkeys(form.name for form in forms if form.name.startswith("+"))
    return asks(Kind.TEST, Role.VIEWER, ((name, f"what AT{name} takes") for name in names))
