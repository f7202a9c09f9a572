# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes into the keeper and comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .evidence import Evidence
from .ladder import Step
from .verdict import Verdict


@dataclass(frozen=True)
class Member:
    """A modem on the bus.

    leave_alone: a person has it (a hold), or nobody may (a quarantine). busy: an apply is at work.
    explained: an apply has said why it has no bearer, and that only a person can help.
    misdriven: ModemManager has it by the wrong port, so no gentle step can help.
    """

    serial: str
    hub: str | None
    leave_alone: bool = False
    busy: bool = False
    explained: bool = False
    misdriven: bool = False


@dataclass(frozen=True)
class Order:
    """Take this step at this modem; evidence is the look that decided."""

    serial: str
    step: Step
    verdict: Verdict
    evidence: Evidence


@dataclass(frozen=True)
class Notice:
    """Something to tell; kind is the kind of the event, serial None when it is about many."""

    kind: str
    serial: str | None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """What a modem's illness says about it, for people. certain: an episode of it is complete."""

    verdict: Verdict
    reason: str
    remedy: str
    certain: bool
    handed_over: bool
