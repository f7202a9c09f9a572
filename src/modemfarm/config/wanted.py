# SPDX-License-Identifier: GPL-3.0-or-later
"""What a modem's settings should be: checked as a whole before anything is sent."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..at.lifecycle import LTE_BANDS, Composition, ScanMode
from ..errors import InvalidValueError
from ..identity import check_apn
from ..pin.secret import Pin

COMPOSITIONS = {item.name.lower(): item for item in Composition}
SCAN_MODES = {item.name.lower(): item for item in ScanMode}
PDP_TYPES = ("IP", "IPV6", "IPV4V6")  # 27.007 section 10.1.1
AUTOMATIC = "automatic"
_PLMN = re.compile(r"[0-9]{5,6}\Z")


@dataclass(frozen=True)
class Wanted:
    """Wanted settings; None leaves a setting as it is. A Pin shows itself to nobody."""

    apn: str | None = None
    pdp_type: str | None = None
    operator: str | None = None
    scan_mode: str | None = None
    lte_bands: tuple[int, ...] | None = None
    composition: str | None = None
    pin: Pin | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Wanted":
        """Check plain values; InvalidValueError names the field, the value and what is allowed."""
        known = {name: values.get(name) for name in cls.__dataclass_fields__}
        checked = {
            name: None if value is None else _CHECKS[name](value) for name, value in known.items()
        }
        if checked["pdp_type"] is not None and checked["apn"] is None:
            raise InvalidValueError("pdp_type", checked["pdp_type"], "only together with apn")
        if not any(value is not None for value in checked.values()):
            raise InvalidValueError("settings", "nothing", f"at least one of {', '.join(known)}")
        return cls(**checked)


def _one_of(name: str, allowed: Iterable[str]) -> Any:
    words = tuple(allowed)

    def check(value: object) -> str:
        if value not in words:
            raise InvalidValueError(name, value, ", ".join(words))
        return str(value)

    return check


def _operator(value: object) -> str:
    if value != AUTOMATIC and not (isinstance(value, str) and _PLMN.match(value)):
        raise InvalidValueError(
            "operator", value, "automatic, or MCC and MNC as 5 or 6 ASCII digits"
        )
    return str(value)


def _bands(value: object) -> tuple[int, ...]:
    allowed = f"a list of EC25-EUX LTE bands: {', '.join(map(str, LTE_BANDS))}"
    if not isinstance(value, list | tuple) or not value:
        raise InvalidValueError("lte_bands", value, allowed)
    for band in value:
        if isinstance(band, bool) or band not in LTE_BANDS:
            raise InvalidValueError("lte_bands", band, allowed)
    return tuple(sorted(set(value)))


_CHECKS: Mapping[str, Any] = {
    "apn": check_apn,
    "pdp_type": _one_of("pdp_type", PDP_TYPES),
    "operator": _operator,
    "scan_mode": _one_of("scan_mode", SCAN_MODES),
    "lte_bands": _bands,
    "composition": _one_of("composition", COMPOSITIONS),
    "pin": Pin,
}
