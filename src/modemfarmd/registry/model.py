# SPDX-License-Identifier: GPL-3.0-or-later
"""What the registry keeps of one modem, as the agent sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

STATUSES = ("online", "offline", "error")


@dataclass(frozen=True)
class Observation:
    """What the agent observed of a modem: where it is and what it says of itself.

    usb_path is the last place it was seen. status/state/reason/remedy say how it stands before
    an apply.
    """

    serial: str
    present: bool = False
    usb_path: str | None = None
    path: str | None = None
    at_port: str | None = None
    qmi_port: str | None = None
    interface: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    revision: str | None = None
    status: str = "offline"
    state: str = "offline"
    reason: str | None = None
    remedy: str | None = None


@dataclass(frozen=True)
class Place:
    """What the registry decides for a modem: slot and port for ever, apn and policy of its proxy
    when it has its own. The policy is what the row has: nobody has checked it.
    """

    slot: int
    proxy_port: int
    apn: str | None
    policy: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Outcome:
    """What an apply run or a probe found. wan_address None means: no working uplink."""

    serial: str
    status: str
    state: str
    reason: str | None = None
    remedy: str | None = None
    interface: str | None = None
    wan_address: str | None = None


@dataclass(frozen=True)
class Event:
    """One thing that happened, stamped when it did, so that it can be written later."""

    kind: str
    serial: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class LogLine:
    """One command and its answer. Both are data from a modem, stored as they came, but masked.

    channel and outcome as in modemfarm.record, actor and correlation as in modemfarm.caller.
    """

    serial: str
    channel: str
    command: str
    answer: str
    outcome: str
    milliseconds: float | None
    actor: str
    correlation: str | None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
