# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be sent. The session sends permits only, so a text gets to a port by one of three ways:
`policy.permit` (people and programs, by role), `policy.internal` (our own typed commands) and the
few functions in `lifecycle` and `pin` whose commands nobody else may send.
"""

from dataclasses import dataclass, field
from enum import Enum


class Role(Enum):
    """Who asks: viewers read, operators do what is safe, admins change settings."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """True when this role may do all that the other may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True)
class Permit:
    """One checked command: `text` goes to the port with one CR, `shown` to logs and errors.

    `timeout` is how long its answer may take, in seconds. `text` may hold a PIN and is never shown.
    `reads` is True for a question, which changes nothing.
    """

    text: str = field(repr=False)
    shown: str
    timeout: float
    reads: bool = False
