# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies and queries that are taken, checked as strictly as they are described in OpenAPI."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Annotated, Any, Literal

from fastapi import Header, Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from modemfarm.hold import MAX_REASON
from modemfarm.record import CHANNELS, OUTCOMES
from modemfarm.reset.names import LADDER

from ..agent.states import State
from ..registry.model import STATUSES
from .accounts.passwords import LONGEST, SHORTEST

MOST = 1000  # rows of a page
USUAL = 100
_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"

RoleName = Literal["viewer", "operator", "admin"]  # those of modemfarm.at.permit
SerialText = Annotated[str, Field(pattern=r"^[0-9]{15}$", examples=["867584030000017"])]
NameText = Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{0,31}$", examples=["alice"])]
Line = Annotated[str, Field(min_length=1, max_length=100, pattern=_LINE)]
Serial = Annotated[
    str, Path(pattern=r"^[0-9]{15}$", description="IMEI.", examples=["867584030000017"])
]
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9._-]{0,31}$", examples=["alice"])]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,64}$",
        description="Your own id of this request: sent again, it is not done again.",
        examples=["9b2f0c5e"],
    ),
]


def _flag(value: object) -> object:
    """Only the two words: "1", "yes" and "on" are refused."""
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else value


Flag = Annotated[bool, BeforeValidator(_flag)]


def _number(value: object) -> object:
    """Digits only: int() takes " 1_0 " as well."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) < 10):
        raise ValueError("a number in digits")
    return value


Limit = Annotated[
    int, BeforeValidator(_number), Field(ge=1, le=MOST, description="Rows of the page.")
]


def _instant(value: str) -> str:
    from modemfarm.errors import InvalidValueError
    from modemfarm.hold import parse_time

    try:
        found = parse_time(value)
    except InvalidValueError as error:
        raise ValueError(error.remedy.removeprefix("allowed: ")) from error
    if not 1970 <= found.year <= 9000:
        raise ValueError("a time of this age")
    return value


Instant = Annotated[
    str,
    Field(
        max_length=40, examples=["2026-01-31T18:00:00Z"], json_schema_extra={"format": "date-time"}
    ),
    AfterValidator(_instant),
]


def _ipv4(value: str) -> str:
    try:
        return str(IPv4Address(value))
    except ValueError as error:
        raise ValueError("an IPv4 address") from error


IPv4Text = Annotated[str, Field(max_length=15, examples=["203.0.113.7"]), AfterValidator(_ipv4)]


class Strict(BaseModel):
    """No field that is not known, and no value turned into another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Paged(BaseModel):
    """Query of a list."""

    model_config = ConfigDict(extra="forbid")
    limit: Limit = USUAL
    cursor: Annotated[
        str | None, Field(max_length=200, description="`next` of the page before.")
    ] = None


class ModemQuery(Paged):
    """Which modems."""

    host: Line | None = None
    status: Literal[STATUSES] | None = None  # type: ignore[valid-type]
    state: Literal[tuple(state.value for state in State)] | None = None  # type: ignore[valid-type]
    operator: Line | None = None
    present: Flag | None = None
    held: Flag | None = None
    find: Annotated[Line | None, Field(description="Part of IMEI, operator, address, ...")] = None


class EventQuery(Paged):
    """Which events."""

    serial: SerialText | None = None
    host: Line | None = None
    kind: Annotated[str | None, Field(pattern=r"^[a-z][a-z-]{1,40}$")] = None
    since: Instant | None = None


class LogQuery(Paged):
    """Which rows of a modem's log."""

    channel: Literal[CHANNELS] | None = None  # type: ignore[valid-type]
    outcome: Literal[OUTCOMES] | None = None  # type: ignore[valid-type]
    correlation: Annotated[str | None, Field(pattern=r"^[0-9a-zA-Z-]{1,64}$")] = None
    since: Instant | None = None


class ExitQuery(Paged):
    """Who had which exit address: at a time, or from a time on."""

    address: Annotated[IPv4Text | None, Field(description="As the Internet sees it.")] = None
    serial: SerialText | None = None
    at: Annotated[Instant | None, Field(description="One moment; not with since and until.")] = None
    since: Annotated[Instant | None, Field(description="A day ago, where it is left out.")] = None
    until: Annotated[Instant | None, Field(description="Now, where it is left out.")] = None


class HoldQuery(Paged):
    """Which holds."""

    serial: SerialText | None = None
    active: Flag = True


class AuditQuery(Paged):
    """Which rows of the audit."""

    actor: Annotated[str | None, Field(pattern=r"^[a-z]{1,16}(:[!-~]{1,47})?$")] = None
    serial: SerialText | None = None
    action: Annotated[str | None, Field(pattern=r"^[a-z][a-z-]{1,40}$")] = None
    since: Instant | None = None


Password = Annotated[
    str, Field(min_length=1, max_length=LONGEST, examples=["correct horse battery"])
]
NewPassword = Annotated[
    str, Field(min_length=SHORTEST, max_length=LONGEST, examples=["correct horse battery"])
]
Modems = Annotated[
    list[SerialText] | None,
    Field(max_length=1000, description="Modems that it is for; null for all, also later ones."),
]


class LogIn(Strict):
    """Who wants in."""

    username: NameText
    password: Password


class Refresh(Strict):
    """A log-in that goes on."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=100)]


class NewSecret(Strict):
    """Another password for oneself; all log-ins end."""

    password: Password
    new_password: NewPassword


class Command(Strict):
    """One AT command; what the caller's role may send: `modemfarm at --allowed`."""

    command: Annotated[str, Field(min_length=2, max_length=1024, examples=["AT+QCSQ"])]


class Restart(Strict):
    """Which step of the repair ladder; docs/repair.md says what each does."""

    step: Literal[LADDER] = "reset"  # type: ignore[valid-type]


class Hold(Strict):
    """Nothing writes to the modem by itself until then."""

    until: Instant
    reason: Annotated[str, Field(min_length=1, max_length=MAX_REASON, pattern=_LINE)]


class NewUser(Strict):
    """An account."""

    name: NameText
    password: NewPassword
    role: RoleName
    modems: Modems = None


class ChangedUser(Strict):
    """What of an account is to be another; what is left out stays. All its log-ins end."""

    password: NewPassword | None = None
    role: RoleName | None = None
    modems: Modems = None
    enabled: bool | None = None


class NewToken(Strict):
    """A program's token."""

    name: NameText
    role: RoleName
    modems: Modems = None
    days: Annotated[int, Field(ge=1, le=366, description="How long it counts.")] = 90


def given(body: BaseModel) -> dict[str, Any]:
    """The fields that the caller sent."""
    return body.model_dump(exclude_unset=True)


OperationId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", examples=["0" * 32])]
