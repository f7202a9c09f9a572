# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that modem_info wants to know over QMI, from one modem, in one go."""

from typing import Any

from ..errors import (
    CommandTimeoutError,
    FarmError,
    MissingPartError,
    NotPermittedError,
    PortBusyError,
    PortGoneError,
)
from ..plain import as_plain
from ..record import Observer
from . import tool
from .queries import Speak, ask

# Key in the result -> query. In this order: who it is, then whether it is on, then the rest.
SECTIONS = {
    "ids": "ids",
    "operating_mode": "operating-mode",
    "card": "card-status",
    "serving_system": "serving-system",
    "signal": "signal-info",
    "service": "packet-service-status",
    "bearer": "data-bearer-technology",
    "statistics": "packet-statistics",
    "settings": "current-settings",
}
# These are about the way to the modem: asking on would only wait for the same again.
_FATAL = (
    CommandTimeoutError, MissingPartError, NotPermittedError, PortBusyError, PortGoneError,
)  # fmt: skip


def facts(device: str, observer: Observer | None = None, speak: Speak = tool.ask) -> dict[str, Any]:
    """Sections of plain values (see SECTIONS; units in the dataclasses' names), and `reasons`.

    A section that could not be read is None, and `reasons` has its error's fields (see
    FarmError.fields) under the same key: no bearer is a reason, not a failure. When the modem is
    gone, busy, silent or forbidden, all sections after that have the same reason and are not asked
    for. InvalidValueError for a bad device.
    """
    tool.check_device(device)
    found: dict[str, Any] = dict.fromkeys(SECTIONS)
    reasons: dict[str, dict[str, Any]] = {}
    fatal: FarmError | None = None
    for section, query in SECTIONS.items():
        if fatal is not None:
            reasons[section] = fatal.fields()
            continue
        try:
            found[section] = as_plain(ask(device, query, observer, speak=speak))
        except FarmError as error:
            reasons[section] = error.fields()
            fatal = error if isinstance(error, _FATAL) else None
    return {**found, "reasons": reasons}
