# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may call what. An endpoint that is not in the table is closed to everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from modemfarm.at.permit import Role

from .accounts.principal import Principal
from .problem import ProblemError, not_found


class Scope(Enum):
    """What of the farm an endpoint is about."""

    OPEN = "open"  # no token: it tells nothing of the farm
    OWN = "own"  # the caller's own affairs
    MODEM = "modem"  # the modem in its path, which must be one of the caller's
    THEIRS = "theirs"  # the endpoint shows of all modems those of the caller
    FARM = "farm"  # the whole farm: a caller who is limited to some modems may not


@dataclass(frozen=True)
class Rule:
    """The least role (None: no token is needed), and the scope."""

    least: Role | None
    scope: Scope


_VIEWER, _OPERATOR, _ADMIN = Role.VIEWER, Role.OPERATOR, Role.ADMIN
RULES: Mapping[tuple[str, str], Rule] = {
    ("GET", "/api/health"): Rule(None, Scope.OPEN),
    ("POST", "/api/auth/token"): Rule(None, Scope.OPEN),
    ("POST", "/api/auth/refresh"): Rule(None, Scope.OPEN),
    ("POST", "/api/auth/logout"): Rule(_VIEWER, Scope.OWN),
    ("POST", "/api/auth/password"): Rule(_VIEWER, Scope.OWN),
    ("POST", "/api/auth/ticket"): Rule(_VIEWER, Scope.OWN),
    ("WEBSOCKET", "/api/ws"): Rule(_VIEWER, Scope.THEIRS),
    ("GET", "/api/me"): Rule(_VIEWER, Scope.OWN),
    ("GET", "/api/openapi.json"): Rule(_VIEWER, Scope.OWN),
    ("GET", "/api/modems"): Rule(_VIEWER, Scope.THEIRS),
    ("GET", "/api/modems/{serial}"): Rule(_VIEWER, Scope.MODEM),
    ("GET", "/api/modems/{serial}/logs"): Rule(_OPERATOR, Scope.MODEM),
    # The least role may ask its own list of questions (modemfarm.at.policy).
    ("POST", "/api/modems/{serial}/command"): Rule(_VIEWER, Scope.MODEM),
    ("POST", "/api/modems/{serial}/restart"): Rule(_OPERATOR, Scope.MODEM),
    ("PUT", "/api/modems/{serial}/hold"): Rule(_OPERATOR, Scope.MODEM),
    ("DELETE", "/api/modems/{serial}/hold"): Rule(_OPERATOR, Scope.MODEM),
    ("GET", "/api/holds"): Rule(_VIEWER, Scope.THEIRS),
    ("GET", "/api/exits"): Rule(_OPERATOR, Scope.THEIRS),
    ("GET", "/api/events"): Rule(_VIEWER, Scope.THEIRS),
    ("GET", "/api/operations/{operation}"): Rule(_VIEWER, Scope.THEIRS),
    # A scrape from metrics_clients needs no token (gate.py).
    ("GET", "/metrics"): Rule(_VIEWER, Scope.FARM),
    ("GET", "/api/audit"): Rule(_ADMIN, Scope.FARM),
    ("GET", "/api/users"): Rule(_ADMIN, Scope.FARM),
    ("POST", "/api/users"): Rule(_ADMIN, Scope.FARM),
    ("PATCH", "/api/users/{name}"): Rule(_ADMIN, Scope.FARM),
    ("GET", "/api/tokens"): Rule(_ADMIN, Scope.FARM),
    ("POST", "/api/tokens"): Rule(_ADMIN, Scope.FARM),
    ("DELETE", "/api/tokens/{name}"): Rule(_ADMIN, Scope.FARM),
}


def check(rule: Rule, who: Principal, parameters: Mapping[str, object]) -> None:
    """Nothing, or ProblemError: a modem that is not the caller's is as if it were not there."""
    if rule.least is not None and not who.role.includes(rule.least):
        raise ProblemError(
            403,
            f"this needs the role {rule.least.value}; {who.name} has {who.role.value}",
            "ask an admin of the farm to do it, or for the role",
        )
    if rule.scope is Scope.FARM and who.modems is not None:
        raise ProblemError(
            403,
            f"this is about the whole farm; {who.name} is limited to {len(who.modems)} modems",
            "ask an admin of the farm whose account has no such limit",
        )
    if rule.scope is Scope.MODEM and not who.may_see(str(parameters.get("serial"))):
        raise unknown_modem(parameters.get("serial"))


def unknown_modem(serial: object) -> ProblemError:
    """404 of a modem."""
    return not_found("modem", serial, "GET /api/modems lists yours")
