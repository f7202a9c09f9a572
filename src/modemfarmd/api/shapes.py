# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers as OpenAPI describes them. They are built from rows; these say what is in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ..registry.audit import OUTCOMES
from ..registry.model import STATUSES


class Shape(BaseModel):
    """Nothing but what is described."""

    model_config = ConfigDict(extra="forbid")


class HoldShape(Shape):
    """A hold that is active."""

    until: datetime
    by: str
    reason: str


class ModemShape(Shape):
    """A modem. signal in dBm; wan_since: since when it has the address; held: see hold."""

    serial: str
    host: str
    slot: int
    proxy_port: int
    status: Literal[STATUSES]  # type: ignore[valid-type]
    state: str
    reason: str | None
    remedy: str | None
    operator: str | None
    signal: int | None
    registration: str | None
    wan_address: str | None
    wan_since: datetime | None
    interface: str | None
    usb_path: str | None
    present: bool
    quota: Literal["soft", "hard"] | None
    iccid: str | None
    imsi: str | None
    apn: str | None
    path: str | None
    at_port: str | None
    qmi_port: str | None
    manufacturer: str | None
    model: str | None
    revision: str | None
    first_seen: datetime
    last_seen: datetime
    changed_at: datetime
    hold: HoldShape | None


class ModemPage(Shape):
    """Modems by host and slot."""

    items: list[ModemShape]
    next: str | None


class LogShape(Shape):
    """What was said to a modem and what it answered."""

    id: int
    serial: str
    at: datetime
    channel: str
    actor: str
    correlation: str | None
    command: str | None
    answer: str | None
    outcome: str
    milliseconds: float | None


class LogPage(Shape):
    """Rows of a log, newest first."""

    items: list[LogShape]
    next: str | None


class EventShape(Shape):
    """What happened."""

    id: int
    at: datetime
    host: str
    serial: str | None
    kind: str
    detail: dict[str, Any]


class EventPage(Shape):
    """Events, newest first."""

    items: list[EventShape]
    next: str | None


class HoldRow(Shape):
    """A hold, or one that has ended."""

    id: int
    host: str
    serial: str
    until: datetime
    placed_by: str
    reason: str
    at: datetime
    released_at: datetime | None
    released_by: str | None


class ExitShape(Shape):
    """A modem had an address; until null: it still has. slot and port null where nobody knows."""

    host: str
    serial: str
    slot: int | None
    proxy_port: int | None
    interface: str
    address: str
    since: datetime
    until: datetime | None


class ExitPage(Shape):
    """Spans of addresses, oldest first."""

    items: list[ExitShape]
    next: str | None


class HoldPage(Shape):
    """Holds, newest first."""

    items: list[HoldRow]
    next: str | None


class AuditShape(Shape):
    """Who did what."""

    id: int
    at: datetime
    actor: str
    address: str | None
    action: str
    serial: str | None
    outcome: Literal[OUTCOMES]  # type: ignore[valid-type]
    correlation: str
    detail: dict[str, Any]


class AuditPage(Shape):
    """Rows of the audit, newest first."""

    items: list[AuditShape]
    next: str | None


class Operation(Shape):
    """An action. `result` when it is done, `problem` when it failed."""

    id: str
    host: str
    actor: str
    action: str
    serial: str | None
    correlation: str
    state: Literal["running", "done", "failed", "unknown"]
    request: dict[str, Any]
    result: dict[str, Any] | None
    problem: dict[str, Any] | None
    began_at: datetime
    ended_at: datetime | None


class Granted(Shape):
    """A log-in. Times in seconds."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    role: str
    modems: list[str] | None


class Ticket(Shape):
    """What opens one WebSocket. Time in seconds."""

    ticket: str
    expires_in: int


class Me(Shape):
    """Who the caller is."""

    name: str
    actor: str
    role: str
    modems: list[str] | None
    expires: datetime
    commands: list[str]


class UserShape(Shape):
    """An account."""

    id: int
    name: str
    role: str
    modems: list[str] | None
    enabled: bool
    created_at: datetime
    changed_at: datetime


class Users(Shape):
    """All accounts."""

    items: list[UserShape]


class TokenShape(Shape):
    """A program's token, without its secret."""

    name: str
    role: str
    modems: list[str] | None
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class Tokens(Shape):
    """All tokens."""

    items: list[TokenShape]


class IssuedToken(TokenShape):
    """A new token; its text is shown this once."""

    token: str


class Health(Shape):
    """The API answers; of the farm it says nothing."""

    status: Literal["ok"]


class FieldError(Shape):
    """A value that is not allowed."""

    field: str
    value: str
    allowed: str
    remedy: str


class Problem(Shape):
    """An error (RFC 9457) and what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    remedy: str
    errors: list[FieldError]
    correlation: str | None
