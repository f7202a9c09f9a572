# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a modem may move in a day and in a month, and how it stands with what it has moved.

The limits are values of its policy. Beyond a soft one it is told, beyond a hard one nobody new gets
to its port; a limit of 0 is none. Volumes are bytes of both directions as the modem's network
interface counts them, which is what the carrier counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidValueError
from .policy import QUOTAS

SOFT, HARD = "soft", "hard"
STATES = (SOFT, HARD)
MB = 1_000_000


@dataclass(frozen=True)
class Limits:
    """In megabytes (1,000,000 bytes); 0 for none."""

    soft_day_mb: int = 0
    hard_day_mb: int = 0
    soft_month_mb: int = 0
    hard_month_mb: int = 0

    @classmethod
    def of(cls, *documents: Mapping[str, Any]) -> "Limits":
        """From checked documents of proxy.policy, the later over the earlier ones."""
        merged = {name: value for document in documents for name, value in document.items()}
        return cls(**{name: merged[name] for name in QUOTAS if name in merged})


@dataclass(frozen=True)
class Used:
    """Bytes that count against the limits."""

    day: int = 0
    month: int = 0


@dataclass(frozen=True)
class Standing:
    """How a modem stands: state None, SOFT or HARD; over names the limits that are used up."""

    state: str | None = None
    over: tuple[str, ...] = ()


def standing(limits: Limits, used: Used) -> Standing:
    """Whether a limit is used up: at the very number of bytes, not only beyond it."""
    volumes = {"day": used.day, "month": used.month}
    over = tuple(
        name
        for name in QUOTAS
        if (limit := getattr(limits, name)) and volumes[name.split("_")[1]] >= limit * MB
    )
    state = next((word for word in (HARD, SOFT) if any(n.startswith(word) for n in over)), None)
    return Standing(state, over)


def check_state(value: object, name: str = "quota") -> str:
    """`value` when it is a state; InvalidValueError."""
    if value not in STATES:
        raise InvalidValueError(name, value, " or ".join(STATES))
    return str(value)
