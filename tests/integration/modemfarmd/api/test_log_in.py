# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in, going on, out, and being locked out."""

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from modemfarmd.api.accounts.lockout import ACCOUNT, ADDRESS

from .world import PASSWORD, World, bearer


def attempt(world: World, name: str, password: str = "wrong") -> Any:  # noqa: S107 - it is wrong
    return world.client.post("/api/auth/token", json={"username": name, "password": password})


def refresh(world: World, token: str) -> Any:
    return world.client.post("/api/auth/refresh", json={"refresh_token": token})


def test_a_log_in_gives_what_it_says(world: World) -> None:
    world.user("alice", "operator", ["867584030000001"])
    granted = world.log_in("alice")
    me = world.client.get("/api/me", headers=bearer(granted["access_token"])).json()
    assert (me["actor"], me["role"], me["modems"]) == ("api:alice", "operator", ["867584030000001"])
    assert granted["expires_in"] == 900
    assert "AT+QCSQ" in me["commands"]
    kept = str(world.rows("SELECT * FROM refresh_tokens, sessions, users"))
    assert granted["refresh_token"] not in kept
    assert PASSWORD not in kept
    assert world.audited() == [("api:alice", "log-in", "done")]


def test_wrong_and_unknown_look_the_same(world: World) -> None:
    world.user("alice")
    wrong, unknown = attempt(world, "alice"), attempt(world, "nobody")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    bodies = [answer.json() | {"correlation": None} for answer in (wrong, unknown)]
    assert bodies[0] == bodies[1]
    assert world.audited() == [("api", "log-in-failed", "refused")] * 2


def test_a_disabled_account_is_like_none(world: World) -> None:
    world.user("alice")
    world.statement("UPDATE users SET enabled = false")
    assert attempt(world, "alice", PASSWORD).status_code == 401


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_an_account_waits_after_failures_for_longer_each_time(world: World, name: str) -> None:
    world.user("alice")
    for _ in range(ACCOUNT.free):
        assert attempt(world, name).status_code == 401
    locked = attempt(world, name, PASSWORD)
    assert locked.status_code == 429
    first = int(locked.headers["retry-after"])
    assert 25 <= first <= 31
    world.ahead = timedelta(seconds=first)
    assert attempt(world, name).status_code == 401
    again = int(attempt(world, name, PASSWORD).headers["retry-after"])
    assert 55 <= again <= 61
    world.ahead += timedelta(seconds=again)
    if name == "alice":
        assert attempt(world, name, PASSWORD).status_code == 200
        assert attempt(world, name).status_code == 401  # counted anew


def test_an_address_waits_after_failures_at_many_accounts(world: World) -> None:
    world.user("alice")
    for number in range(ADDRESS.free):
        assert attempt(world, f"u{number}").status_code == 401
    assert attempt(world, "alice", PASSWORD).status_code == 429


def test_a_thousand_tries_are_few_looks_at_a_password(world: World) -> None:
    world.user("alice")
    codes = Counter(attempt(world, "alice", f"guess {n}").status_code for n in range(1000))
    assert codes[401] <= ACCOUNT.free + 1
    assert codes[401] + codes[429] == 1000
    assert len(world.audited()) == codes[401]  # nor does the audit grow by them


def test_a_refresh_token_counts_once(world: World) -> None:
    world.user("alice")
    granted = world.log_in("alice")
    next_ = refresh(world, granted["refresh_token"]).json()
    assert world.client.get("/api/me", headers=bearer(next_["access_token"])).status_code == 200
    assert refresh(world, next_["refresh_token"]).status_code == 200


def test_one_that_comes_twice_ends_the_whole_log_in(world: World) -> None:
    world.user("alice")
    stolen = world.log_in("alice")["refresh_token"]
    thief = refresh(world, stolen).json()
    other = world.log_in("alice")
    assert refresh(world, stolen).status_code == 401
    assert refresh(world, thief["refresh_token"]).status_code == 401
    assert world.client.get("/api/me", headers=bearer(thief["access_token"])).status_code == 401
    assert world.client.get("/api/me", headers=bearer(other["access_token"])).status_code == 200
    assert ("api", "refresh-reused", "refused") in world.audited()


def test_of_many_who_use_it_at_once_one_succeeds(world: World) -> None:
    world.user("alice")
    token = world.log_in("alice")["refresh_token"]
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda: codes.append(refresh(world, token).status_code))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(codes) == {200: 1, 401: 5}


def test_a_log_in_ends_with_its_day(world: World) -> None:
    world.user("alice")
    token = world.log_in("alice")["refresh_token"]
    world.ahead = timedelta(hours=12, minutes=1)
    assert refresh(world, token).status_code == 401


def test_logging_out_ends_everything_of_the_log_in(world: World) -> None:
    world.user("alice")
    granted, other = world.log_in("alice"), world.log_in("alice")
    headers = bearer(granted["access_token"])
    assert world.client.post("/api/auth/logout", headers=headers).status_code == 204
    assert world.client.get("/api/me", headers=headers).status_code == 401
    assert refresh(world, granted["refresh_token"]).status_code == 401
    assert refresh(world, other["refresh_token"]).status_code == 200


def test_another_password_for_oneself(world: World) -> None:
    headers = world.person("alice")
    new = "another long password"
    body = {"password": "wrong", "new_password": new}
    assert world.client.post("/api/auth/password", json=body, headers=headers).status_code == 401
    body["password"] = PASSWORD
    assert world.client.post("/api/auth/password", json=body, headers=headers).status_code == 204
    assert world.client.get("/api/me", headers=headers).status_code == 401
    assert attempt(world, "alice", PASSWORD).status_code == 401
    assert attempt(world, "alice", new).status_code == 200


def test_a_programs_token_counts_until_it_is_revoked_or_over(world: World) -> None:
    admin = world.person("root", "admin")
    body = {"name": "nightly", "role": "viewer", "days": 2}
    made = world.client.post("/api/tokens", json=body, headers=admin).json()
    token = bearer(made["token"])
    assert world.client.get("/api/me", headers=token).json()["actor"] == "api:token/nightly"
    assert made["token"] not in str(world.rows("SELECT * FROM api_tokens, audit"))
    assert world.client.post("/api/tokens", json=body, headers=admin).status_code == 422
    world.ahead = timedelta(days=2, seconds=1)
    assert world.client.get("/api/me", headers=token).status_code == 401
    world.ahead = timedelta()
    assert world.client.delete("/api/tokens/nightly", headers=admin).status_code == 204
    assert world.client.get("/api/me", headers=token).status_code == 401
    assert world.client.delete("/api/tokens/nightly", headers=admin).status_code == 404
