# SPDX-License-Identifier: GPL-3.0-or-later
"""/api/ws: who gets in, what he is shown, and how it ends; a real uvicorn, a real PostgreSQL."""

import contextlib
import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from modemfarmd.api.live import client as client_module
from modemfarmd.api.live import hub as hub_module
from modemfarmd.api.live import socket as socket_module

from .served import Served, Watcher
from .world import World, serial

ORIGIN = "https://192.168.1.100:8443"


@pytest.fixture
def served(world: World) -> Iterator[Served]:
    found = Served(world)
    yield found
    found.stop()


def code_of(connection: ClientConnection, wait: float = 20) -> tuple[int, str]:
    """How the other side ends it."""
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        with contextlib.suppress(ConnectionClosed):
            connection.recv(wait)
            continue
        return connection.close_code or 0, connection.close_reason or ""
    raise AssertionError("it goes on")


def status_of(served: Served, ticket: str, **more: Any) -> int:
    with pytest.raises(InvalidStatus) as refused, served.connect(ticket, **more):
        pass
    return refused.value.response.status_code


def signal(world: World, dbm: int) -> None:
    world.statement(f"UPDATE modems SET signal = {dbm}")  # noqa: S608 - a number


def ended(watcher: Watcher) -> dict[str, Any]:
    """An operation that is done; that it runs may have been over before anybody looked."""
    while True:
        found = watcher.changes(1)[0]
        assert found["topic"] == "operations"
        if found["item"]["state"] == "done":
            return dict(found["item"])


def test_a_ticket_opens_one_socket_once(served: Served, world: World) -> None:
    ticket = served.ticket(world.person("alice"))
    kept = world.rows("SELECT hash, session, program FROM tickets")
    assert bytes(kept[0]["hash"]) == hashlib.sha256(ticket.encode()).digest()
    assert ticket not in str(kept)
    assert kept[0]["session"] is not None
    with served.connect(ticket) as connection:
        assert connection.subprotocol == "modemfarm.1"
    assert status_of(served, ticket) == 401
    assert world.rows("SELECT 1 FROM tickets") == []
    for bad in ("x", "mft_" + "A" * 43, "mft_" + "A" * 5000):
        assert status_of(served, bad) == 401


def test_a_ticket_runs_out_and_ends_with_its_log_in(served: Served, world: World) -> None:
    alice = world.person("alice")
    late, ended = served.ticket(alice), served.ticket(alice)
    world.ahead = timedelta(seconds=31)
    assert status_of(served, late) == 401
    world.ahead = timedelta()
    assert world.client.post("/api/auth/logout", headers=alice).status_code == 204
    assert status_of(served, ended) == 401


def test_only_pages_of_ours_may_open_one(served: Served, world: World) -> None:
    alice = world.person("alice")
    for origin in ("https://evil.example", "null", "http://192.168.1.100:8443"):
        assert status_of(served, served.ticket(alice), origin=origin) == 403
    with served.connect(served.ticket(alice), origin=ORIGIN) as connection:
        assert connection.subprotocol == "modemfarm.1"


def test_an_origin_of_the_settings_may(make_world: Any) -> None:
    world = make_world(origins=("https://noc.example",))
    served = Served(world)
    try:
        with served.connect(served.ticket(world.person("a")), origin="https://noc.example"):
            pass
    finally:
        served.stop()


def test_snapshot_then_changes_of_every_topic(served: Served, world: World) -> None:
    world.modem(1)
    world.event(1, "plugged")
    world.log(1, "AT+CSQ", "<b>\x1b[31m\u202e")
    headers = world.person("olga", "operator")
    with served.watching(headers) as watcher:
        assert watcher.hello["fresh"] is True
        shown = watcher.snapshots
        assert [row["serial"] for row in shown["modems"]] == [serial(1)]
        assert [row["kind"] for row in shown["events"]] == ["plugged"]
        assert shown["logs"][0]["answer"] == "<b>\x1b[31m\u202e"
        assert shown["operations"] == []

        world.modem(2)
        found = watcher.changes(1)[0]
        rest = world.client.get(f"/api/modems/{serial(2)}", headers=headers).json()
        assert (found["topic"], found["serial"], found["item"]) == ("modems", serial(2), rest)
        world.event(2, "moved")
        assert watcher.changes(1)[0]["item"]["kind"] == "moved"
        world.log(2, "ATI")
        assert watcher.changes(1)[0]["item"]["command"] == "ATI"
        answer = world.client.post(
            f"/api/modems/{serial(2)}/command", json={"command": "AT+QCSQ"}, headers=headers
        )
        assert answer.status_code == 200
        assert ended(watcher) == answer.json()
        world.statement("DELETE FROM modems WHERE slot = 1")
        gone = watcher.changes(1)[0]
        assert (gone["topic"], gone["key"], gone["item"]) == ("modems", serial(1), None)


def test_a_change_arrives_at_once(served: Served, world: World) -> None:
    world.modem(1)
    took = []
    with served.watching(world.person("alice"), topics=["modems"]) as watcher:
        for number in range(20):
            began = time.monotonic()
            signal(world, -60 - number)
            assert watcher.changes(1)[0]["item"]["signal"] == -60 - number
            took.append(time.monotonic() - began)
    assert sorted(took)[10] < 0.15, took  # p50; measured 0.03 s on an idle machine


def test_hold_and_address_are_of_the_modem(served: Served, world: World) -> None:
    world.modem(1)
    with served.watching(world.person("alice"), topics=["modems"]) as watcher:
        world.statement(
            "INSERT INTO holds (host, serial, until, placed_by, reason)"
            " SELECT host, serial, now() + interval '1 hour', 'cli:x', 'mine' FROM modems"
        )
        assert watcher.changes(1)[0]["item"]["hold"]["by"] == "cli:x"


def test_who_is_limited_to_a_modem_never_sees_another(served: Served, world: World) -> None:
    for number in (1, 2):
        world.modem(number)
        world.event(number)
        world.log(number, "ATI")
    world.event(None, "clock-set", seconds=1)
    mine = [serial(1)]
    boss = world.person("boss", "operator")
    some = world.person("some", "operator", mine)
    asked = {"json": {"command": "AT+QCSQ"}, "headers": boss}
    with served.watching(some) as watcher, served.watching(boss) as everything:
        for rows in watcher.snapshots.values():
            assert {row["serial"] for row in rows} <= set(mine)
        assert len(watcher.snapshots["events"]) == 1
        assert len(everything.snapshots["events"]) == 3
        world.modem(2, path="other")
        world.event(2, "moved")
        world.event(None, "clock-set", seconds=1)
        world.log(2, "ATI")
        assert world.client.post(f"/api/modems/{serial(2)}/command", **asked).status_code == 200
        topics = {change["topic"] for change in everything.changes(5)}
        assert topics == {"modems", "events", "logs", "operations"}
        assert watcher.quiet()
        world.modem(1, path="mine")
        assert watcher.changes(1)[0]["serial"] == serial(1)
    asking = {"serials": [serial(2)]}
    with served.watching(some, **asking) as watcher:
        assert watcher.snapshots == {name: [] for name in watcher.hello["topics"]}
    # Numbers of before do not open what is not his.
    resume = {"epoch": everything.hello["epoch"], "seq": 0}
    with served.watching(some, resume=resume) as watcher:
        assert watcher.hello["resumed"] is True
        missed = watcher.changes(4)
        assert {change["serial"] for change in missed} == set(mine)
        assert watcher.quiet()


def test_a_viewer_gets_no_logs_and_only_his_operations(served: Served, world: World) -> None:
    world.modem(1)
    viewer, boss = world.person("eve"), world.person("boss", "operator")
    with served.watching(viewer) as watcher:
        assert watcher.hello["topics"] == ["events", "modems", "operations"]
        world.log(1, "ATI")
        for headers in (boss, viewer):
            asked = {"json": {"command": "AT+QCSQ"}, "headers": headers}
            assert world.client.post(f"/api/modems/{serial(1)}/command", **asked).status_code == 200
        assert ended(watcher)["actor"] == "api:eve"
        assert watcher.quiet()
    with served.connect(served.ticket(viewer)) as connection:
        connection.send(json.dumps({"type": "subscribe", "topics": ["logs"]}))
        assert code_of(connection) == (4403, "logs need the role operator")


def test_filters(served: Served, world: World) -> None:
    for number in (1, 2):
        world.modem(number)
    wanted = {"topics": ["events"], "serials": [serial(1)], "kinds": ["moved"]}
    with served.watching(world.person("alice"), **wanted) as watcher:
        world.event(1, "plugged")
        world.event(2, "moved")
        world.modem(1, path="x")
        world.event(1, "moved")
        found = watcher.changes(1)[0]["item"]
        assert (found["serial"], found["kind"]) == (serial(1), "moved")
        assert watcher.quiet()


def test_resume_tells_what_was_missed_and_nothing_twice(served: Served, world: World) -> None:
    world.modem(1)
    alice = world.person("alice")
    wanted = {"topics": ["modems", "events"]}
    with served.watching(alice, **wanted) as watcher, served.watching(alice) as other:
        world.event(1, "plugged")
        last = watcher.changes(1)[0]["seq"]
        watcher.connection.close()
        for number in range(5):
            signal(world, -60 - number)
            world.event(1, "moved", n=number)
            other.changes(2)
        resume = {"epoch": watcher.hello["epoch"], "seq": last}
        with served.watching(alice, resume=resume, **wanted) as again:
            assert again.hello["resumed"] is True
            found = again.changes(10)
            assert [change["seq"] for change in found] == sorted({c["seq"] for c in found})
            moved = [c["item"]["detail"]["n"] for c in found if c["topic"] == "events"]
            assert moved == [0, 1, 2, 3, 4]
            assert again.quiet()
    for wrong in ({"epoch": "0" * 16, "seq": last}, resume | {"seq": 10**9}):
        with served.watching(alice, resume=wrong, **wanted) as again:
            assert again.hello["resumed"] is False
            assert len(again.snapshots["modems"]) == 1


def test_too_old_to_resume_gets_a_snapshot(
    served: Served, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "MOST_KEPT", 3)
    alice = world.person("alice")
    with served.watching(alice, topics=["events"]) as watcher:
        for number in range(8):
            world.event(None, "clock-set", n=number)
        seen = watcher.changes(8)
    for change, resumed in ((seen[0], False), (seen[4], True)):
        resume = {"epoch": watcher.hello["epoch"], "seq": change["seq"]}
        with served.watching(alice, topics=["events"], resume=resume) as again:
            assert again.hello["resumed"] is resumed


def test_a_row_whose_commit_is_late_is_told(served: Served, world: World) -> None:
    """Number 1 is given before number 2 and committed after it."""
    late = type(world.owner)(world.owner._dsn)
    with served.watching(world.person("alice"), topics=["events"]) as watcher:
        with late.transaction():
            late._run("INSERT INTO events (host, kind) VALUES ('lab', 'late')")
            world.event(None, "early")
            assert watcher.changes(1)[0]["item"]["kind"] == "early"
        assert watcher.changes(1)[0]["item"]["kind"] == "late"
        assert watcher.quiet()
    late.close()


def test_heartbeats_say_where_to_resume(
    served: Served, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "HEARTBEAT_S", 0.2)
    with served.watching(world.person("alice"), topics=["modems"]) as watcher:
        began = time.monotonic()
        beats = [watcher.until("heartbeat") for _ in range(4)]
        assert time.monotonic() - began < 5
        assert {beat["fresh"] for beat in beats} == {True}
        world.event(None, "clock-set")
        deadline = time.monotonic() + 10
        while watcher.until("heartbeat")["seq"] <= beats[0]["seq"]:
            assert time.monotonic() < deadline


def test_the_end_of_a_log_in_or_of_rights_ends_it_at_once(served: Served, world: World) -> None:
    admin = world.person("root", "admin")
    endings: list[tuple[Any, Any, int]] = []
    alice = world.person("alice")
    logout = ("post", "/api/auth/logout", None, alice)
    endings.append((alice, logout, 4401))
    role = ("patch", "/api/users/bob", {"role": "operator"}, admin)
    endings.append((world.person("bob"), role, 4401))  # an admin's change ends log-ins
    scope = ("patch", "/api/users/carl", {"modems": [serial(1)]}, admin)
    endings.append((world.person("carl"), scope, 4401))
    off = ("patch", "/api/users/dora", {"enabled": False}, admin)
    endings.append((world.person("dora"), off, 4401))
    token = ("delete", "/api/tokens/nightly", None, admin)
    endings.append((world.program("nightly"), token, 4401))
    with served.watching(admin) as stays:
        for headers, (method, path, body, by), code in endings:
            with served.watching(headers) as watcher:
                answer = world.client.request(method, path, json=body, headers=by)
                assert answer.status_code < 300, answer.text
                began = time.monotonic()
                assert code_of(watcher.connection)[0] == code, path
                assert time.monotonic() - began < 5
        for change in ("role = 'operator'", "modems = ARRAY['867584030000001']"):
            with served.watching(world.person(f"e{len(change)}")) as watcher:
                world.statement(f"UPDATE users SET {change} WHERE name LIKE 'e%'")  # noqa: S608
                assert code_of(watcher.connection)[0] == 4409, change
        stays.say(type="alive")
        world.event(None, "clock-set")
        assert stays.changes(1)


def test_it_ends_with_the_token_and_a_ticket_prolongs_it(served: Served, world: World) -> None:
    first = world.person("alice")
    with served.watching(first) as watcher:
        world.ahead = timedelta(minutes=14)
        watcher.say(type="renew", ticket=served.ticket(first))
        assert watcher.until("renewed")["expires"] == watcher.hello["expires"]
        world.ahead = timedelta(minutes=16)
        world.event(None, "clock-set")  # stirs the loop; by itself it would look in a minute
        assert code_of(watcher.connection) == (4401, "the token has ended")
    world.ahead = timedelta()
    granted = world.log_in("alice")
    before = {"Authorization": f"Bearer {granted['access_token']}"}
    with served.watching(before) as watcher:
        world.ahead = timedelta(minutes=10)
        body = {"refresh_token": granted["refresh_token"]}
        fresh = world.client.post("/api/auth/refresh", json=body).json()["access_token"]
        ticket = served.ticket({"Authorization": f"Bearer {fresh}"})
        watcher.say(type="renew", ticket=ticket)
        assert watcher.until("renewed")["expires"] > watcher.hello["expires"]
        world.ahead = timedelta(minutes=16)
        world.event(None, "clock-set")
        assert watcher.changes(1)
        watcher.say(type="renew", ticket=ticket)
        assert code_of(watcher.connection)[0] == 4401
    world.ahead = timedelta()
    with served.watching(world.person("bob")) as watcher:
        watcher.say(type="renew", ticket=served.ticket(world.person("eve")))
        assert code_of(watcher.connection)[0] == 4409


@pytest.mark.parametrize(
    "said",
    [
        b"\x00\x01", "", "x", "[]", "{}", "null", '{"type": "subscribe", "topics": []}',
        '{"type": "subscribe", "topics": ["users"]}', '{"type": "subscribe", "serials": ["x"]}',
        '{"type": "subscribe", "more": 1}', '{"type": "subscribe", "resume": {"seq": 1}}',
        '{"type": "subscribe", "resume": {"epoch": "0000000000000000", "seq": -1}}',
        '{"type": "subscribe", "kinds": ["\u202e"]}', '{"type": "renew", "ticket": "x"}',
        "[" * 9000,
        '{"type": "subscribe", "serials": 5, "\U0001f600": "' + "x" * 5000 + '"}',
    ],
)  # fmt: skip
def test_a_bad_subscription_is_refused_by_name(served: Served, world: World, said: Any) -> None:
    with served.connect(served.ticket(world.person("alice"))) as connection:
        connection.send(said)
        code, reason = code_of(connection)
    assert code == 4400
    assert reason
    assert reason.isascii()


def test_bad_messages_later(served: Served, world: World) -> None:
    alice = world.person("alice")
    for said in ('{"type": "subscribe"}', "x", '{"type": "renew"}', '{"type": "alive", "x": 1}'):
        with served.watching(alice) as watcher:
            watcher.connection.send(said)
            assert code_of(watcher.connection)[0] == 4400
    with served.watching(alice) as watcher:
        for _ in range(61):
            watcher.say(type="alive")
        assert code_of(watcher.connection)[0] == 4429
    with served.watching(alice) as watcher:
        watcher.connection.send("x" * 70_000)
        assert code_of(watcher.connection)[0] == 1009


def test_who_says_nothing_is_let_go(
    served: Served, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "SUBSCRIBE_S", 0.2)
    with served.connect(served.ticket(world.person("alice"))) as connection:
        assert code_of(connection)[0] == 4408


def test_a_slow_client_is_closed_and_others_do_not_notice(
    served: Served, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MOST_BYTES", 100_000)
    monkeypatch.setattr(socket_module, "SEND_S", 2.0)
    monkeypatch.setattr(socket_module, "CLOSE_S", 20.0)
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.connect(("127.0.0.1", served.port))
    alice = world.person("alice")
    # max_queue: the client's own thread stops reading when its program does not.
    with (
        served.connect(served.ticket(alice), sock=stuck, max_queue=1) as slow,
        served.watching(alice, topics=["events"]) as other,
    ):
        slow.send(json.dumps({"type": "subscribe", "topics": ["events"]}))
        seen: list[int] = []
        worst = 0.0
        for number in range(40):
            began = time.monotonic()
            world.event(None, "clock-set", n=number, filler="x" * 20_000)
            seen += [c["item"]["detail"]["n"] for c in other.changes(1)]
            worst = max(worst, time.monotonic() - began)
        assert seen == list(range(40))
        assert worst < 5
        deadline = time.monotonic() + 20
        while len(world.parts.live.hub.clients()) > 1:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert code_of(slow)[0] == 4413


def test_too_many_of_one_caller(
    served: Served, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "MOST_EACH", 2)
    alice, bob = world.person("alice"), world.person("bob")
    with served.watching(alice), served.watching(alice):
        assert status_of(served, served.ticket(alice)) == 429
        with served.watching(bob):
            pass


def test_a_database_that_was_away_is_said_and_made_up_for(
    served: Served, world: World, server: Any
) -> None:
    world.modem(1)
    alice = world.person("alice")
    with served.watching(alice, topics=["modems", "events"]) as watcher:
        server.stop()
        try:
            assert watcher.until("stale")["type"] == "stale"
        finally:
            server.start()
        world.owner.close()
        world.modem(1, path="meanwhile")
        world.event(1, "moved")
        found = [watcher.next() for _ in range(3)]
        assert {message["type"] for message in found} == {"change", "fresh"}
        topics = {message["topic"] for message in found if message["type"] == "change"}
        assert topics == {"modems", "events"}


def test_many_join_and_leave_while_things_change(served: Served, world: World) -> None:
    """Nobody misses a change or is told one twice, whenever he comes."""
    alice = world.person("alice")
    wrong: list[str] = []
    stop = threading.Event()

    def come_and_go() -> None:
        while not stop.is_set():
            with served.watching(alice, topics=["events"]) as watcher:
                known = [row["detail"]["n"] for row in watcher.snapshots["events"]]
                known += [c["item"]["detail"]["n"] for c in watcher.changes(3)]
                if known != list(range(known[0], known[0] + len(known))):
                    wrong.append(str(known))

    threads = [threading.Thread(target=come_and_go) for _ in range(3)]
    world.event(None, "clock-set", n=0)
    for thread in threads:
        thread.start()
    for number in range(1, 120):
        world.event(None, "clock-set", n=number)
        time.sleep(0.02)
    stop.set()
    for number in range(120, 200):
        if not any(thread.is_alive() for thread in threads):
            break
        world.event(None, "clock-set", n=number)
        time.sleep(0.05)
    for thread in threads:
        thread.join(20)
    assert wrong == []
