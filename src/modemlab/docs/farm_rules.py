# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawings of what the agent goes by: which state may follow which, which step cures what."""

from __future__ import annotations

import math

from modemfarmd.agent.states import ALLOWED, CAPS, State
from modemfarmd.repair.ladder import RUNGS, Step, plan
from modemfarmd.repair.verdict import Verdict

from . import grid
from .svg import Drawing


def states() -> Drawing:
    """Rows: a modem's state; columns: those that may follow."""
    names = [state.value for state in State]
    marks = {(before.value, after.value): "" for before in State for after in ALLOWED[before]}
    for name in names:
        marks.pop((name, name), None)  # staying is always allowed
    return grid.draw(
        "Which state of a modem may follow which", names, names, marks, corner=("from", "to")
    )


def caps() -> str:
    """How long a wait may last and what comes then, as rows of a table."""
    lines = ["| waits for | at most | then it is | remedy that is shown |", "|---|---|---|---|"]
    lines += [
        f"| {what} | {cap.seconds:g} s | {cap.then.value} | {cap.remedy} |"
        for what, cap in CAPS.items()
    ]
    return "\n".join(lines)


def repairs() -> Drawing:
    """Rows: verdicts; columns: steps in their order; `+`: only while another modem works."""
    ill = [verdict for verdict in Verdict if verdict.ill]
    marks, remarks = {}, {}
    for verdict in ill:
        alone = plan(verdict, witness=False, lasting=math.inf) or ()
        steps = plan(verdict, witness=True, lasting=math.inf)
        for number, step in enumerate(steps or (), 1):
            marks[verdict.value, step.value] = f"{number}" if step in alone else f"{number}+"
        if not steps:
            remarks[verdict.value] = "told at once" if steps == () else "no step: not its own fault"
    return grid.draw(
        "Which repair steps a verdict allows, in which order",
        [verdict.value for verdict in ill], [step.value for step in Step], marks, remarks,
        ("verdict", "step"),
    )  # fmt: skip


def budgets() -> str:
    """Limits of the steps, as rows of a table."""
    lines = ["| step | per hour | per day | looks count again after |", "|---|---|---|---|"]
    lines += [
        f"| `{step.value}` | {rung.hourly} | {rung.daily} | {rung.cool_down:g} s |"
        for step, rung in RUNGS.items()
    ]
    return "\n".join(lines)
