# SPDX-License-Identifier: GPL-3.0-or-later
"""Which commands may be sent, and by whom. Nothing is sent before it has passed here.

Three steps, each on what the one before gave: read the line (`syntax`), refuse what nobody may send
(`never`), find the form in the list of the role (`allowed`). What is found is sent in the spelling
that was compared, not in the one that came.
"""

from dataclasses import dataclass

from ..errors import CommandRefusedError
from . import never
from .allowed.table import BY_NAME, FORMS
from .grammar import Form
from .permit import Permit, Role
from .syntax import Command, parse, shown
from .timeouts import LOCAL, limit_of

COMMAND_TIMEOUT_S = LOCAL.seconds


@dataclass(frozen=True)
class Described:
    """One allowed form, for people: how it is written, from which role on, and its time-out."""

    command: str
    role: str
    seconds: float
    reason: str
    purpose: str


def permit(text: str, role: Role) -> Permit:
    """A command that a person or a program wrote. Raises CommandRefusedError.

    Its message names the rule that was broken, its remedy what is allowed instead.
    """
    try:
        command = parse(text)
        never.check(command)
        form = _form(command, role)
    except CommandRefusedError as error:
        error.about(command=shown(text))
        raise
    return Permit(command.text, command.text, form.limit.seconds, form.reads)


def internal(text: str, timeout: float | None = None) -> Permit:
    """A command that our own code made: one plain command, and none of the never-list.

    `timeout` in seconds, None for the command's own. Raises CommandRefusedError.
    """
    try:
        command = parse(text)
        never.check(command)
    except CommandRefusedError as error:
        error.about(command=shown(text))
        raise
    limit = limit_of(command).seconds if timeout is None else timeout
    return Permit(command.text, command.text, limit)


def describe(role: Role) -> tuple[Described, ...]:
    """Every form that a role may send, in the order of the table."""
    return tuple(
        Described(
            form.shown, form.role.value, form.limit.seconds, form.limit.reason, form.purpose
        )
        for form in FORMS
        if role.includes(form.role)
    )  # fmt: skip


def _form(command: Command, role: Role) -> Form:
    known = BY_NAME.get((command.name, command.kind), ())
    fitting = [form for form in known if form.takes(command)]
    for form in fitting:
        if role.includes(form.role):
            return form
    what = f"AT{command.name}{command.kind.value}"
    if fitting:
        raise CommandRefusedError(
            f"{what} is not for the role {role.value}",
            f"the role {fitting[0].role.value} may send it",
        ).about(command=command.text)
    if known:
        raise CommandRefusedError(
            f"{what} is not sent with these arguments",
            "allowed: " + " or ".join(form.shown for form in known),
        )
    raise CommandRefusedError(
        f"{what} is on no role's list", "`modemfarm at --allowed` shows what may be sent"
    )
