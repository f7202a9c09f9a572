# SPDX-License-Identifier: GPL-3.0-or-later
"""Who asks, and what he may: a person who has logged in, or a program with its token."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from modemfarm.at.permit import Role
from modemfarm.caller import actor_of

from ...registry.db import Database, Row
from ...registry.sessions import SessionBook
from ...registry.users import TokenBook
from .secrets import api_id, hash_of
from .tokens import AccessTokens, BadTokenError

KIND = "api"


@dataclass(frozen=True)
class Principal:
    """A caller whose token counts. `modems` None: all; `session` None: a program's token, whose
    public id is `program`.
    """

    name: str
    role: Role
    modems: frozenset[str] | None
    expires: datetime
    session: str | None = None
    program: str | None = None

    @property
    def actor(self) -> str:
        """What it is called in logs: api:alice, or api:token/nightly."""
        return actor_of(KIND, self.name if self.session else f"token/{self.name}")

    def may_see(self, serial: str) -> bool:
        """Is the modem one of his?"""
        return self.modems is None or serial in self.modems


class Doorkeeper:
    """Finds who a bearer token belongs to. Rights are read anew each time, so they end at once."""

    def __init__(self, tokens: AccessTokens, now: Callable[[], datetime]) -> None:
        self._tokens = tokens
        self._now = now

    def check(self, token: str) -> Callable[[Database], Principal]:
        """What can be said without the database is said here: BadTokenError.

        What comes back asks the rest of it: BadTokenError, DatabaseGoneError.
        """
        program = api_id(token)
        if program is not None:
            return lambda database: self._program(database, program, token)
        access = self._tokens.read(token)
        return lambda database: self._person(database, access.session, access.user, access.expires)

    def _person(self, database: Database, session: str, user: str, expires: datetime) -> Principal:
        row = SessionBook(database).state(session, self._now())
        if row is None or row["name"] != user:
            raise BadTokenError("the log-in has ended")
        return Principal(row["name"], Role(row["role"]), _modems(row), expires, session)

    def _program(self, database: Database, program: str, token: str) -> Principal:
        row = TokenBook(database).find(program)
        if row is None or not hmac.compare_digest(bytes(row["hash"]), hash_of(token)):
            raise BadTokenError("the API token is unknown or was revoked")
        if row["expires_at"] <= self._now():
            raise BadTokenError("the API token has expired")
        expires = row["expires_at"]
        return Principal(row["name"], Role(row["role"]), _modems(row), expires, program=program)

    def holder(
        self, database: Database, session: str | None, program: str | None, until: datetime
    ) -> Principal:
        """Who has the log-in or the API token, with the rights of now. BadTokenError."""
        if session is not None:
            row = SessionBook(database).state(session, self._now())
        else:
            row = TokenBook(database).find(str(program))
        if row is None or min(until, row["expires_at"]) <= self._now():
            raise BadTokenError("the log-in or the API token has ended")
        return Principal(row["name"], Role(row["role"]), _modems(row), until, session, program)


def _modems(row: Row) -> frozenset[str] | None:
    return None if row["modems"] is None else frozenset(row["modems"])
