# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes to the history beside the worker."""

import threading
from datetime import UTC, datetime

import psycopg2.errors
import pytest

from modemfarmd.agent import chronicle
from modemfarmd.agent.chronicle import Chronicle, Ledger
from modemfarmd.registry.db import Database
from modemfarmd.registry.retention import Turned


def test_a_table_that_is_refused_stops_neither_history_nor_retention(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without retention the disk of the database fills up."""

    def repairs() -> None:
        if refused:
            raise psycopg2.errors.InsufficientPrivilege("permission denied for table repairs")

    def turn(_: datetime) -> Turned:
        done.append("turned")
        return Turned((), ())

    refused = True
    ledger = Ledger(lambda: datetime.now(UTC))
    writer = Chronicle(Database("nowhere"), "lab", ledger, threading.Event(), also=repairs)
    done: list[str] = []
    monkeypatch.setattr(writer, "_gate", lambda: None)
    monkeypatch.setattr(writer._hosts, "seen", lambda _: done.append("seen"))
    monkeypatch.setattr(writer._retention, "turn", turn)
    assert writer.turn() < chronicle.WRITE_S
    assert done == ["seen", "turned"]
    refused = False
    assert writer.turn() == chronicle.WRITE_S
