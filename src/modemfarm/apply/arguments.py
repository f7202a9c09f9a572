# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of modem_apply and the call behind them, for the module and the action plugin."""

from typing import Any

from ..errors import FarmError
from ..settings import DEFAULT_PATH as SETTINGS
from ..snapshot import DEFAULT_PATH as SNAPSHOT
from .batch import DEFAULT_WAIT_S, apply_batch

MAX_WAIT_S = 600
ARGUMENTS: dict[str, dict[str, Any]] = {
    "serials": {"type": "list", "elements": "str", "default": []},
    "settings": {"type": "path", "default": str(SETTINGS)},
    "snapshot": {"type": "path", "default": str(SNAPSHOT)},
    "wait": {"type": "int", "default": DEFAULT_WAIT_S},
    "prove": {"type": "bool", "default": True},
}


def run(arguments: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Apply; the module's result, with failed, msg and remedy where nothing could be applied."""
    wait = arguments["wait"]
    if not 0 <= wait <= MAX_WAIT_S:
        return {"failed": True, "msg": f"wait is {wait}; allowed: 0 to {MAX_WAIT_S} seconds"}
    try:
        batch = apply_batch(
            arguments["serials"],
            arguments["settings"],
            arguments["snapshot"],
            wait=wait,
            prove=arguments["prove"],
            check_mode=check_mode,
        )
    except FarmError as error:
        return {"failed": True, "msg": error.message, "remedy": error.remedy}
    return batch.as_dict()
