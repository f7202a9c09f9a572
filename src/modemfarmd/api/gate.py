# SPDX-License-Identifier: GPL-3.0-or-later
"""What every request passes before the app sees it: its route's rule, and who the caller is.

Nothing of a body is read before that. Each request gets a correlation id, and what was refused of
actions gets a row of the audit.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from modemfarm.caller import new_correlation
from modemfarm.errors import FarmError

from ..registry.audit import Entry
from .access import RULES, Rule, check
from .accounts.principal import Principal
from .accounts.tickets import PREFIX, Tickets
from .accounts.tokens import BadTokenError
from .parts import Parts
from .problem import ProblemError, as_problem, not_found, response, shown

log = logging.getLogger("modemfarm.api")

_READING = ("GET", "HEAD", "OPTIONS")
_SCHEME = "bearer "
METRICS = "/metrics"
_REALM = 'Bearer realm="modemfarm"'


@dataclass(frozen=True)
class Caller:
    """Who asks, from where, in which request."""

    principal: Principal
    address: str
    correlation: str

    @property
    def actor(self) -> str:
        """As in modemfarm.caller."""
        return self.principal.actor

    def entry(
        self, action: str, outcome: str = "done", serial: str | None = None, **detail: object
    ) -> Entry:
        """A row of the audit."""
        return Entry(self.actor, self.address, action, outcome, self.correlation, serial, detail)


class Gate:
    """Middleware. `routes` are the app's own, read at each request: they may still grow."""

    def __init__(
        self,
        app: ASGIApp,
        parts: Parts,
        routes: Sequence[BaseRoute],
        rules: Mapping[tuple[str, str], Rule] = RULES,
    ) -> None:
        self._app = app
        self._parts = parts
        self._routes = routes
        self._rules = rules
        here = f"https://{parts.farm.lan_address}:{parts.settings.port}"
        self._origins = {here, *parts.settings.origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it through, or say why not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["correlation"] = new_correlation()
        state["address"] = scope["client"][0] if scope.get("client") else "unknown"
        try:
            rule, parameters = self._rule(scope)
            self._check_origin(HTTPConnection(scope))
            if rule.least is not None and not self._is_scrape(scope):
                principal = await run_in_threadpool(self._who, HTTPConnection(scope))
                caller = Caller(principal, state["address"], state["correlation"])
                state["caller"] = caller
                await self._checked(rule, caller, scope, parameters)
        except FarmError as error:
            await response(error, state["correlation"])(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _rule(self, scope: Scope) -> tuple[Rule, Mapping[str, object]]:
        partial: str | None = None
        for route in self._routes:
            match, found = route.matches(scope)
            path = getattr(route, "path", "")
            if match is Match.FULL:
                rule = self._rules.get((scope.get("method", "WEBSOCKET"), path))
                if rule is None:
                    log.error("%s %s has no rule, so it is closed", scope.get("method"), path)
                    raise ProblemError(403, "this is closed", "report it: it has no rule")
                return rule, found.get("path_params", {})
            partial = path if match is Match.PARTIAL else partial
        if partial is None:
            raise not_found("page", scope["path"], "`modemfarm api openapi` lists what there is")
        allowed = sorted(method for method, path in self._rules if path == partial)
        raise ProblemError(
            405,
            f"{scope['method']} is not for {partial}",
            f"allowed: {', '.join(allowed)}",
            headers={"Allow": ", ".join(allowed)},
        )

    def _is_scrape(self, scope: Scope) -> bool:
        """Somebody who may read the metrics without a token, and sends none."""
        named = scope["path"] == METRICS and "authorization" in HTTPConnection(scope).headers
        found: str = scope["state"]["address"]
        return scope["path"] == METRICS and not named and self._parts.settings.scrapes(found)

    def _check_origin(self, request: HTTPConnection) -> None:
        """A browser opens a WebSocket for any page, and says for which. Programs say nothing."""
        origin = request.headers.get("origin")
        if request.scope["type"] == "websocket" and origin not in {None, *self._origins}:
            raise ProblemError(
                403,
                f"{shown(origin)} may open no WebSocket here",
                "an admin adds it to api_origins",
            )

    def _who(self, request: HTTPConnection) -> Principal:
        """In a thread: it asks the database."""
        if request.scope["type"] == "websocket":
            return self._holder(request.scope["subprotocols"])
        sent = request.headers.get("authorization", "")
        if not sent.lower().startswith(_SCHEME):
            raise ProblemError(
                401,
                "this needs a token",
                "send the header `Authorization: Bearer TOKEN`; POST /api/auth/token gives one",
                headers={"WWW-Authenticate": _REALM},
            )
        try:
            ask = self._parts.doorkeeper.check(sent[len(_SCHEME) :].strip())
            with self._parts.pool.database() as database:
                return ask(database)
        except BadTokenError as error:
            log.info("%s: %s", request.scope["state"]["address"], error.message)
            raise

    def _holder(self, subprotocols: Sequence[str]) -> Principal:
        sent = [word for word in subprotocols if word.startswith(PREFIX)]
        if len(sent) != 1:
            raise ProblemError(
                401,
                "this needs a ticket",
                f"offer the subprotocols modemfarm.1 and {PREFIX}TICKET; POST /api/auth/ticket"
                " gives one",
                headers={"WWW-Authenticate": _REALM},
            )
        return Tickets(self._parts).use(sent[0].removeprefix(PREFIX))

    async def _checked(
        self, rule: Rule, caller: Caller, scope: Scope, parameters: Mapping[str, object]
    ) -> None:
        try:
            check(rule, caller.principal, parameters)
        except ProblemError as error:
            if scope.get("method", "GET") not in _READING:
                await run_in_threadpool(self._note, caller, scope, as_problem(error))
            raise

    def _note(self, caller: Caller, scope: Scope, error: ProblemError) -> None:
        what = {"method": scope["method"], "path": scope["path"][:200], "status": error.status}
        with self._parts.audit.doing(caller.entry("refused", "refused", **what)):
            pass
