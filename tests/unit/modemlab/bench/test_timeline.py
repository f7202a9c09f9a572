# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of a plug, found in journal entries."""

from modemlab.bench.rows import Row
from modemlab.bench.timeline import FIRST_BYTE, marks

START = 1000.0


def entry(name: str, message: object, seconds: float) -> dict[str, object]:
    stamp = str(int((START + seconds) * 1e6))
    return {"SYSLOG_IDENTIFIER": name, "MESSAGE": message, "__REALTIME_TIMESTAMP": stamp}


def test_each_step_is_told_apart() -> None:
    found = marks(
        [
            entry("kernel", "qmi_wwan 1-1:1.4: cdc-wdm0: USB WDM device", 0.1),
            entry("modemfarm-agent", "store: event plugged 867584030000017 {}", 0.5),
            entry("ModemManager", "[modem5] state changed (enabled -> registered)", 3.4),
            entry("ModemManager", "[modem5] state changed (registered -> connecting)", 3.5),
            entry("ModemManager", "[modem5] state changed (connecting -> connected)", 3.6),
            entry("modemfarm-agent", "store: event serving 867584030000017 {}", 4.5),
            entry("other", "event serving", 9.0),
            entry("kernel", [1, 2], 9.0),
        ],
        START,
    )
    assert found == {
        "ports": [0.1],
        "identified": [0.5],
        "ModemManager": [3.4],
        "bearer": [3.6],
        FIRST_BYTE: [4.5],
    }


def test_a_row_compares_with_its_best_peer_and_its_goal() -> None:
    row = Row("plug", "first byte", 1, "s", 4.5, {"a": 3.0, "b": 9.0}, 10.0)
    assert (row.ratio, row.met) == (1.5, True)
    assert Row("plug", "x", 1, "s", 11.0, goal=10.0).met is False
    assert Row("plug", "x", 1, "s", 11.0).as_dict()["ratio"] is None
