# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the figures of the area `proxy`."""

from __future__ import annotations

from modemlab.bench.proxy import area, engines
from modemlab.bench.proxy.engines import BARE, OURS
from modemlab.bench.proxy.load import ENDLESS, Result
from modemlab.bench.proxy.stage import Stage
from modemlab.bench.rows import Row

STAGE = Stage("x", 0)


def result(requests: int = 0, size: int = 0, p50: int = 10) -> Result:
    return Result(requests, 0, 2.0, size, p50, 9 * p50)


def rows(case: area.Case, seen: dict[str, list[Result]]) -> list[Row]:
    named = {OURS: engines.ours(1, "3proxy"), BARE: engines.bare("3proxy")}
    named |= {peer.name: peer for peer in engines.PEERS}
    contestants = [(STAGE, engine) for engine in named.values()]
    return list(
        area._case_rows(case, contestants, {(case.words, n): found for n, found in seen.items()})
    )


def test_more_is_better_only_where_it_says_so() -> None:
    rate = Row("a", "b", 1, "1/s", 98.0, {"bare": 100.0, "slow": 10.0}, 97.0, True)
    assert (rate.ratio, rate.met) == (0.98, True)
    time = Row("a", "b", 1, "s", 98.0, {"bare": 100.0, "slow": 500.0}, 97.0)
    assert (time.ratio, time.met) == (0.98, False)
    fields = {"area", "case", "n", "unit", "ours", "peers", "ratio", "goal", "met"}
    assert set(rate.as_dict()) == fields


def test_rows_are_medians_with_a_goal_by_the_bare_program() -> None:
    case = area.Case("words", "socks", 32)
    seen = {
        OURS: [result(n, p50=n) for n in (180, 20, 200)],
        BARE: [result(n, p50=100) for n in (200, 200, 900)],
        "microsocks": [result(400, p50=50)],
    }
    rate, p50, p99 = rows(case, seen)
    assert (rate.unit, rate.ours, rate.peers) == ("1/s", 90.0, {BARE: 100.0, "microsocks": 200.0})
    assert (rate.goal, rate.met, rate.ratio) == (97.0, False, 0.45)
    assert (p50.case, p50.ours, p50.goal, p50.met) == ("words, p50", 180, 103.09, False)
    assert p99.ours == 1620


def test_a_stream_is_a_rate_of_bytes_and_who_cannot_is_left_out() -> None:
    (row,) = rows(area.Case("s", "socks", 1, ENDLESS), {OURS: [result(size=8_000_000)]})
    assert (row.unit, row.ours, row.peers, row.goal, row.more) == ("MB/s", 4.0, {}, None, True)
    squid = next(peer for peer in engines.PEERS if peer.name == "squid")
    assert squid.port("socks") is None
    assert squid.port("keep-http") == squid.port("connect") == engines.HTTP_PORT


def test_each_round_begins_with_another_one() -> None:
    assert [area._turned("abc", by) for by in range(4)] == [
        list("abc"), list("bca"), list("cab"), list("abc"),
    ]  # fmt: skip


def test_a_note_for_each_that_is_not_installed(monkeypatch: object) -> None:
    original, engines.SBIN = engines.SBIN, "/nowhere"
    try:
        there, notes = engines.installed()
    finally:
        engines.SBIN = original
    assert there == []
    assert [note.split(":")[0] for note in notes] == [peer.name for peer in engines.PEERS]
