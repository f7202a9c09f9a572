# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm proxy-user`: who may log in at the proxies whose policy names them. As root.

A password is read from the terminal or from standard input, never from the command line.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from modemfarm.errors import FarmError, InvalidValueError
from modemfarm.host_lock import held
from modemfarm.proxy.users import (
    PATH,
    User,
    check_name,
    check_password,
    document_of,
    make_hash,
    parse_expiry,
    read_users,
)

LOCK_S = 10.0
users = typer.Typer(help="Users of the proxies.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name: lower-case letters, digits, underscores.")]
Expires = Annotated[
    str, typer.Option(help="From when on it is not valid: 2027-01-31, or a time with its zone.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
File = Annotated[Path, typer.Option("--file", envvar="MODEMFARM_PROXY_USERS", help="The users.")]


@users.command("list")
def list_(as_json: Json = False, file: File = PATH) -> None:
    """All users and their expiry; no hashes."""
    from .output import show_json, show_table

    now = datetime.now(UTC)
    rows = [_row(user, now) for _, user in sorted(read_users(file).items())]
    if as_json:
        show_json(rows)
    else:
        show_table(["name", "expires", "valid"], [[*row.values()] for row in rows])


@users.command("add")
def add(name: Name, expires: Expires = "", as_json: Json = False, file: File = PATH) -> None:
    """Add a user, or give one a new password and expiry. The password comes from standard input."""
    check_name(name)
    until = parse_expiry(expires or None)
    digest = make_hash(_password())
    with _changing(file) as known:
        known[name] = User(name, digest, until)
    _done(known[name], as_json)


@users.command("expire")
def expire(
    name: Name,
    at: Annotated[str, typer.Option(help="The new expiry, or `never`.")],
    as_json: Json = False,
    file: File = PATH,
) -> None:
    """Change when a user stops being valid."""
    until = None if at == "never" else parse_expiry(at)
    with _changing(file) as known:
        known[name] = replace(_known(known, name), expires=until)
    _done(known[name], as_json)


@users.command("remove")
def remove(name: Name, as_json: Json = False, file: File = PATH) -> None:
    """Remove a user; it can log in nowhere any more, whichever policies name it."""
    with _changing(file) as known:
        user = _known(known, name)
        del known[name]
    _done(user, as_json, "removed")


def _known(known: dict[str, User], name: str) -> User:
    if check_name(name) not in known:
        raise InvalidValueError("user", name, f"one of: {', '.join(known) or 'none yet'}")
    return known[name]


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline(4096).removesuffix("\n")
    first = check_password(getpass.getpass("password: "))
    if getpass.getpass("again: ") != first:
        raise InvalidValueError("password", "(not shown)", "the same text twice")
    return first


@contextmanager
def _changing(file: Path) -> Iterator[dict[str, User]]:
    """All users, to be changed inside; written when that ends well."""
    import json

    from modemfarm.apply.execute import as_farm_error
    from modemfarm.apply.files import write_text

    with held(file.with_name(f".{file.name}.lock"), LOCK_S, "modemfarm proxy-user"):
        known = read_users(file)
        yield known
        text = json.dumps(document_of(known.values()), indent=1) + "\n"
        try:
            write_text(file, text, 0o600)
        except OSError as error:
            raise as_farm_error(error) from error


def _row(user: User, now: datetime) -> dict[str, Any]:
    expires = None if user.expires is None else user.expires.isoformat()
    return {"name": user.name, "expires": expires, "valid": user.valid(now)}


def _done(user: User, as_json: bool, word: str = "written") -> None:
    from .output import show_json

    row = _row(user, datetime.now(UTC))
    if as_json:
        show_json(row | {"valid": row["valid"] and word != "removed"})
    else:
        end = f"valid until {row['expires']}" if row["expires"] else "valid without end"
        sys.stdout.write(f"{user.name} is {word}" + ("\n" if word == "removed" else f", {end}\n"))
    _apply()


def _apply() -> None:
    """Have it taken now; else the next look for drift, within a minute, does it."""
    from ..agent.client import SOCKET, request_apply

    if not SOCKET.exists():
        return
    try:
        request_apply([])
    except FarmError as error:
        sys.stderr.write(f"it takes effect within a minute: {error.message}\n")
