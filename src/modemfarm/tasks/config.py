# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind modem_config."""

from typing import Any

from ..config.apply import configure
from ..config.wanted import COMPOSITIONS, PDP_TYPES, SCAN_MODES, Wanted
from ..pin.ledger import Ledger
from ..undo import RADIO
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
    "apn": {"type": "str"},
    "pdp_type": {"type": "str", "choices": list(PDP_TYPES)},
    "operator": {"type": "str"},
    "scan_mode": {"type": "str", "choices": list(SCAN_MODES)},
    "lte_bands": {"type": "list", "elements": "int"},
    "composition": {"type": "str", "choices": list(COMPOSITIONS)},
    "pin": {"type": "str", "no_log": True},
    "ignore_hold": IGNORE_HOLD,
    "correlation": CORRELATION,
}


def run(arguments: Answer, check_mode: bool, here: Here = HERE) -> Answer:
    """The module's result: changed, changes, diff."""
    return guarded(lambda: _run(arguments, check_mode, here))


def _run(arguments: Answer, check_mode: bool, here: Here) -> Answer:
    wanted = Wanted.from_dict(arguments)
    ignore = arguments.get("ignore_hold", False)
    with (
        conversation(arguments["modem"], arguments["correlation"], here) as (contact, spool),
        writing(contact, here, "modem_config", ignore, check_mode) as modem,
    ):
        place = here.workplace(spool)
        # A new APN may need the radio off for a moment (config/change.py).
        note = place.note(modem, RADIO) if wanted.apn is not None and not check_mode else None
        done = configure(modem, wanted, place, Ledger(), check_mode)
        if note is not None:
            note.remove()
        return with_log({"modem": modem.name, **done.as_dict()}, spool)
