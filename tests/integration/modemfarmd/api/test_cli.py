# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm user`, `audit` and `api`, over the same database as the API."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from modemfarmd.cli import accounts
from modemfarmd.cli.verbs import app

from .world import PASSWORD, PASSWORDS, World

Run = Callable[..., Any]


@pytest.fixture
def run(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the CLI on the world's database, with cheap passwords and a journal of the world's."""
    farm = {
        "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": "192.168.1.100",
        "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "nameservers": ["9.9.9.9"],
        "apn": "internet", "probe_url": "http://probe.example/", "database": world.farm.database,
    }  # fmt: skip
    path = tmp_path / "farm.json"
    path.write_text(json.dumps(farm))
    monkeypatch.setattr("modemfarmd.api.accounts.passwords.Passwords", lambda: PASSWORDS)
    monkeypatch.setattr(accounts, "_journal", lambda: list(world.heads))

    def call(*words: str, typed: str = "") -> Any:
        result = CliRunner().invoke(app, ["--settings", str(path), *words], input=typed)
        if result.exit_code == 0 and "--json" in words:
            return json.loads(result.stdout)
        return result

    return call


def test_the_first_admin_gets_a_password_that_is_shown_once(world: World, run: Run) -> None:
    words = ("user", "add", "admin", "--role", "admin", "--random-password", "--unless-there")
    made = run(*words, "--json")
    assert len(made["password"]) == 20
    assert world.log_in("admin", made["password"])["role"] == "admin"
    again = run(*words)
    assert (again.exit_code, again.output) == (0, "")
    assert made["password"] not in str(world.rows("SELECT * FROM users, audit"))
    assert world.audited()[0][1:] == ("user-added", "done")
    assert world.audited()[0][0].startswith("cli:")


def test_accounts_are_made_changed_and_listed(world: World, run: Run) -> None:
    run("user", "add", "bob", "--role", "viewer", "--modem", "867584030000001", typed=PASSWORD)
    token = world.log_in("bob")["access_token"]
    assert run("user", "list", "--json")[0]["modems"] == ["867584030000001"]
    assert run("user", "change", "bob", "--role", "operator", "--json")["role"] == "operator"
    gone = world.client.get("/api/me", headers={"Authorization": f"Bearer {token}"})
    assert gone.status_code == 401
    fresh = run("user", "change", "bob", "--random-password", "--json")["password"]
    assert world.log_in("bob", fresh)["role"] == "operator"
    run("user", "change", "bob", "--disable")
    assert run("user", "list", "--json")[0]["enabled"] is False


@pytest.mark.parametrize(
    ("words", "typed", "part"),
    [
        (("add", "Bob", "--role", "viewer"), PASSWORD, "NAME is 'Bob'"),
        (("add", "bob", "--role", "viewer"), "short", "12 to 256"),
        (("add", "bob", "--role", "viewer", "--modem", "1"), PASSWORD, "--modem is '1'"),
        (("change", "nobody", "--disable"), "", "NAME is 'nobody'"),
        (("change", "root"), "", "options is None"),
    ],
)
def test_bad_input_changes_nothing(
    world: World, run: Run, words: tuple[str, ...], typed: str, part: str
) -> None:
    world.user("root", "admin")
    result = run("user", *words, typed=typed)
    assert part in str(result.exception)
    assert world.rows("SELECT name, enabled FROM users") == [{"name": "root", "enabled": True}]
    assert world.audited() == []


def test_verify_says_whether_it_is_whole(world: World, run: Run) -> None:
    for number in range(4):
        world.person(f"u{number}")
    said = run("audit", "verify", "--json")
    assert (said["whole"], said["rows"], said["compared_with"]) == (True, 4, 4)
    kept = world.heads[-1]
    world.statement("DELETE FROM audit WHERE id = 4")
    result = run("audit", "verify")
    assert result.exit_code == 1
    assert "is missing: the log ends at 3" in result.output
    alone = run("audit", "verify", "--no-journal")
    assert alone.exit_code == 0
    assert "no head is known" in alone.output
    elsewhere = run("audit", "verify", "--no-journal", "--head", f"4:{kept.hash.hex()}")
    assert elsewhere.exit_code == 1
    assert "HASH" in str(run("audit", "verify", "--head", "4").exception)


def test_the_document_needs_no_database() -> None:
    env = {"MODEMFARM_SETTINGS": "/nonexistent", "PGHOST": "/nonexistent"}
    result = CliRunner().invoke(app, ["api", "openapi"], env=os.environ | env)
    document = json.loads(result.stdout)
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["description"], where
            assert {"500", "503", "413"} <= set(operation["responses"]), where
            opened = operation["security"] == []
            assert opened is ("401" not in operation["responses"] or path in OPEN), where
    assert "Problem" in document["components"]["schemas"]
    assert "ValidationError" not in document["components"]["schemas"]


OPEN = ("/api/auth/token", "/api/auth/refresh")
