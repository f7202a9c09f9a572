# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm user`, `audit` and `api`: what an admin does on the host itself, beside the API.

Works over the database as the API does, with the API's rights, and is accounted for like it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modemfarm.at.permit import Role
from modemfarm.caller import actor_here, new_correlation
from modemfarm.errors import InvalidValueError
from modemfarm.identity import check_serial
from modemfarm.settings import FarmSettings

if TYPE_CHECKING:
    from ..registry.audit import Entry
    from ..registry.pool import Pool

KIND = "cli"
USER = "modemfarm-api"  # whom PostgreSQL lets in as modemfarm_api
UNIT = "modemfarm-api"
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(help="Name of the account: small letters, digits, . _ -")]
Random = Annotated[
    bool, typer.Option("--random-password", help="Make one, and print it this once.")
]
Modem = Annotated[
    list[str] | None, typer.Option("--modem", help="Only for this IMEI; may be repeated.")
]

user = typer.Typer(help="Accounts of the API.", no_args_is_help=True)
audit = typer.Typer(help="The account of every action.", no_args_is_help=True)
api = typer.Typer(help="The API's document and signing keys.", no_args_is_help=True)


@contextmanager
def _open(ctx: typer.Context) -> Iterator[Pool]:
    from ..registry.logins import API, as_role
    from ..registry.pool import Pool
    from .source import acting_as

    dsn = as_role(FarmSettings.load(ctx.obj[0]).database, API)
    pool = Pool(dsn, "modemfarm-cli", size=1)
    with acting_as(USER):
        try:
            yield pool
        finally:
            pool.close()


def _entry(action: str, **detail: object) -> Entry:
    from ..registry.audit import Entry

    return Entry(actor_here(KIND), None, action, "done", new_correlation(), None, detail)


@user.command()
def add(
    ctx: typer.Context,
    name: Name,
    role: Annotated[Role, typer.Option(help="viewer, operator or admin.")],
    random_password: Random = False,
    modem: Modem = None,
    unless_there: Annotated[
        bool, typer.Option("--unless-there", help="Do nothing when any admin exists.")
    ] = False,
    as_json: Json = False,
) -> None:
    """A new account. Without --random-password its password is read from standard input."""
    from ..api.accounts.passwords import Passwords
    from ..api.audit import Audit
    from ..registry.users import UserBook

    _check_name(name)
    modems = None if modem is None else [check_serial(one, "--modem") for one in modem]
    with _open(ctx) as pool:
        if unless_there and _has_admin(pool):
            return
        password = _password(random_password)
        hash_ = Passwords().hash(password)
        entry = _entry("user-added", user=name, role=role.value, modems=modems)
        with Audit(pool).doing(entry) as database:
            row = UserBook(database).add(name, hash_, role.value, modems)
    _show(row | ({"password": password} if random_password else {}), as_json)


def _has_admin(pool: Pool) -> bool:
    from ..registry.users import UserBook

    with pool.database() as database:
        rows = UserBook(database).all()
    return any(row["role"] == "admin" and row["enabled"] for row in rows)


@user.command("list")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """All accounts."""
    from ..registry.users import UserBook
    from .output import show_json, show_table

    with _open(ctx) as pool, pool.database() as database:
        rows = UserBook(database).all()
    if as_json:
        show_json(rows)
        return
    names = ("name", "role", "modems", "enabled", "created_at", "changed_at")
    show_table(names, [[_joined(row[name]) for name in names] for row in rows])


@user.command()
def change(
    ctx: typer.Context,
    name: Name,
    role: Annotated[Role | None, typer.Option(help="viewer, operator or admin.")] = None,
    password: Annotated[
        bool, typer.Option("--password", help="Read a new one from standard input.")
    ] = False,
    random_password: Random = False,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable")] = None,
    as_json: Json = False,
) -> None:
    """Change an account. All its log-ins end, and its failed ones are forgotten."""
    from ..api.accounts.passwords import Passwords
    from ..api.audit import Audit
    from ..registry.sessions import SessionBook
    from ..registry.users import FailureBook, UserBook

    _check_name(name)
    told: dict[str, Any] = {}
    changes: dict[str, Any] = {}
    fresh = _password(random_password) if password or random_password else None
    if fresh is not None:
        changes["password_hash"], told["password"] = Passwords().hash(fresh), "changed"
    if role is not None:
        changes["role"] = told["role"] = role.value
    if enabled is not None:
        changes["enabled"] = told["enabled"] = enabled
    if not changes:
        raise InvalidValueError("options", None, "--role, --password, --enable or --disable")
    with _open(ctx) as pool, Audit(pool).doing(_entry("user-changed", user=name, **told)) as found:
        row = UserBook(found).change(name, **changes)
        if row is None:
            raise InvalidValueError("NAME", name, "an account; `modemfarm user list` has them")
        SessionBook(found).end_of(row["id"], "account-changed")
        FailureBook(found).clear(f"account:{name}")
    _show(row | ({"password": fresh} if random_password else {}), as_json)


@audit.command()
def verify(
    ctx: typer.Context,
    head: Annotated[
        list[str] | None,
        typer.Option(help="NUMBER:HASH that was kept elsewhere; may be repeated."),
    ] = None,
    journal: Annotated[bool, typer.Option(help="Compare with the heads in the journal.")] = True,
    as_json: Json = False,
) -> None:
    """Is every row as it was written, and none gone? Exit 1 when not."""
    from ..registry.audit import AuditBook
    from ..registry.chain import Fault, Head, in_parts
    from ..registry.chain import verify as verify_chain

    heads = [_head(text) for text in head or ()]
    heads += _journal() if journal else []
    with _open(ctx) as pool, pool.database() as database:
        said = verify_chain(in_parts(AuditBook(database).after), heads)
    if not heads:
        sys.stderr.write(
            "no head is known from outside of the database: rows cut off the end are not missed\n"
        )
    if isinstance(said, Fault):
        _show({"whole": False, "row": said.number, "problem": said.what}, as_json)
        raise typer.Exit(1)
    assert isinstance(said, Head)  # noqa: S101 - there is no third
    _show({"whole": True, "rows": said.number, "head": said.hash.hex(),
           "compared_with": len(heads)}, as_json)  # fmt: skip


def _head(text: str) -> Any:
    from ..registry.chain import heads_in

    found = heads_in([f"audit head {text.replace(':', ' ')}"])
    if not found:
        raise InvalidValueError("--head", text, "NUMBER:HASH, the hash as 64 hex digits")
    return found[0]


def _journal() -> list[Any]:
    """The heads that the API, and this program, have said."""
    from ..registry.chain import heads_in

    command = ["journalctl", "--quiet", "--output=cat", "--unit", UNIT, "--grep", "audit head "]
    try:
        said = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False
        )
    except FileNotFoundError:
        return []
    return heads_in(said.stdout.splitlines())


@api.command()
def openapi() -> None:
    """Print the OpenAPI document. Needs neither database nor settings."""
    from ..api.document import document
    from .output import show_json

    show_json(document())


@api.command("rotate-keys")
def rotate_keys(
    revoke: Annotated[
        bool, typer.Option("--revoke", help="No token counts that was signed before.")
    ] = False,
    settings: Annotated[Path | None, typer.Option(help="Settings of the API.")] = None,
) -> None:
    """Sign access tokens with a new key from now on."""
    from ..api.accounts.keys import KeyRing
    from ..api.parts import utc_now
    from ..api.settings import DEFAULT_PATH, ApiSettings
    from .source import acting_as

    found = ApiSettings.load(settings or DEFAULT_PATH)
    with acting_as(USER):
        ring = KeyRing(found.state, utc_now)
        key = ring.revoke() if revoke else ring.rotate()
    sys.stdout.write(f"key {key.kid} signs from now on\n")


def _check_name(name: str) -> None:
    import re

    if not re.fullmatch(r"[a-z][a-z0-9._-]{0,31}", name):
        allowed = "1 to 32 small letters, digits, dots, dashes or underscores, a letter first"
        raise InvalidValueError("NAME", name, allowed)


def _password(made: bool) -> str:
    """A random one, or one line of standard input: never an argument, which all users see."""
    import getpass

    from ..api.accounts.passwords import random_password

    if made:
        return random_password()
    return getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def _joined(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value


def _show(row: dict[str, Any], as_json: bool) -> None:
    from .output import show_fields, show_json

    if as_json:
        show_json(row)
    else:
        show_fields({name: _joined(value) for name, value in row.items()})
