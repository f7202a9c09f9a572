# SPDX-License-Identifier: GPL-3.0-or-later
"""Log-ins: begun with a password, continued with refresh tokens, ended by hand or by misuse."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from ...registry.audit import Entry
from ...registry.db import Database, Row
from ...registry.sessions import SessionBook
from ...registry.users import UserBook
from ..problem import ProblemError
from . import tokens
from .lockout import Lockout
from .secrets import hash_of, is_refresh, new_refresh
from .tokens import BadTokenError

if TYPE_CHECKING:
    from ..gate import Caller
    from ..parts import Parts

LIFE = timedelta(hours=12)  # a working day; then the password is asked for again
_SESSION_BYTES = 16


class LogIns:
    """Over the parts of an app. DatabaseGoneError, AuditError from all methods."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def begin(self, name: str, password: str, request: Request) -> dict[str, Any]:
        """The tokens of a new log-in. ProblemError 401, and 429 for who has to wait."""
        user = self._verified(name, password, request)
        session = secrets.token_hex(_SESSION_BYTES)
        expires = self._parts.now() + LIFE
        with self._parts.audit.doing(_entry(request, f"api:{name}", "log-in")) as database:
            SessionBook(database).begin(session, user["id"], request.state.address, expires)
            return self._granted(database, session, user | {"name": name, "expires_at": expires})

    def go_on(self, refresh: str, request: Request) -> dict[str, Any]:
        """New tokens. BadTokenError for one that does not count."""
        hash_ = hash_of(refresh)
        if not is_refresh(refresh):
            raise BadTokenError("this is no refresh token")
        with self._parts.pool.transaction() as database:
            book = SessionBook(database)
            session = book.use_token(hash_)
            row = None if session is None else book.state(session, self._parts.now())
            if session is not None and row is not None:
                return self._granted(database, session, row)
        if session is None:
            self._misused(hash_, request)
        raise BadTokenError("the refresh token is unknown, used, or its log-in has ended")

    def end(self, who: Caller) -> None:
        """Log out. ProblemError for a program, whose token has no log-in."""
        session = _person(who)
        with self._parts.audit.doing(who.entry("log-out")) as database:
            SessionBook(database).end(session, "log-out")

    def change_password(self, who: Caller, password: str, new: str) -> None:
        """ProblemError when the old one is wrong."""
        _person(who)
        name = who.principal.name
        user = self._check(name, password, who.address, who.entry("log-in-failed", "refused"))
        hash_ = self._parts.passwords.hash(new)
        with self._parts.audit.doing(who.entry("password-changed")) as database:
            UserBook(database).change(name, password_hash=hash_)
            SessionBook(database).end_of(user["id"], "password-changed")

    def _verified(self, name: str, password: str, request: Request) -> Row:
        entry = _entry(request, "api", "log-in-failed", "refused", user=name)
        return self._check(name, password, request.state.address, entry)

    def _check(self, name: str, password: str, address: str, failed: Entry) -> Row:
        """The account's row when the password is its own."""
        now = self._parts.now()
        with self._parts.pool.database() as database:
            wait = Lockout(database, name, address, now).remaining()
            user = UserBook(database).secret(name)
        if wait is not None:
            raise _locked(wait)
        good = self._parts.passwords.check(password, user["password_hash"] if user else None)
        if user is not None and good:
            self._succeeded(name, password, user, address)
            return user
        # The row of the audit says what failed; the caller learns no more than that it did.
        with self._parts.audit.doing(failed) as database:
            failed.detail["locked"] = Lockout(database, name, address, now).failed()
        raise ProblemError(
            401,
            "user name or password are wrong",
            "try again; after 5 failures an account waits, and an admin can set a new password",
            headers={"WWW-Authenticate": 'Bearer realm="modemfarm"'},
        )

    def _succeeded(self, name: str, password: str, user: Row, address: str) -> None:
        passwords = self._parts.passwords
        with self._parts.pool.transaction() as database:
            Lockout(database, name, address, self._parts.now()).succeeded()
            if passwords.is_old(user["password_hash"]):
                UserBook(database).change(name, password_hash=passwords.hash(password))

    def _misused(self, hash_: bytes, request: Request) -> None:
        """A token that was used before: somebody has a copy, so nobody goes on with it."""
        with self._parts.pool.database() as database:
            session = SessionBook(database).token_session(hash_)
        if session is None:
            return
        entry = _entry(request, "api", "refresh-reused", "refused", session=session)
        with self._parts.audit.doing(entry) as database:
            entry.detail["ended"] = SessionBook(database).end(session, "refresh-reused")

    def _granted(self, database: Database, session: str, row: Row) -> dict[str, Any]:
        refresh = new_refresh()
        SessionBook(database).add_token(session, hash_of(refresh))
        access, _ = self._parts.tokens.issue(session, row["name"])
        left = row["expires_at"] - self._parts.now()
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": int(tokens.LIFE.total_seconds()),
            "refresh_token": refresh,
            "refresh_expires_in": max(0, int(left.total_seconds())),
            "role": row["role"],
            "modems": row["modems"],
        }


def _person(who: Caller) -> str:
    if who.principal.session is None:
        raise ProblemError(
            409, "a program's token has no log-in", "DELETE /api/tokens/{name} revokes it"
        )
    return who.principal.session


def _locked(wait: timedelta) -> ProblemError:
    seconds = max(1, int(wait.total_seconds()) + 1)
    return ProblemError(
        429,
        f"too many failed log-ins of this account or from this address; {seconds} s to wait",
        "wait; look at the audit if the failures were not yours",
        headers={"Retry-After": str(seconds)},
    )


def _entry(
    request: Request, actor: str, action: str, outcome: str = "done", **detail: object
) -> Entry:
    state = request.state
    return Entry(actor, state.address, action, outcome, state.correlation, None, detail)
