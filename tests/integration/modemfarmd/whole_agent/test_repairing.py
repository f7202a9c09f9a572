# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole agent and a modem whose data path is dead, looked at every second."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from modemfarm.apply.probe import ProbeError
from modemfarmd.agent import health, look
from modemfarmd.agent.wiring import Agent
from modemfarmd.registry.db import Database
from modemfarmd.registry.repairs import RepairBook

from .world import WAIT_S, PtyModem, World, serial


def test_a_modem_without_data_is_repaired_and_the_repair_is_kept(
    world: World, start: Callable[[], Agent], dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks, verdict, order, step by the apply service, evidence in the registry, and no other."""
    bad = {3128}
    first = serial(1)

    def probe(address: object, port: int, *_: object) -> str:
        if port in bad and (first, "reconnect") not in world.repaired:
            raise ProbeError("probe failed: no answer within 5 s", "see the journal")
        return f"203.0.113.{port - 3127}"

    monkeypatch.setattr(health, "INTERVAL_S", 1.0)
    monkeypatch.setattr(health, "SUSPECT_S", 0.5)
    monkeypatch.setattr(health, "BEAT_S", 0.1)
    monkeypatch.setattr(look, "probe", probe)
    monkeypatch.setattr(look, "answers", lambda *_: True)
    monkeypatch.setattr(look, "owners", lambda *_: frozenset((61001, 61002)))
    monkeypatch.setattr(look, "address_of", lambda *_: "10.64.0.2")
    monkeypatch.setattr(look, "received_packets", lambda *_: 7)
    start()
    world.plug("1-1", 1, PtyModem(1))
    world.until(lambda rows: first in rows and rows[first]["slot"] == 1)
    world.plug("1-2", 2, PtyModem(2))
    world.until(
        lambda rows: rows[first]["wan_address"] == "203.0.113.1" and len(rows) == 2
        and all(row["state"] == "serving" for row in rows.values())
    )  # fmt: skip
    assert world.repaired == [(first, "reconnect")]
    book = RepairBook(Database(dsn), "lab")
    deadline = time.monotonic() + 2 * WAIT_S  # the history is written every 15 s
    while not (kept := book.recent(datetime.now(UTC) - timedelta(hours=1))):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (repair,) = kept
    assert (repair.serial, repair.step, repair.outcome) == (first, "reconnect", "done")
    assert repair.cause == "data-dead: probe failed: no answer within 5 s"
    assert repair.evidence["received"] is False
    assert repair.before == {"registration": "home"}
    assert {event["kind"] for event in world.registry.events(first, 50)} >= {"repairing", "repair"}
    assert "repairing" not in {event["kind"] for event in world.registry.events(serial(2), 50)}
