# SPDX-License-Identifier: GPL-3.0-or-later
"""Each endpoint, asked by callers of each role and scope. An endpoint that is not here fails."""

from typing import Any

import pytest
from starlette.routing import BaseRoute
from starlette.testclient import WebSocketDenialResponse

from modemfarm.at.permit import Role
from modemfarmd.api.access import RULES, Rule, Scope

from .world import PASSWORD, ROLES, World, serial

MINE, OTHER = serial(1), serial(2)
UNTIL = "2026-01-31T18:00:00Z"
# Method, path: least role ("" without a token), what it is about, and a body that is taken.
ENDPOINTS: dict[tuple[str, str], tuple[str, str, Any]] = {
    ("GET", "/api/health"): ("", "open", None),
    ("POST", "/api/auth/token"): ("", "open", {"username": "nobody", "password": "x"}),
    ("POST", "/api/auth/refresh"): ("", "open", {"refresh_token": "x"}),
    ("POST", "/api/auth/logout"): ("viewer", "own", None),
    ("POST", "/api/auth/password"): (
        "viewer", "own", {"password": "wrong", "new_password": PASSWORD + "2"},
    ),
    ("POST", "/api/auth/ticket"): ("viewer", "own", None),
    ("WEBSOCKET", "/api/ws"): ("viewer", "theirs", None),
    ("GET", "/api/me"): ("viewer", "own", None),
    ("GET", "/api/openapi.json"): ("viewer", "own", None),
    ("GET", "/api/modems"): ("viewer", "theirs", None),
    ("GET", "/api/modems/{serial}"): ("viewer", "modem", None),
    ("GET", "/api/modems/{serial}/logs"): ("operator", "modem", None),
    ("POST", "/api/modems/{serial}/command"): ("viewer", "modem", {"command": "AT+QCSQ"}),
    ("POST", "/api/modems/{serial}/restart"): ("operator", "modem", {"step": "proxy"}),
    ("PUT", "/api/modems/{serial}/hold"): ("operator", "modem", {"until": UNTIL, "reason": "x"}),
    ("DELETE", "/api/modems/{serial}/hold"): ("operator", "modem", None),
    ("GET", "/api/holds"): ("viewer", "theirs", None),
    ("GET", "/api/exits"): ("operator", "theirs", None),
    ("GET", "/api/events"): ("viewer", "theirs", None),
    ("GET", "/api/operations/{operation}"): ("viewer", "theirs", None),
    ("GET", "/metrics"): ("viewer", "farm", None),
    ("GET", "/api/audit"): ("admin", "farm", None),
    ("GET", "/api/users"): ("admin", "farm", None),
    ("POST", "/api/users"): ("admin", "farm", {"name": "x"}),
    ("PATCH", "/api/users/{name}"): ("admin", "farm", {"role": "viewer"}),
    ("GET", "/api/tokens"): ("admin", "farm", None),
    ("POST", "/api/tokens"): ("admin", "farm", {"name": "x"}),
    ("DELETE", "/api/tokens/{name}"): ("admin", "farm", None),
}  # fmt: skip
# A 401 of what the caller sent to an endpoint that is open for him.
SECRETS = ("user name or password are wrong", "this is no refresh token")


def every_route(routes: list[BaseRoute]) -> set[tuple[str, str]]:
    """Whatever answers, of whatever kind it is."""
    found = set()
    for route in routes:
        methods = getattr(route, "methods", None) or {"WEBSOCKET"}
        found |= {(method, getattr(route, "path", repr(route))) for method in methods - {"HEAD"}}
    return found


def test_every_endpoint_has_a_rule_and_is_asked_here(world: World) -> None:
    there = every_route(world.app.routes)
    assert there == set(RULES)
    assert there == set(ENDPOINTS)


def test_an_endpoint_without_a_rule_is_closed_to_everybody(world: World) -> None:
    @world.app.get("/api/forgotten")
    def forgotten() -> str:
        return "secret"

    admin = world.person("root", "admin")
    answer = world.client.get("/api/forgotten", headers=admin)
    assert answer.status_code == 403
    assert "secret" not in answer.text
    assert world.client.get("/api/forgotten").status_code == 403


@pytest.mark.parametrize("kind", ["person", "program"])
def test_role_by_endpoint_by_scope(world: World, kind: str) -> None:
    for number in (1, 2):
        world.modem(number)
    callers = {}
    for role in ROLES:
        for scope, modems in (("all", None), ("mine", [MINE]), ("other", [OTHER]), ("none", [])):
            # Logging out ends a log-in, so each request has a caller of its own kind only.
            callers[role, scope] = (getattr(world, kind)(f"{role}-{scope}", role, modems), modems)
    wrong, asked = [], 0
    for (method, path), (least, about, body) in ENDPOINTS.items():
        answers = {("", ""): (_ask(world, method, path, body, {}), least == "")}
        for (role, scope), (headers, modems) in callers.items():
            if path == "/api/auth/logout" and kind == "person":
                headers = _again(world, f"{role}-{scope}")
            status = _ask(world, method, path, body, headers)
            answers[role, scope] = (status, _may(role, modems, least, about))
        for caller, ((status, detail), may) in answers.items():
            asked += 1
            closed = status in (401, 403) and detail not in SECRETS
            closed = closed or (about == "modem" and status == 404)
            if closed is may or status >= 500:
                wrong.append((method, path, caller, status, may))
    assert wrong == []
    assert asked == len(ENDPOINTS) * 13


def _may(role: str, modems: list[str] | None, least: str, about: str) -> bool:
    """What the plan says, in words that share nothing with access.py."""
    if least and ROLES.index(role) < ROLES.index(least):
        return False
    if about == "farm":
        return modems is None
    if about == "modem":
        return modems is None or MINE in modems
    return True


def _again(world: World, name: str) -> dict[str, str]:
    return {"Authorization": "Bearer " + world.log_in(name)["access_token"]}


def _ask(
    world: World, method: str, path: str, body: Any, headers: dict[str, str]
) -> tuple[int, str | None]:
    """The status, and what a problem says."""
    if method == "WEBSOCKET":
        return _open(world, path, headers)
    url = path.format(serial=MINE, operation="0" * 32, name="nobody")
    answer = world.client.request(method, url, json=body, headers=headers)
    problem = answer.headers.get("content-type") == "application/problem+json"
    return answer.status_code, answer.json()["detail"] if problem else None


def _open(world: World, path: str, headers: dict[str, str]) -> tuple[int, str | None]:
    ticket = world.client.post("/api/auth/ticket", headers=headers).json().get("ticket", "none")
    try:
        with world.client.websocket_connect(path, ["modemfarm.1", f"ticket.{ticket}"]):
            return 101, None
    except WebSocketDenialResponse as denied:
        return denied.status_code, str(denied.json()["detail"])


def test_callers_see_their_modems_only(world: World) -> None:
    for number in (1, 2):
        world.modem(number)
        world.event(number)
    world.event(None, "clock-set", seconds=1)
    some, everything = world.person("some", "viewer", [MINE]), world.person("all")
    for path, field in (("/api/modems", "serial"), ("/api/events", "serial")):
        seen = world.client.get(path, headers=some).json()["items"]
        assert {row[field] for row in seen} == {MINE}
        assert len(world.client.get(path, headers=everything).json()["items"]) > len(seen)
    there = world.client.get(f"/api/modems/{OTHER}", headers=some)
    absent = world.client.get(f"/api/modems/{serial(9)}", headers=some)
    assert (there.status_code, absent.status_code) == (404, 404)
    texts = (there.json()["detail"], absent.json()["detail"])
    assert texts[0].replace(OTHER, "X") == texts[1].replace(serial(9), "X")


def test_what_is_refused_of_actions_is_audited_and_of_questions_is_not(world: World) -> None:
    viewer = world.person("eve")
    world.modem(1)
    assert (
        world.client.post(f"/api/modems/{MINE}/restart", json={}, headers=viewer).status_code == 403
    )
    assert world.client.get("/api/users", headers=viewer).status_code == 403
    assert world.audited()[1:] == [("api:eve", "refused", "refused")]
    assert world.agent.asked == []


def test_rights_that_are_taken_away_are_gone_at_once(world: World) -> None:
    admin, bob = world.person("root", "admin"), world.person("bob", "operator")
    assert world.client.get("/api/modems", headers=bob).status_code == 200
    changed = world.client.patch("/api/users/bob", json={"enabled": False}, headers=admin)
    assert changed.status_code == 200, changed.text
    assert world.client.get("/api/modems", headers=bob).status_code == 401


def test_rules_are_read_only_and_complete() -> None:
    assert all(isinstance(rule, Rule) for rule in RULES.values())
    opened = {path for (_, path), rule in RULES.items() if rule.least is None}
    assert opened == {"/api/health", "/api/auth/token", "/api/auth/refresh"}
    for (_, path), rule in RULES.items():
        assert ("{serial}" in path) is (rule.scope is Scope.MODEM), path
    assert RULES["GET", "/api/audit"].least is Role.ADMIN
