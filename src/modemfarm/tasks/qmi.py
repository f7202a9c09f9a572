# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind modem_qmi and `modemfarm qmi`."""

from collections.abc import Sequence
from typing import Any

from ..at.permit import Role
from ..errors import CommandRefusedError, InvalidValueError
from ..plain import as_plain
from ..qmi import queries
from .common import (
    CORRELATION,
    HERE,
    MODEM,
    ROLES,
    Answer,
    Here,
    conversation,
    guarded,
    with_log,
)

ARGUMENTS: dict[str, dict[str, Any]] = {
    "modem": MODEM,
    "queries": {"type": "list", "elements": "str", "required": True},
    "role": {"type": "str", "choices": ROLES, "default": Role.VIEWER.value},
    "correlation": CORRELATION,
}


def run(arguments: Answer, check_mode: bool, here: Here = HERE) -> Answer:  # noqa: ARG001
    """The module's result; check mode is the same, for nothing is ever changed."""
    return guarded(lambda: _run(arguments, here))


def _run(arguments: Answer, here: Here) -> Answer:
    role = Role(arguments["role"])
    return query(arguments["modem"], arguments["queries"], role, here, arguments["correlation"])


def query(
    modem: str, names: Sequence[str], role: Role, here: Here = HERE, correlation: str = ""
) -> Answer:
    """{changed, modem, answers, correlation, warnings}; answers by the names asked with.

    All names are checked before the modem is asked. Raises FarmError.
    """
    if not names:
        raise InvalidValueError("queries", names, ", ".join(queries.QUERIES))
    for name in names:
        _check(name, role)
    with conversation(modem, correlation, here) as (contact, spool):
        # Sticks can be swapped between two looks.
        contact.expect(queries.ask(contact.qmi_port, "ids", spool).serial)
        found = {name: as_plain(queries.ask(contact.qmi_port, name, spool, role)) for name in names}
        return with_log({"changed": False, "modem": contact.name, "answers": found}, spool)


def _check(name: str, role: Role) -> None:
    query = queries.find(name)
    if not role.includes(query.role):
        raise CommandRefusedError(
            f"{role.value} may not ask for {query.name}", f"ask as {query.role.value}"
        ).about(command=query.name)
