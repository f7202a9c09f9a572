# SPDX-License-Identifier: GPL-3.0-or-later
"""What one argument of an allowed command may be. Whole values in one spelling, never prefixes."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import InvalidValueError
from ..identity import check_apn
from .syntax import Argument

_NUMBER = re.compile(r"(0|[1-9][0-9]{0,8})\Z")
_PLMN = re.compile(r"[0-9]{5,6}\Z")
_USSD = re.compile(r"([*#]{1,2})([0-9]{1,12})(\*[0-9]{1,20}){0,6}#\Z")
# 3GPP TS 22.030 annex B: what changes PIN, password, call forwarding, barring or waiting.
_SERVICES = frozenset(
    "21 61 62 67 33 330 331 332 333 35 351 353 43 30 31 76 77 66 75 37"
    " 300 750 751 752 753 754 591 592 593 594".split()
)


@dataclass(frozen=True)
class Field:
    """One typed argument: `shown` is how a list of commands writes it."""

    shown: str
    takes: Callable[[Argument], bool]


def number(low: int, high: int) -> Field:
    """An unquoted decimal number without leading zeros."""

    def takes(argument: Argument) -> bool:
        fits = not argument.quoted and _NUMBER.match(argument.value) is not None
        return fits and low <= int(argument.value) <= high

    return Field(str(low) if low == high else f"<{low}-{high}>", takes)


def words(*allowed: str) -> Field:
    """One of these texts in quotes, exactly as written here."""
    shown = "|".join(f'"{word}"' for word in allowed)
    return Field(shown, lambda argument: argument.quoted and argument.value in allowed)


def plmn() -> Field:
    """A network's code in quotes: MCC and MNC, 5 or 6 digits (3GPP TS 23.003 section 2.2)."""
    return _quoted('"<MCC MNC>"', lambda text: _PLMN.match(text) is not None)


def apn() -> Field:
    """An access point name in quotes."""
    return _quoted('"<apn>"', _is_apn)


def ussd() -> Field:
    """A USSD code in quotes that asks something, e.g. "*100#"."""
    return _quoted('"*<digits>#"', is_ussd_code)


def is_ussd_code(text: str) -> bool:
    """True for `*100#` and its kin; not for supplementary services (TS 22.030), which change
    forwarding, barring, passwords or PINs, nor for `**...#` and `##...#`, which set and erase.
    """
    match = _USSD.match(text)
    if match is None:
        return False
    code = match.group(2)
    # Codes such as 04 and 052 are about PINs and passwords; one that only looks so is refused too.
    secret = code.startswith("0") and len(code) <= 3
    return len(match.group(1)) == 1 and not secret and code not in _SERVICES


def _quoted(shown: str, fits: Callable[[str], bool]) -> Field:
    return Field(shown, lambda argument: argument.quoted and fits(argument.value))


def _is_apn(text: str) -> bool:
    try:
        check_apn(text)
    except InvalidValueError:
        return False
    return True
