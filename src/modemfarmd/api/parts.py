# SPDX-License-Identifier: GPL-3.0-or-later
"""What the app is made of. It is given all of it, so a test needs neither host nor agent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from modemfarm.settings import FarmSettings

from ..registry.logins import API, as_role
from ..registry.pool import Pool
from .accounts.keys import KeyRing
from .accounts.passwords import Passwords
from .accounts.principal import Doorkeeper
from .accounts.tokens import AccessTokens
from .actions import Actions
from .agent import Agent, AgentLine
from .audit import Audit
from .live.live import Live
from .settings import ApiSettings


@dataclass(frozen=True)
class Parts:
    """Everything below the app."""

    farm: FarmSettings
    settings: ApiSettings
    pool: Pool
    audit: Audit
    tokens: AccessTokens
    passwords: Passwords
    doorkeeper: Doorkeeper
    agent: Agent
    actions: Actions
    live: Live
    now: Callable[[], datetime]
    turned_away: Callable[[], int] = lambda: 0


def utc_now() -> datetime:
    """The time of the wall clock."""
    return datetime.now(UTC)


def make_parts(
    farm: FarmSettings,
    settings: ApiSettings,
    *,
    agent: Agent | None = None,
    passwords: Passwords | None = None,
    audit: Audit | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Parts:
    """Those of a host, in place of which any may be given. Nothing is connected or read yet."""
    dsn = as_role(farm.database, API)
    pool = Pool(dsn, "modemfarm-api")
    audit = audit or Audit(pool)
    tokens = AccessTokens(KeyRing(settings.state, now), farm.host, now)
    return Parts(
        farm=farm,
        settings=settings,
        pool=pool,
        audit=audit,
        tokens=tokens,
        passwords=passwords or Passwords(),
        doorkeeper=Doorkeeper(tokens, now),
        agent=agent or AgentLine(settings.agent),
        actions=Actions(pool, audit, farm.host),
        live=Live(dsn, now),
        now=now,
    )
