# SPDX-License-Identifier: GPL-3.0-or-later
"""Repairs in a real registry: what one agent did, the next one knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from modemfarmd.agent.repair_log import RepairLog
from modemfarmd.errors import DatabaseGoneError
from modemfarmd.registry.db import Database
from modemfarmd.registry.repairs import Repair, RepairBook

from .conftest import Server

SERIAL = "867584030000017"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Agent:
    """As much of one as there is of repairs."""

    def __init__(self, dsn: str, now: datetime) -> None:
        self.now = now
        self.past: list[Repair] = []
        self.log = RepairLog(RepairBook(Database(dsn), "lab"), lambda: self.now, self.past.extend)

    def repair(self, step: str) -> None:
        ended = self.now + timedelta(seconds=5)
        self.log.add(Repair(SERIAL, step, "data-dead", self.now, ended, "done"))


def test_an_agent_that_restarts_knows_what_was_done(dsn: str) -> None:
    before = Agent(dsn, NOW)
    before.repair("reconnect")
    before.log.turn()
    assert before.past == []
    before.now += timedelta(minutes=1)
    before.repair("proxy")
    before.log.turn()
    after = Agent(dsn, NOW + timedelta(minutes=5))
    after.repair("radio")
    after.log.turn()
    after.log.turn()
    assert [repair.step for repair in after.past] == ["reconnect", "proxy"]
    assert Agent(dsn, NOW + timedelta(days=2)).past == []


def test_what_was_done_is_read_when_the_database_comes_back(dsn: str, server: Server) -> None:
    before = Agent(dsn, NOW)
    before.repair("reconnect")
    before.log.turn()
    after = Agent(dsn, NOW + timedelta(minutes=5))
    after.repair("proxy")
    server.stop()
    try:
        with pytest.raises(DatabaseGoneError):
            after.log.turn()
    finally:
        server.start()
    after.log.turn()
    assert [repair.step for repair in after.past] == ["reconnect"]
    assert [r.step for r in RepairBook(Database(dsn), "lab").recent(NOW)] == ["reconnect", "proxy"]
