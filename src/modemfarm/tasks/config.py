# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind modem_config."""

from typing import Any

from ..config.apply import configure
from ..config.wanted import COMPOSITIONS, PDP_TYPES, SCAN_MODES, Wanted
from ..pin.ledger import Ledger
from .common import CORRELATION, HERE, MODEM, Answer, Here, conversation, guarded, with_log

ARGUMENTS: dict[str, dict[str, Any]] = {
    "modem": MODEM,
    "apn": {"type": "str"},
    "pdp_type": {"type": "str", "choices": list(PDP_TYPES)},
    "operator": {"type": "str"},
    "scan_mode": {"type": "str", "choices": list(SCAN_MODES)},
    "lte_bands": {"type": "list", "elements": "int"},
    "composition": {"type": "str", "choices": list(COMPOSITIONS)},
    "pin": {"type": "str", "no_log": True},
    "correlation": CORRELATION,
}


def run(arguments: Answer, check_mode: bool, here: Here = HERE) -> Answer:
    """The module's result: changed, changes, diff."""
    return guarded(lambda: _run(arguments, check_mode, here))


def _run(arguments: Answer, check_mode: bool, here: Here) -> Answer:
    wanted = Wanted.from_dict(arguments)
    modem, correlation = arguments["modem"], arguments["correlation"]
    with conversation(modem, correlation, here) as (contact, spool):
        done = configure(contact, wanted, here.workplace(spool), Ledger(), check_mode)
        return with_log({"modem": contact.name, **done.as_dict()}, spool)
