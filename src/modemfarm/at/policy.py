# SPDX-License-Identifier: GPL-3.0-or-later
"""Which commands may be sent, and by whom. Nothing is sent before it has passed here."""

from ..errors import CommandRefusedError
from . import never
from .permit import Permit, Role
from .syntax import parse, shown
from .timeouts import LOCAL, limit_of

COMMAND_TIMEOUT_S = LOCAL.seconds


def internal(text: str, timeout: float | None = None) -> Permit:
    """A command that our own code made: one plain command, and none of the never-list.

    `timeout` in seconds, None for the command's own. Raises CommandRefusedError.
    """
    command = parse(text)
    never.check(command)
    limit = limit_of(command).seconds if timeout is None else timeout
    return Permit(command.text, command.text, limit)


def permit(text: str, role: Role) -> Permit:
    """A command that a person or a program wrote. Raises CommandRefusedError."""
    command = parse(text)
    never.check(command)
    raise CommandRefusedError(
        f"{shown(text)} is not on the list of the role {role.value}", "see the list of commands"
    )
