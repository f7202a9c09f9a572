# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind modem_reset."""

from dataclasses import asdict
from typing import Any

from ..reset.names import STEPS
from ..reset.steps import Outcome, run_step
from .common import (
    CORRELATION,
    HERE,
    IGNORE_HOLD,
    MODEM,
    Answer,
    Here,
    conversation,
    guarded,
    with_log,
    writing,
)

ARGUMENTS: dict[str, dict[str, Any]] = {
    "modem": MODEM,
    "step": {"type": "str", "choices": list(STEPS), "required": True},
    "ignore_hold": IGNORE_HOLD,
    "correlation": CORRELATION,
}


def run(arguments: Answer, check_mode: bool, here: Here = HERE) -> Answer:
    """The module's result: the evidence from before and after the step.

    A step that began and failed has the evidence from before it as well.
    """
    outcome = Outcome(arguments["step"])
    answer = guarded(lambda: _run(arguments, check_mode, here, outcome))
    if answer.get("failed") and outcome.before is not None:
        answer |= outcome.as_dict()
    return answer


def _run(arguments: Answer, check_mode: bool, here: Here, outcome: Outcome) -> Answer:
    step, ignore = arguments["step"], arguments.get("ignore_hold", False)
    with (
        conversation(arguments["modem"], arguments["correlation"], here) as (contact, spool),
        writing(contact, here, f"modem_reset {step}", ignore, check_mode) as modem,
    ):
        answer: Answer = {"changed": True, "modem": modem.name, "step": step}
        if not check_mode:
            answer |= asdict(run_step(step, modem, here.workplace(spool), outcome))
        return with_log(answer, spool)
