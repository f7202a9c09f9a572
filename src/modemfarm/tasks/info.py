# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind modem_info."""

from typing import Any

from ..caller import actor_here, check_correlation, correlation
from ..info import ALL, DEFAULT, GROUPS, Speaker, modem_facts
from .common import CORRELATION, HERE, Answer, Here, guarded

ARGUMENTS: dict[str, dict[str, Any]] = {
    "modems": {"type": "list", "elements": "str", "default": []},
    "gather": {
        "type": "list",
        "elements": "str",
        "choices": [*GROUPS, ALL, "none"],
        "default": list(DEFAULT),
    },
    "correlation": CORRELATION,
}


def run(arguments: Answer, check_mode: bool, here: Here = HERE) -> Answer:  # noqa: ARG001
    """The module's result; check mode is the same, for nothing is ever changed."""
    return guarded(lambda: _run(arguments, here))


def _run(arguments: Answer, here: Here) -> Answer:
    given = arguments["correlation"]
    joined = check_correlation(given) if given else correlation()
    speaker = Speaker(actor_here(here.kind), joined, here.spool)
    gather = [name for name in arguments["gather"] if name != "none"]
    rows = modem_facts(arguments["modems"], gather, here.root, here.lock_dir, speaker)
    return {"changed": False, "modems": rows, "correlation": joined}
