# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: S608 - statements are made of names and numbers of ours
"""The account of every action: whole, or found to be tampered with; and no action without it."""

import contextlib
import random
import threading
from collections.abc import Callable
from typing import Any

import psycopg2.errors
import pytest

from modemfarmd.registry.audit import AuditBook, AuditError, Entry
from modemfarmd.registry.chain import Fault, Head, heads_in, in_parts, verify
from modemfarmd.registry.db import Database

from .world import World, serial

ROWS = 40


def fill(world: World, rows: int = ROWS) -> None:
    """Rows with hostile texts among them."""
    for number in range(rows):
        entry = Entry(
            f"api:u{number % 3}", None if number % 4 == 0 else f"192.168.1.{number}", "command",
            "done", f"c{number}", serial(number % 5) if number % 2 else None,
            {"command": f"AT+X={number}", "odd": '1:a,-\u202e"\x00\ud800', "n": number},
        )  # fmt: skip
        with world.parts.audit.doing(entry):
            pass


def read(database: Database) -> list[Any]:
    return list(in_parts(AuditBook(database).after, 7))


def test_a_whole_chain_ends_in_the_exported_head(world: World) -> None:
    assert verify(read(world.owner)) == Head(0, bytes(32))
    fill(world)
    assert verify(read(world.owner), world.heads) == world.heads[-1]
    assert [head.number for head in world.heads] == list(range(1, ROWS + 1))
    assert heads_in([f"modemfarm.audit: {head}\n" for head in world.heads]) == world.heads
    assert heads_in([f"modemfarm.api: GET /api/{world.heads[0]}", "audit head 1 x"]) == []


def edit(chance: random.Random, numbers: list[int]) -> str:
    column, value = chance.choice([
        ("actor", "'api:mallory'"), ("address", "'10.0.0.9'"), ("address", "NULL"),
        ("action", "'nothing'"), ("serial", "'867584030000099'"), ("serial", "NULL"),
        ("outcome", "'failed'"), ("correlation", "'other'"), ("at", "at + interval '1 us'"),
        ("detail", "'{}'"), ("detail", "(detail::text || ' ')::json"),
        ("hash", "sha256('x')"), ("previous", "sha256('x')"),
    ])  # fmt: skip
    return f"UPDATE audit SET {column} = {value} WHERE id = {chance.choice(numbers)}"


def remove(chance: random.Random, numbers: list[int]) -> str:
    return f"DELETE FROM audit WHERE id = {chance.choice(numbers[:-1])}"


def reorder(chance: random.Random, numbers: list[int]) -> str:
    a, b = chance.sample(numbers, 2)
    return (
        f"UPDATE audit SET id = 1000 WHERE id = {a}; UPDATE audit SET id = {a} WHERE id = {b};"
        f"UPDATE audit SET id = {b} WHERE id = 1000"
    )


def cut(chance: random.Random, numbers: list[int]) -> str:
    return f"DELETE FROM audit WHERE id > {chance.choice(numbers[:-1])}"


def close_up(chance: random.Random, numbers: list[int]) -> str:
    """A row is gone, and those behind it have moved up."""
    gone = chance.choice(numbers[:-1])
    return (
        f"DELETE FROM audit WHERE id = {gone};"
        f"UPDATE audit SET id = id + 1000 WHERE id > {gone}; "
        f"UPDATE audit SET id = id - 1001 WHERE id > 1000"
    )


def forge(chance: random.Random, numbers: list[int]) -> str:
    """The tail is replaced by rows that the owner's own function made: a whole chain again."""
    gone = chance.choice(numbers[1:])
    return (
        f"DELETE FROM audit WHERE id >= {gone}; SELECT add_audit('api:u0', NULL, 'command', NULL,"
        f" 'done', 'c', '{{}}') FROM generate_series({gone}, {numbers[-1]})"
    )


Tamper = Callable[[random.Random, list[int]], str]
WAYS: list[Tamper] = [edit, edit, remove, reorder, cut, close_up, forge]


def tampered_with(world: World, statement: str) -> list[Any]:
    """The rows as they would be; they stay as they are."""
    with contextlib.suppress(RuntimeError), world.owner.transaction():
        world.owner._run(statement)
        rows = read(world.owner)
        raise RuntimeError
    return rows


def test_a_hundred_ways_of_tampering_are_all_found(world: World) -> None:
    fill(world)
    numbers = [head.number for head in world.heads]
    before = read(world.owner)
    tampered: list[tuple[str, Fault | Head]] = []
    chance = random.Random(6)  # noqa: S311 - the same choices each time
    while len(tampered) < 100:
        statement = WAYS[len(tampered) % len(WAYS)](chance, numbers)
        after = tampered_with(world, statement)
        if after != before:  # what was NULL may have been made NULL
            tampered.append((statement, verify(after, world.heads)))
    assert [one for one in tampered if not isinstance(one[1], Fault)] == []
    assert verify(read(world.owner), world.heads) == world.heads[-1]  # all was rolled back


def test_a_cut_tail_is_missed_without_a_head_from_elsewhere(world: World) -> None:
    """Why the heads are exported: the chain alone cannot know."""
    fill(world, 5)
    world.statement("DELETE FROM audit WHERE id > 3")
    assert verify(read(world.owner)) == world.heads[2]
    said = verify(read(world.owner), world.heads)
    assert said == Fault(4, "is missing: the log ends at 3")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'api:x'", "DELETE FROM audit", "TRUNCATE audit",
        "INSERT INTO audit SELECT * FROM audit", "ALTER TABLE audit DISABLE TRIGGER ALL",
        "DROP FUNCTION add_audit", "UPDATE users SET name = 'x'", "DELETE FROM users",
        "UPDATE sessions SET user_id = 1", "UPDATE operations SET actor = 'api:x'",
        "UPDATE modems SET slot = 1", "DELETE FROM refresh_tokens", "DELETE FROM api_tokens",
        "UPDATE api_tokens SET role = 'admin'", "CREATE TABLE mine (x text)",
        "CREATE OR REPLACE FUNCTION audit_text(audit) RETURNS text LANGUAGE sql AS ''",
    ],
)  # fmt: skip
def test_the_api_may_not(world: World, statement: str) -> None:
    fill(world, 2)
    with (
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
        world.parts.pool.database() as database,
    ):
        database._run(statement)


def test_two_who_write_at_once_make_one_chain(world: World) -> None:
    threads = [threading.Thread(target=fill, args=(world, 25)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify(read(world.owner), world.heads) == Head(
        100, max(world.heads, key=lambda head: head.number).hash
    )


def test_without_the_audit_nothing_is_done(world: World) -> None:
    admin = world.person("root", "admin")
    world.modem(1)
    world.statement("REVOKE EXECUTE ON FUNCTION add_audit FROM modemfarm_api")
    try:
        asked = all_that_changes(world, admin)
    finally:
        world.statement("GRANT EXECUTE ON FUNCTION add_audit TO modemfarm_api")
    assert [answer.status_code for answer in asked] == [503] * 4
    assert all("audit cannot be written" in answer.json()["detail"] for answer in asked)
    assert all(answer.headers["retry-after"] for answer in asked)
    assert world.agent.asked == []
    assert world.rows("SELECT name FROM users") == [{"name": "root"}]
    assert world.rows("SELECT id FROM operations") == []
    assert world.client.get("/api/modems", headers=admin).status_code == 200  # still logged in


def all_that_changes(world: World, admin: dict[str, str]) -> list[Any]:
    new = {"name": "carl", "password": "a long enough one", "role": "viewer"}
    return [
        world.client.post("/api/users", json=new, headers=admin),
        world.client.post(f"/api/modems/{serial(1)}/restart", json={}, headers=admin),
        world.client.post(
            f"/api/modems/{serial(1)}/command", json={"command": "ATI"}, headers=admin
        ),
        world.client.post("/api/auth/logout", headers=admin),
    ]


def test_what_fails_leaves_no_row(world: World) -> None:
    with (
        pytest.raises(AuditError),
        world.parts.audit.doing(Entry("api:x", None, "NO", "done", "c")),
    ):
        pass
    assert world.audited() == []
    assert world.heads == []
