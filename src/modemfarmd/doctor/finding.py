# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor says: a named check found something, what it means, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How bad it is. A fault: something does not work or is not safe. A warning: it soon may be."""

    WARNING = "warning"
    FAULT = "fault"


# As monitoring plugins have it. Bad usage is 2 as well, as everywhere in this program, and then
# nothing is on stdout.
EXIT_FINE, EXIT_WARNINGS, EXIT_FAULTS = 0, 1, 2


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `about` is the modem, unit, file or interface; empty for the host.

    Texts may hold strings from modems: escape them for a terminal.
    """

    check: str
    severity: Severity
    about: str
    cause: str
    remedy: str


def exit_code(findings: Iterable[Finding]) -> int:
    """By the worst of them."""
    severities = {finding.severity for finding in findings}
    if Severity.FAULT in severities:
        return EXIT_FAULTS
    return EXIT_WARNINGS if severities else EXIT_FINE
