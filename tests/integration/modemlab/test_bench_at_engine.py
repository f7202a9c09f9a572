# SPDX-License-Identifier: GPL-3.0-or-later
"""modemlab.bench.at_engine: memory is a test, the times are only checked to be measured."""

import pytest

from modemlab.bench import at_engine


def test_a_million_unsolicited_lines_leave_memory_flat() -> None:
    row = at_engine.memory()
    assert row.n == 1_000_000
    assert row.met, f"{row.ours} KiB were held"


def test_each_way_to_ask_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_engine, "ROUNDS", 1)
    monkeypatch.setattr(at_engine, "COMMANDS", 5)
    command, added = at_engine.per_command()
    assert set(command.peers) == {"pyserial", "gsmmodem"}
    assert command.ours > 0
    assert all(value > 0 for value in command.peers.values())
    assert added.ours == pytest.approx(command.ours - command.peers["pyserial"])


def test_noise_is_measured_with_and_without_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_engine, "NOISE_URCS", 1000)
    rows = at_engine.throughput()
    assert len(rows) == 2
    assert all(row.ours >= 0 and row.goal == at_engine.SLOWEST_MS_PER_MB for row in rows)
