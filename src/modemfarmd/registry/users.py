# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of people, tokens of programs, and how often somebody failed to log in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import psycopg2.errors

from modemfarm.errors import InvalidValueError

from .db import Database, Row


class UserBook:
    """users over one Database. All methods raise DatabaseGoneError when it is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, password_hash: str, role: str, modems: list[str] | None) -> Row:
        """A new account. InvalidValueError for a name that is taken."""
        values = {"name": name, "password_hash": password_hash, "role": role, "modems": modems}
        try:
            return self._database.rows("add_user", _listed(values))[0]
        except psycopg2.errors.UniqueViolation as error:
            raise InvalidValueError("name", name, "a name that no account has") from error

    def change(self, name: str, **changes: object) -> Row | None:
        """Set what is given of password_hash, role, modems, enabled; None without such a user.

        `modems` needs `all_modems` beside it: both False and a list, or True.
        """
        fields = ("password_hash", "role", "modems", "all_modems", "enabled")
        values = dict.fromkeys(fields) | {"name": name} | changes
        rows = self._database.rows("change_user", _listed(values))
        return rows[0] if rows else None

    def secret(self, name: str) -> Row | None:
        """{id, password_hash, role, modems} of an enabled account."""
        rows = self._database.rows("user_secret", {"name": name})
        return rows[0] if rows else None

    def all(self) -> list[Row]:
        """Every account by name, without its hash."""
        return self._database.rows("list_users")


class TokenBook:
    """api_tokens over one Database. All methods raise DatabaseGoneError when it is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        token: str,
        name: str,
        hash_: bytes,
        role: str,
        modems: list[str] | None,
        by: str,
        expires: datetime,
    ) -> Row:
        """A new token. InvalidValueError for a name that a token has which is not revoked."""
        values = {"id": token, "name": name, "hash": hash_, "role": role, "modems": modems,
                  "by": by, "expires": expires}  # fmt: skip
        try:
            return self._database.rows("add_api_token", _listed(values))[0]
        except psycopg2.errors.UniqueViolation as error:
            raise InvalidValueError("name", name, "a name that no token has") from error

    def revoke(self, name: str) -> bool:
        """False when there is no such token."""
        return bool(self._database.rows("revoke_api_token", {"name": name}))

    def find(self, token: str) -> Row | None:
        """The token with that id, if it is not revoked: {name, hash, role, modems, expires_at}."""
        rows = self._database.rows("find_api_token", {"id": token})
        return rows[0] if rows else None

    def all(self) -> list[Row]:
        """Every token, newest first, without its hash."""
        return self._database.rows("list_api_tokens")


class FailureBook:
    """login_failures over one Database; keys are account:NAME and address:ADDRESS."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def locked_until(self, keys: Sequence[str], now: datetime) -> datetime | None:
        """When the last lock of these keys ends; None when none holds."""
        rows = self._database.rows("login_locked", {"keys": list(keys), "now": now})
        until: datetime | None = rows[0]["until"]
        return until

    def failed(self, key: str, now: datetime, window_s: float) -> int:
        """How many failures this is, with those before it that are not older than the window."""
        values = {"key": key, "now": now, "window": window_s}
        return int(self._database.rows("login_failed", values)[0]["failures"])

    def lock(self, key: str, until: datetime) -> None:
        """Nobody logs in under this key until then."""
        self._database.rows("login_lock", {"key": key, "until": until})

    def clear(self, key: str) -> None:
        """A log-in went well."""
        self._database.rows("login_clear", {"key": key})

    def forget(self, before: datetime) -> None:
        """Remove what nobody is locked by any more."""
        self._database.rows("login_forget", {"before": before})


def _listed(values: Mapping[str, object]) -> dict[str, object]:
    """The same with a list of modems that psycopg2 makes an array of."""
    modems = values["modems"]
    return {**values, "modems": sorted(modems) if isinstance(modems, list) else None}
