# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes through a whole agent: counted from sysfs, kept over restarts, reset over its socket."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modemfarm.proxy.quota import MB
from modemfarmd.agent import quotas
from modemfarmd.agent.wiring import Agent
from modemfarmd.cli import quota as cli
from modemfarmd.registry.volumes import VolumeBook

from .world import PtyModem, World, serial

ONE = serial(1)


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "LOOK_S", 0.1)
    monkeypatch.setattr(quotas, "WRITE_S", 0.2)


def count(world: World, index: int, down: int, name: str = "wwan0") -> None:
    """What the kernel shows of the modem at 1-1."""
    boot = world.root / "proc/sys/kernel/random/boot_id"
    boot.parent.mkdir(parents=True, exist_ok=True)
    boot.write_text("6f1f2b1c-0000-4000-8000-000000000001\n")
    (folder,) = (world.root / "sys/bus/usb/devices/1-1").glob(f"1-1:*/net/{name}")
    (folder / "statistics").mkdir(exist_ok=True)
    (folder / "ifindex").write_text(f"{index}\n")
    (folder / "statistics/tx_bytes").write_text("0\n")
    whole = folder / "statistics/rx_new"
    whole.write_text(f"{down}\n")
    whole.rename(folder / "statistics/rx_bytes")


def in_snapshot(world: World) -> str | None:
    records = json.loads((world.root / "modems.json").read_text())["modems"]
    return next(record["quota"] for record in records if record["serial"] == ONE)


def serves(world: World, agent: Agent) -> None:
    """Wait until this agent, not one before it, has found the modem."""
    modems = agent.parts.farm.modems
    world.until(lambda _: ONE in modems and modems[ONE].seen.present)
    world.until(lambda _: modems[ONE].state == "serving")


def looked_at(world: World, agent: Agent) -> None:
    """Wait until its counters have been read: what was there before that is nobody's volume."""
    accounts = agent.parts.quotas.volumes.accounts
    world.until(lambda _: ONE in accounts and accounts[ONE].reading is not None)


def told(world: World) -> list[str]:
    kinds = [row["kind"] for row in world.registry.events(ONE, 50)][::-1]
    return [kind for kind in kinds if kind.startswith("quota-")]


def test_a_limit_closes_outlives_the_agent_and_is_reset(
    world: World, start: Callable[[], Agent], short_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = start()
    modem = PtyModem(1)
    world.plug("1-1", 0, modem)
    count(world, 7, 0)
    world.until(lambda rows: any(row["state"] == "serving" for row in rows.values()))
    looked_at(world, agent)
    assert world.registry.set_policy(ONE, {"soft_day_mb": 4, "hard_day_mb": 5})
    count(world, 7, 4 * MB)
    world.until(lambda rows: rows[ONE]["quota"] == "soft")
    applies = len(world.applied)
    count(world, 7, 5 * MB)
    world.until(lambda rows: rows[ONE]["quota"] == "hard" and len(world.applied) > applies)
    assert in_snapshot(world) == "hard"
    world.until(lambda _: told(world) == ["quota-soft", "quota-hard"])

    agent.end()
    world.agent = None
    serves(world, start())
    assert in_snapshot(world) == "hard"
    # The counters went on, and the modem was replugged.
    world.unplug("1-1")
    world.until(lambda rows: not rows[ONE]["present"])
    world.plug("1-1", 0, modem)
    count(world, 9, 1 * MB)
    book = VolumeBook(world.registry.database, "lab")
    day = datetime.now(UTC).date().replace(day=1)
    world.until(lambda _: sum(volume.down for volume in book.since(day)) == 6 * MB)
    assert told(world) == ["quota-soft", "quota-hard"]

    socket = short_path / "agent.sock"
    cli.show(ONE, True, socket)
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["quota"], row["used"]["day"], row["limits"]["hard_day_mb"]) == ("hard", 6 * MB, 5)
    cli.reset(ONE, True, False, True, socket)
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["quota"], row["used"], row["moved"]["day"]) == (
        None, {"day": 0, "month": 6 * MB}, 6 * MB,
    )  # fmt: skip
    world.until(lambda rows: rows[ONE]["quota"] is None)
    world.until(lambda _: told(world)[-2:] == ["quota-reset", "quota-left"])
    assert in_snapshot(world) is None
    cli.show(None, False, socket)
    assert "0.0" in capsys.readouterr().out


def test_where_the_file_is_lost_the_registry_counts(
    world: World, start: Callable[[], Agent]
) -> None:
    agent = start()
    world.plug("1-1", 0, PtyModem(1))
    count(world, 7, 0)
    world.until(lambda rows: any(row["state"] == "serving" for row in rows.values()))
    looked_at(world, agent)
    assert world.registry.set_policy(ONE, {"hard_month_mb": 5})
    count(world, 7, 5 * MB)
    book = VolumeBook(world.registry.database, "lab")
    day = datetime.now(UTC).date().replace(day=1)
    world.until(lambda _: sum(volume.down for volume in book.since(day)) == 5 * MB)
    world.until(lambda rows: rows[ONE]["quota"] == "hard")
    closed = threading.Event()
    close, agent.parts.quotas.close = agent.parts.quotas.close, lambda: (close(), closed.set())  # type: ignore[method-assign]
    agent.end()
    world.agent = None
    assert closed.wait(10)
    (world.root / "volumes.json").write_text("{ torn")
    serves(world, start())
    kinds = {row["kind"] for row in world.registry.events(None, 99)}
    assert "volumes-lost" in kinds
    assert in_snapshot(world) == "hard"
    assert world.rows()[ONE]["quota"] == "hard"
