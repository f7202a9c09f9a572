# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lists show: filters, pages, ETags, and hostile strings as plain text."""

from datetime import timedelta
from typing import Any

import pytest

from .world import World, serial

HOSTILE = '<script>alert(1)</script>\x1b[31m\u202e"\r\n{{ lookup("pipe","id") }}'


@pytest.fixture
def viewer(world: World) -> dict[str, str]:
    for number in range(1, 8):
        host = "lab" if number < 6 else "second"
        world.modem(
            number, host, present=number != 3, state="serving" if number == 2 else "offline"
        )
    return world.person("alice")


def get(world: World, path: str, viewer: dict[str, str], **more: str) -> Any:
    return world.client.get(path, headers=viewer | more)


def serials(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["serial"] for row in answer.json()["items"]]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7]), ("?host=second", [6, 7]), ("?present=false", [3]),
        ("?state=serving", [2]), ("?status=online", []), ("?find=1-4", [4]),
        ("?find=300000077", []), ("?find=%25", []), ("?held=true", [5]), ("?held=false&host=lab",
        [1, 2, 3, 4]), ("?operator=x", []), ("?find=second&present=true", [6, 7]),
    ],
)  # fmt: skip
def test_filters(world: World, viewer: dict[str, str], query: str, numbers: list[int]) -> None:
    world.statement(
        "INSERT INTO holds (host, serial, until, placed_by, reason) VALUES"  # noqa: S608 - as above
        f" ('lab', '{serial(5)}', now() + interval '1 hour', 'cli:bob', 'antenna'),"
        f" ('lab', '{serial(4)}', now() - interval '1 hour', 'cli:bob', 'over')"
    )
    assert serials(get(world, "/api/modems" + query, viewer)) == [serial(n) for n in numbers]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_pages_together_are_the_list(world: World, viewer: dict[str, str], size: int) -> None:
    found: list[str] = []
    cursor = ""
    while True:
        answer = get(world, f"/api/modems?limit={size}{cursor}", viewer)
        found += serials(answer)
        if answer.json()["next"] is None:
            break
        cursor = f"&cursor={answer.json()['next']}"
    assert found == [serial(n) for n in range(1, 8)]


def test_pages_of_events_and_logs_have_each_row_once(world: World, viewer: dict[str, str]) -> None:
    for number in range(25):
        world.event(1, "plugged", n=number)
        world.log(1, f"AT{number}")
    boss = world.person("boss", "operator")
    for path, name in (("/api/events", "detail"), (f"/api/modems/{serial(1)}/logs", "command")):
        found: list[Any] = []
        cursor = ""
        while cursor is not None:
            page = get(world, f"{path}?limit=4{cursor and '&cursor=' + cursor}", boss).json()
            found += [row[name] for row in page["items"]]
            cursor = page["next"]
        wanted = (
            [{"n": n} for n in range(25)] if name == "detail" else [f"AT{n}" for n in range(25)]
        )
        assert found == wanted[::-1]


def test_an_etag_saves_the_second_answer(world: World, viewer: dict[str, str]) -> None:
    for signal, path in ((-71, "/api/modems"), (-72, f"/api/modems/{serial(1)}")):
        first = get(world, path, viewer)
        etag = first.headers["etag"]
        again = get(world, path, viewer, **{"If-None-Match": f'"x", W/{etag}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        world.statement(f"UPDATE modems SET signal = {signal}")  # noqa: S608 - a number of ours
        assert get(world, path, viewer, **{"If-None-Match": etag}).status_code == 200


def test_hostile_strings_of_modems_are_text(world: World, viewer: dict[str, str]) -> None:
    with world.owner._cursor() as cursor:
        cursor.execute("UPDATE modems SET operator = %s, reason = %s", (HOSTILE, HOSTILE))
    world.log(1, HOSTILE, HOSTILE)
    world.event(1, "plugged", operator=HOSTILE)
    boss = world.person("boss", "operator")
    for path in ("/api/modems", f"/api/modems/{serial(1)}", f"/api/modems/{serial(1)}/logs"):
        answer = get(world, path, boss)
        assert answer.content.isascii()
        assert not any(byte < 0x20 for byte in answer.content)
        assert HOSTILE in str(answer.json()).encode().decode("unicode_escape") or HOSTILE in [
            value for row in answer.json().get("items", [answer.json()]) for value in row.values()
        ]
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_one_modem(world: World, viewer: dict[str, str]) -> None:
    modem = get(world, f"/api/modems/{serial(2)}", viewer).json()
    assert (modem["proxy_port"], modem["state"], modem["hold"]) == (3129, "serving", None)
    assert get(world, f"/api/modems/{serial(99)}", viewer).status_code == 404
    assert get(world, "/api/modems/12", viewer).status_code == 422


def test_health_tells_nothing_and_needs_nothing(world: World) -> None:
    answer = world.client.get("/api/health")
    assert answer.json() == {"status": "ok"}
    world.parts.pool.close()


@pytest.fixture
def operator(world: World) -> dict[str, str]:
    """Two modems; the first had .7 until an hour ago and has .8 since, the second has .7 now."""
    for number in (1, 2):
        world.modem(number)
    for number, address, since, until in (
        (1, 7, 3, "1"), (1, 8, 1, None), (2, 7, 1, None),
    ):  # fmt: skip
        ended = "NULL" if until is None else f"now() - interval '{until} hour'"
        world.statement(
            "INSERT INTO bearers (host, serial, interface, address, since, until, slot, proxy_port)"  # noqa: S608
            f" VALUES ('lab', '{serial(number)}', 'wwan0', '203.0.113.{address}',"
            f" now() - interval '{since} hour', {ended}, {number}, {3127 + number})"
        )
    return world.person("oscar", "operator")


def test_who_had_an_exit_address(world: World, operator: dict[str, str]) -> None:
    answer = get(world, "/api/exits?address=203.0.113.7", operator)
    assert serials(answer) == [serial(1), serial(2)]
    first, last = answer.json()["items"]
    assert (first["slot"], first["proxy_port"], last["until"]) == (1, 3128, None)
    assert "id" not in first
    then = world.now() - timedelta(hours=2)
    moment = f"at={then:%Y-%m-%dT%H:%M:%SZ}"
    assert serials(get(world, f"/api/exits?{moment}", operator)) == [serial(1)]
    page = get(world, "/api/exits?limit=2", operator).json()
    rest = get(world, f"/api/exits?limit=2&cursor={page['next']}", operator).json()
    assert len(page["items"]) == 2
    assert len(rest["items"]) == 1
    assert rest["next"] is None


def test_exits_are_an_operators_and_of_his_modems(world: World, operator: dict[str, str]) -> None:
    assert get(world, "/api/exits", world.person("vera")).status_code == 403
    theirs = world.person("otto", "operator", [serial(2)])
    assert serials(get(world, "/api/exits", theirs)) == [serial(2)]


@pytest.mark.parametrize(
    "query",
    ["address=203.0.113", "address=::1", "at=yesterday", "since=2026-01-31T12:00:00",
     "at=2026-01-31T12:00:00Z%26since=2026-01-31T12:00:00Z", "serial=1", "who=me",
     "since=2026-01-31T12:00:00Z&until=2026-01-30T12:00:00Z",
     "at=2026-01-31T12:00:00Z&until=2026-01-30T12:00:00Z"],
)  # fmt: skip
def test_exits_of_nothing_are_refused(world: World, operator: dict[str, str], query: str) -> None:
    assert get(world, f"/api/exits?{query}", operator).status_code == 422


def test_a_modem_says_that_its_volume_is_used_up(world: World, viewer: dict[str, str]) -> None:
    world.statement(f"UPDATE modems SET quota = 'hard' WHERE serial = '{serial(2)}'")  # noqa: S608
    rows = get(world, "/api/modems", viewer).json()["items"]
    assert [row["quota"] for row in rows] == [None, "hard", *[None] * 5]
