# SPDX-License-Identifier: GPL-3.0-or-later
"""All checks, and what they say of one look."""

from __future__ import annotations

from collections.abc import Collection

from modemfarm.errors import InvalidValueError

from .check import Check
from .checks import database, host, modems, routing, services, settings, usb
from .facts import Facts
from .finding import Finding, Severity

CHECKS: tuple[Check, ...] = tuple(
    check
    for group in (settings, routing, services, modems, usb, database, host)
    for check in group.CHECKS
)
NAMES = tuple(check.name for check in CHECKS)


def chosen(skip: Collection[str]) -> tuple[Check, ...]:
    """All checks but those of `skip`; InvalidValueError for a name that none has."""
    for name in skip:
        if name not in NAMES:
            raise InvalidValueError("--skip", name, ", ".join(sorted(NAMES)))
    return tuple(check for check in CHECKS if check.name not in skip)


def judge(facts: Facts, checks: Collection[Check] = CHECKS) -> list[Finding]:
    """What is wrong, faults first, each group in the order of the checks."""
    found = [finding for check in checks for finding in check(facts)]
    return sorted(found, key=lambda finding: finding.severity is not Severity.FAULT)
