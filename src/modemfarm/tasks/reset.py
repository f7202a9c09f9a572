# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind modem_reset."""

from typing import Any

from ..reset.steps import STEPS, run_step
from .common import CORRELATION, HERE, MODEM, Answer, Here, conversation, guarded, with_log

ARGUMENTS: dict[str, dict[str, Any]] = {
    "modem": MODEM,
    "step": {"type": "str", "choices": list(STEPS), "required": True},
    "correlation": CORRELATION,
}


def run(arguments: Answer, check_mode: bool, here: Here = HERE) -> Answer:
    """The module's result: the evidence from before and after the step."""
    return guarded(lambda: _run(arguments, check_mode, here))


def _run(arguments: Answer, check_mode: bool, here: Here) -> Answer:
    step = arguments["step"]
    modem, correlation = arguments["modem"], arguments["correlation"]
    with conversation(modem, correlation, here) as (contact, spool):
        answer: Answer = {"changed": True, "modem": contact.name, "step": step}
        if not check_mode:
            answer |= run_step(step, contact, here.workplace(spool)).as_dict()
        return with_log(answer, spool)
