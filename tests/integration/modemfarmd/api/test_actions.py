# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands, restarts and holds: once each, accounted for, whatever the agent says."""

import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from modemfarm.errors import FarmError
from modemfarmd.api.housekeeping import Housekeeping
from modemfarmd.line.client import BadInputError, NoServerError, RefusedError

from ..conftest import Server
from .world import Make, World, serial

MODEM = f"/api/modems/{serial(1)}"


@pytest.fixture
def boss(world: World) -> dict[str, str]:
    world.modem(1)
    world.modem(2, "second")
    return world.person("boss", "operator")


def command(world: World, headers: dict[str, str], text: str = "AT+QCSQ", **more: str) -> Any:
    return world.client.post(f"{MODEM}/command", json={"command": text}, headers=headers | more)


def test_a_command_and_its_account(world: World, boss: dict[str, str]) -> None:
    answer = command(world, boss)
    assert answer.status_code == 200, answer.text
    operation = answer.json()
    assert operation["result"]["lines"] == ['+QCSQ: "LTE",71']
    (asked,) = world.agent.asked
    assert asked[:3] == ("command", serial(1), "AT+QCSQ")
    assert asked[4:] == ("api:boss", operation["correlation"])
    assert answer.headers["x-correlation-id"] == operation["correlation"]
    rows = world.rows("SELECT outcome, correlation, serial, detail FROM audit ORDER BY id")[1:]
    assert [row["outcome"] for row in rows] == ["begun", "done"]
    assert {row["correlation"] for row in rows} == {operation["correlation"]}
    assert rows[0]["detail"] == {"command": "AT+QCSQ", "operation": operation["id"]}
    seen = world.client.get(answer.headers["location"], headers=boss)
    assert seen.json() == operation


@pytest.mark.parametrize(
    "text",
    [
        "AT+CPIN=\"1234\"", "AT+QPOWD", "AT+EGMR=1,7,\"867584030000017\"", "AT+QCSQ;+QPOWD", "ATZ",
        "AT+CFUN=0", "AT\r\nATD123;", "AT+QCFG=\"usbnet\",1", "ATD+491701234567;", "AT+CMGS=5",
        "+++", "A/", "AT+QFDEL=\"*\"", "\x1a\x1b", "AT+QCSQ\u0660",
    ],
)  # fmt: skip
def test_what_may_not_be_sent_is_explained_and_accounted_for(
    world: World, boss: dict[str, str], text: str
) -> None:
    answer = command(world, boss, text)
    assert answer.status_code == 403
    assert answer.json()["remedy"]
    assert world.agent.asked == []
    assert world.audited()[1:] == [("api:boss", "command", "refused")]
    assert "1234" not in str(world.rows("SELECT * FROM audit"))


def test_the_role_decides_what_may_be_sent(world: World, boss: dict[str, str]) -> None:
    viewer, admin = world.person("eve"), world.person("root", "admin")
    setting = 'AT+CGDCONT=1,"IP","internet"'
    codes = [command(world, who, setting).status_code for who in (viewer, admin)]
    assert codes == [403, 200]
    assert command(world, viewer).status_code == 200


def test_the_same_key_is_the_same_action(world: World, boss: dict[str, str]) -> None:
    key = {"Idempotency-Key": "k-1"}
    first, again = command(world, boss, **key), command(world, boss, **key)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len(world.agent.asked) == 1
    other = command(world, boss, "ATI", **key)
    assert other.status_code == 422
    assert other.json()["errors"][0]["field"] == "Idempotency-Key"
    mine = command(world, world.person("carl", "operator"), **key)  # keys are each caller's own
    assert (mine.status_code, len(world.agent.asked)) == (200, 2)
    assert command(world, boss).json()["id"] != first.json()["id"]


def test_ten_at_once_with_one_key_are_one(world: World, boss: dict[str, str]) -> None:
    world.agent.gate.clear()
    answers: list[Any] = []
    key = {"Idempotency-Key": "k-2"}

    def ask() -> None:
        answers.append(world.client.post(f"{MODEM}/restart", json={}, headers=boss | key))

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.agent.gate.set()
    assert Counter(answer.status_code for answer in answers) == {202: 10}
    assert len({answer.json()["id"] for answer in answers}) == 1
    _ended(world, boss, answers[0])
    assert len(world.agent.asked) == 1


def _ended(world: World, headers: dict[str, str], answer: Any) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = world.client.get(answer.headers["location"], headers=headers).json()
        if found["state"] != "running":
            return dict(found)
        time.sleep(0.02)
    raise AssertionError("the operation does not end")


def test_a_restart_is_watched(world: World, boss: dict[str, str]) -> None:
    world.agent.gate.clear()
    answer = world.client.post(f"{MODEM}/restart", json={"step": "usb"}, headers=boss)
    assert (answer.status_code, answer.json()["state"]) == (202, "running")
    world.agent.gate.set()
    found = _ended(world, boss, answer)
    assert (found["state"], found["result"]["step"]) == ("done", "usb")
    assert found["ended_at"] > found["began_at"]
    eve = world.person("eve")
    assert world.client.get(answer.headers["location"], headers=eve).status_code == 404


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NoServerError("modemfarm-agent does not run", "systemctl status modemfarm-agent"), 503),
        (RefusedError("modem 1 is held by cli:bob", "modemfarm release"), 409),
        (BadInputError("serial is '1'", "allowed: a modem of this host"), 422),
    ],
)
def test_what_the_agent_says_reaches_the_caller(
    world: World, boss: dict[str, str], error: FarmError, status: int
) -> None:
    world.agent.error = error
    answer = command(world, boss, **{"Idempotency-Key": "k"})
    assert answer.status_code == status
    assert (answer.json()["detail"], answer.json()["remedy"]) == (error.message, error.remedy)
    assert ("retry-after" in answer.headers) is (status == 503)
    assert world.audited()[1:] == [
        ("api:boss", "command", "begun"),
        ("api:boss", "command", "failed"),
    ]
    again = command(world, boss, **{"Idempotency-Key": "k"})
    assert (again.status_code, len(world.agent.asked)) == (status, 1)


def test_a_mistake_of_ours_in_an_action_is_a_failed_one(
    world: World, boss: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    world.agent.error = ZeroDivisionError("secret detail")  # type: ignore[assignment]
    answer = command(world, boss)
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "secret detail" in caplog.text
    assert world.audited()[-1] == ("api:boss", "command", "failed")


def test_a_hold_and_its_release(world: World, boss: dict[str, str]) -> None:
    until = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    answer = world.client.put(
        f"{MODEM}/hold", json={"until": until, "reason": "new antenna"}, headers=boss
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"]["hold"]["by"] == "api:boss"
    assert world.client.delete(f"{MODEM}/hold", headers=boss).status_code == 200
    assert [asked[0] for asked in world.agent.asked] == ["hold", "release"]


@pytest.mark.parametrize(
    "body",
    [
        {"until": "2020-01-01T00:00:00Z", "reason": "x"}, {"reason": "x"},
        {"until": "2226-01-01T00:00:00Z", "reason": "x"}, {"until": 7, "reason": "x"},
        {"until": "2026-02-01T00:00:00", "reason": "x"}, {"until": None, "reason": "x"},
        {"until": "0001-01-01T00:00:00+14:00", "reason": "x"},
    ],
)  # fmt: skip
def test_a_hold_that_cannot_be(world: World, boss: dict[str, str], body: dict[str, Any]) -> None:
    answer = world.client.put(f"{MODEM}/hold", json=body, headers=boss)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].endswith("until")
    assert world.agent.asked == []


def test_a_modem_of_another_host_is_not_ours_to_touch(world: World, boss: dict[str, str]) -> None:
    answer = world.client.post(f"/api/modems/{serial(2)}/restart", json={}, headers=boss)
    assert answer.status_code == 409
    assert "host second" in answer.json()["detail"]
    unknown = world.client.post(f"/api/modems/{serial(9)}/restart", json={}, headers=boss)
    assert unknown.status_code == 404
    assert world.rows("SELECT id FROM operations") == []


def test_what_our_end_cut_off_is_unknown_to_the_next_start(
    make_world: Make, world: World, boss: dict[str, str]
) -> None:
    world.agent.gate.clear()
    answer = world.client.post(f"{MODEM}/restart", json={}, headers=boss)
    next_ = make_world()
    Housekeeping(next_.parts, threading.Event()).turn()
    found = next_.client.get(answer.headers["location"], headers=boss).json()
    assert found["state"] == "unknown"
    assert next_.audited()[-1] == ("api", "restart", "failed")
    assert next_.heads[0].number == 2  # what the one before us may not have said
    world.agent.gate.set()


def test_the_end_of_an_action_is_written_when_the_database_is_back(
    world: World, boss: dict[str, str], server: Server
) -> None:
    world.parts.actions._pause = lambda _: time.sleep(0.05)
    world.agent.gate.clear()
    answer = world.client.post(f"{MODEM}/restart", json={}, headers=boss)
    server.stop()
    try:
        world.agent.gate.set()
        away = world.client.get("/api/modems", headers=boss)
        assert (away.status_code, away.json()["detail"]) == (503, "the database is away")
        assert away.headers["retry-after"]
        assert world.client.get("/api/health").status_code == 200
        assert command(world, boss).status_code == 503
        assert len(world.agent.asked) == 1
    finally:
        server.start()
    assert _ended(world, boss, answer)["state"] == "done"
    for path in ("/api/modems", "/api/events", "/api/holds"):
        assert world.client.get(path, headers=boss).status_code == 200
    world.owner.close()  # it has not noticed yet
    assert world.audited()[-1] == ("api:boss", "restart", "done")
