# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input of every kind: a problem that names field, value, what is allowed and the remedy."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modemfarmd.api.limits import LARGEST

from .world import PASSWORD, World, serial

COMMAND = f"/api/modems/{serial(1)}/command"
HOLD = f"/api/modems/{serial(1)}/hold"


@pytest.fixture
def admin(world: World) -> dict[str, str]:
    world.modem(1)
    return world.person("root", "admin")


def check_problem(answer: Any) -> dict[str, Any]:
    """As RFC 9457 and our own word have it."""
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    for name in ("title", "detail", "remedy"):
        assert isinstance(body[name], str), name
        assert body[name], name
    for error in body["errors"]:
        assert set(error) == {"field", "value", "allowed", "remedy"}
        assert all(isinstance(value, str) and len(value) < 300 for value in error.values())
    return body


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=1e3", "limit"),
        ("limit=%D9%A1", "limit"), ("limit=1_0", "limit"), ("limit=", "limit"),
        ("limit=" + "9" * 5000, "limit"), ("cursor=x", "cursor"), ("cursor=WzFd", "cursor"),
        ("cursor=" + "A" * 300, "cursor"), ("cursor=W1tbXQ", "cursor"), ("cursor=%C3%A4", "cursor"),
        ("status=up", "status"), ("state=fine", "state"), ("present=1", "present"),
        ("present=yes", "present"), ("host=%00", "host"), ("operator=a%0Ab", "operator"),
        ("find=", "find"), ("find=" + "x" * 101, "find"), ("nonsense=1", "nonsense"),
    ],
)  # fmt: skip
def test_queries(world: World, admin: dict[str, str], query: str, field: str) -> None:
    answer = world.client.get(f"/api/modems?{query}", headers=admin)
    assert answer.status_code == 422, answer.text
    assert check_problem(answer)["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "command"), ({"command": None}, "command"), ({"command": 5}, "command"),
        ({"command": ["ATI"]}, "command"), ({"command": ""}, "command"), ([], "body"),
        ({"command": "A" * 1025}, "command"), ("ATI", "body"), (None, "body"), (7, "body"),
        ({"command": "ATI", "role": "admin"}, "role"),
    ],
)  # fmt: skip
def test_bodies_of_other_shapes(world: World, admin: dict[str, str], body: Any, field: str) -> None:
    answer = world.client.post(COMMAND, content=json.dumps(body), headers=admin | JSON)
    assert answer.status_code == 422, answer.text
    assert check_problem(answer)["errors"][0]["field"] == field
    assert world.agent.asked == []


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("content", "statuses"),
    [
        (b"", {422}), (b"{", {422}), (b"\xff\xfe{}", {400, 422}), (b'{"command":"\xff"}', {400}),
        (b'{"command":"\\ud800"}', {422}), (b'{"command":"AT\\u0000"}', {403}),
        (b"[" * 30_000, {400, 422}), (b'{"command":' + b"9" * 6000 + b"}", {400, 422}),
        (b"NaN", {422}), (b'{"command":1e999}', {422}), (b"{}" * 3, {422}),
    ],
)  # fmt: skip
def test_bodies_that_are_no_json(
    world: World, admin: dict[str, str], content: bytes, statuses: set[int]
) -> None:
    answer = world.client.post(COMMAND, content=content, headers=admin | JSON)
    assert answer.status_code in statuses, answer.text
    check_problem(answer)
    assert world.agent.asked == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "x", ""])
def test_other_media_types_are_no_json(world: World, admin: dict[str, str], kind: str) -> None:
    answer = world.client.post(
        COMMAND, content=b'{"command":"ATI"}', headers=admin | {"Content-Type": kind}
    )
    assert answer.status_code == 422
    check_problem(answer)


def test_a_body_is_bounded_whether_it_says_its_length_or_not(
    world: World, admin: dict[str, str]
) -> None:
    big = b'{"command":"' + b"A" * LARGEST + b'"}'

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(big), 1000):
            yield big[start : start + 1000]

    for content in (big, pieces()):
        answer = world.client.post(COMMAND, content=content, headers=admin | JSON)
        assert answer.status_code == 413
        check_problem(answer)
    # Before anybody is asked who he is: a stranger's megabytes are not read either.
    assert world.client.post("/api/auth/token", content=big, headers=JSON).status_code == 413


def test_no_body_is_read_of_who_may_not(world: World, admin: dict[str, str]) -> None:
    for headers, status in (({}, 401), (world.person("eve"), 403)):
        answer = world.client.post("/api/users", content=b"{not json", headers=headers | JSON)
        assert answer.status_code == status


def test_secrets_are_in_no_error(world: World, admin: dict[str, str]) -> None:
    answers = [
        world.client.post("/api/users", json={"name": "x", "role": "viewer", "password": secret},
                          headers=admin)
        for secret in ("hush", ["hush"], {"hush": "hush"})
    ]  # fmt: skip
    answers.append(world.client.post("/api/auth/refresh", json={"refresh_token": ["hush"]}))
    answers.append(
        world.client.post("/api/auth/token", json={"username": "x", "password": {"a": "hush"}})
    )
    for answer in answers:
        assert answer.status_code == 422
        assert "hush" not in answer.text
        check_problem(answer)
    assert "hush" not in str(world.rows("SELECT * FROM audit"))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"])
def test_other_methods_are_named(world: World, admin: dict[str, str], method: str) -> None:
    answer = world.client.request(method, "/api/modems", headers=admin)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    check_problem(answer)


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/", "/docs", "/openapi.json", "/api/modems/", "/api/../etc/passwd",
             "/api/modems/%00", "/api/modems/" + "9" * 3000, "/api/users/%2e%2e"],
)  # fmt: skip
def test_paths_that_are_not_there(world: World, admin: dict[str, str], path: str) -> None:
    answer = world.client.request("PATCH", path, headers=admin, json={"role": "viewer"})
    assert answer.status_code in (404, 405, 422)
    check_problem(answer)


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 65, "\u00e4", "a\x01"])
def test_idempotency_keys(world: World, admin: dict[str, str], key: str) -> None:
    headers = admin | {"Idempotency-Key": key.encode("latin-1")}
    answer = world.client.post(COMMAND, json={"command": "ATI"}, headers=headers)
    assert answer.status_code == 422
    assert check_problem(answer)["errors"][0]["field"].lower() == "idempotency-key"


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Alice"}, {"name": "a" * 33}, {"name": "../x"}, {"name": "a\n"}, {"role": "root"},
        {"password": "short"}, {"password": "x" * 257}, {"modems": ["1"]}, {"modems": "all"},
        {"modems": [None]}, {"modems": [serial(1)] * 1001}, {"enabled": "yes"},
    ],
)  # fmt: skip
def test_accounts(world: World, admin: dict[str, str], body: dict[str, Any]) -> None:
    good = {"name": "alice", "role": "viewer", "password": PASSWORD}
    answer = world.client.post("/api/users", json=good | body, headers=admin)
    assert answer.status_code == 422
    check_problem(answer)
    assert [row["name"] for row in world.rows("SELECT name FROM users")] == ["root"]


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner,
                                                                 max_size=4),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=_JUNK)
def test_junk_is_never_a_mistake_of_ours(world: World, admin: dict[str, str], junk: Any) -> None:
    try:
        content = json.dumps(junk).encode()
    except (ValueError, UnicodeEncodeError):
        return
    for method, path in (("POST", COMMAND), ("PUT", HOLD), ("POST", "/api/users"),
                         ("PATCH", "/api/users/eve"), ("POST", "/api/auth/token")):  # fmt: skip
        answer = world.client.request(method, path, content=content, headers=admin | JSON)
        assert 400 <= answer.status_code < 500
        check_problem(answer)


def test_cors_is_closed_and_opens_for_what_is_named(make_world: Any) -> None:
    origin = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    closed = make_world()
    answer = closed.client.options("/api/modems", headers=origin)
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers
    opened = make_world(origins=("https://console.example",))
    assert (
        "access-control-allow-origin"
        not in opened.client.options("/api/modems", headers=origin).headers
    )
    good = origin | {"Origin": "https://console.example"}
    answer = opened.client.options("/api/modems", headers=good)
    assert answer.headers["access-control-allow-origin"] == "https://console.example"
    assert "access-control-allow-credentials" not in answer.headers
