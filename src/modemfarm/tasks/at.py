# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind modem_at and `modemfarm at`."""

from collections.abc import Sequence
from typing import Any

from ..at.permit import Permit, Role
from ..dialogue import Said, ask, at_session, check
from ..errors import InvalidValueError
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

MAX_WAIT_S = 600
ARGUMENTS: dict[str, dict[str, Any]] = {
    "modem": MODEM,
    "commands": {"type": "list", "elements": "str", "required": True},
    "role": {"type": "str", "choices": ROLES, "default": Role.VIEWER.value},
    "wait": {"type": "int", "default": 10},
    "correlation": CORRELATION,
}


def run(arguments: Answer, check_mode: bool, here: Here = HERE) -> Answer:
    """The module's result; `failed` when the request was bad, the modem away, or it refused."""
    return guarded(lambda: _run(arguments, check_mode, here))


def _run(arguments: Answer, check_mode: bool, here: Here) -> Answer:
    answer = speak(
        arguments["modem"],
        arguments["commands"],
        Role(arguments["role"]),
        here,
        arguments["wait"],
        arguments["correlation"],
        check_mode,
    )
    failed = next((one for one in answer["answers"] if one["error"]), None)
    if failed is not None:
        error, command = failed["error"], failed["command"]
        answer |= {**error, "command": command, "modem": answer["modem"]}
        answer |= {"failed": True, "msg": f"{error['message']} (remedy: {error['remedy']})"}
    return answer


def speak(
    modem: str,
    commands: Sequence[str],
    role: Role,
    here: Here = HERE,
    wait: float = 10,
    correlation: str = "",
    only_reads: bool = False,
) -> Answer:
    """{changed, modem, answers, correlation, warnings}; nothing is sent before all is checked.

    `only_reads` leaves out what is more than a question and names it in `skipped_commands`.
    A "no" of the modem is in its answer; everything else that goes wrong is raised as FarmError.
    """
    if not commands:
        raise InvalidValueError("commands", commands, "at least one AT command")
    if not 0 <= wait <= MAX_WAIT_S:
        raise InvalidValueError("wait", wait, f"0 to {MAX_WAIT_S} seconds")
    with conversation(modem, correlation, here) as (contact, spool):
        permits = check(commands, role, contact.name, spool)
        due = [permit for permit in permits if permit.reads or not only_reads]
        said: list[Said] = []
        if due:
            with at_session(contact, spool, here.lock_dir, wait) as session:
                said = ask(session, due)
        answer = with_log(_answer(contact.name, permits, said), spool)
    if only_reads:
        answer["skipped_commands"] = [permit.shown for permit in permits if permit not in due]
    return answer


def _answer(modem: str, permits: list[Permit], said: list[Said]) -> Answer:
    return {
        "changed": any(not permit.reads for permit in permits),
        "modem": modem,
        "answers": [one.as_dict() for one in said],
    }
