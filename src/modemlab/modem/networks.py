# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks in reach and the choice among them (3GPP TS 27.007 section 7.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemlab.modem.radio import FUNCTION_FULL, Selection

if TYPE_CHECKING:
    from modemlab.modem.modem import Modem
    from modemlab.modem.spec import Operator

AUTOMATIC, MANUAL, DEREGISTER, FORMAT_ONLY, MANUAL_AUTOMATIC = range(5)  # <mode> of AT+COPS
AVAILABLE, CURRENT, FORBIDDEN = 1, 2, 3  # <stat> of AT+COPS=?


@dataclass(frozen=True)
class Seen:
    """One row of a network scan; `status` as in AT+COPS=?."""

    operator: Operator
    status: int


class Networks:
    """What the modem sees and what it was told to take. The choice survives power cycles.

    `mode` is <mode> of AT+COPS? (0 automatic, 1 manual, 2 deregistered).
    """

    def __init__(self, modem: Modem) -> None:
        self._modem = modem
        self.mode = AUTOMATIC

    def seen(self) -> list[Seen]:
        """The result of a scan: the modem's own network first; empty without any in reach."""
        modem = self._modem
        radio = modem.radio
        if radio.network == "none" or radio.function != FUNCTION_FULL or not radio.lte_allowed:
            return []
        if radio.registration.registered:
            own = CURRENT
        else:
            own = FORBIDDEN if radio.network == "denied" else AVAILABLE
        foreign = [Seen(operator, FORBIDDEN) for operator in modem.spec.foreign]
        return [Seen(modem.operator, own), *foreign]

    @property
    def refused(self) -> bool:
        """Whether the network that was chosen by hand cannot be had."""
        radio = self._modem.radio
        chosen = radio.selection in (Selection.FORBIDDEN, Selection.ABSENT)
        return chosen or (self.mode == MANUAL and not self.seen())

    def choose(self, mode: int, wanted: str = "") -> bool:
        """Carry out <mode> 0, 1, 2 or 4; `wanted` is a long or short name or MCC+MNC.

        Gives whether the modem has begun to do something: False when nothing changes.
        """
        selection = {
            AUTOMATIC: Selection.AUTOMATIC,
            DEREGISTER: Selection.NONE,
            MANUAL: self._named(wanted),
            MANUAL_AUTOMATIC: self._named(wanted),
        }[mode]
        if mode == MANUAL_AUTOMATIC and selection is not Selection.OWN:
            mode, selection = AUTOMATIC, Selection.AUTOMATIC
        self.mode = MANUAL if mode == MANUAL_AUTOMATIC else mode
        return self._modem.radio.select(selection)

    def _named(self, wanted: str) -> Selection:
        def has_name(operator: Operator) -> bool:
            return wanted in (operator.plmn, operator.name, operator.short)

        if has_name(self._modem.operator):
            return Selection.OWN
        known = any(has_name(operator) for operator in self._modem.spec.foreign)
        return Selection.FORBIDDEN if known else Selection.ABSENT
