# SPDX-License-Identifier: GPL-3.0-or-later
"""The snapshot file: one row that root would refuse, and a disk that stays full."""

import logging

import pytest

from .world import World, serial


@pytest.fixture
def serving(world: World) -> World:
    for number in (1, 2):
        world.plug(f"1-{number}", serial(number))
    world.turn()
    return world


def test_a_row_that_the_snapshot_refuses_holds_back_no_other(serving: World) -> None:
    """Anybody with the right to may write anything into the column."""
    serving.registry.table[serial(1)]["apn"] = "internet; reboot"
    serving.worker.resync_soon()
    serving.turn(3)
    before = len(serving.applied)
    serving.unplug("1-2")
    serving.plug("1-3", serial(3))
    serving.turn(60)
    assert (serving.state(2), serving.state(3)) == ("offline", "serving")
    assert all(serial(1) not in batch for batch in serving.applied[before:])
    kept = {record.serial: record for record in serving.snapshots[-1].modems}
    assert kept[serial(1)].apn is None  # what root knows of it stays as it was
    assert serving.events("row-refused") == ["row-refused"]
    assert serving.state(1) == "failed"
    assert "apn" in serving.registry.table[serial(1)]["reason"]

    serving.registry.table[serial(1)]["apn"] = "internet.farm"
    serving.turn(60)
    assert serving.state(1) == "serving"
    kept = {record.serial: record for record in serving.snapshots[-1].modems}
    assert kept[serial(1)].apn == "internet.farm"


def test_a_policy_that_is_none_holds_back_no_other(serving: World) -> None:
    serving.registry.table[serial(1)]["policy"] = {"down_kbits": 8000}
    serving.worker.resync_soon()
    serving.turn(3)
    kept = {record.serial: record for record in serving.snapshots[-1].modems}
    assert kept[serial(1)].policy == {"down_kbits": 8000}
    serving.registry.table[serial(1)]["policy"] = {"denied_ports": ["25\nsystem reboot"]}
    serving.registry.table[serial(2)]["policy"] = {"denied_ports": []}
    serving.worker.resync_soon()
    before = len(serving.applied)
    serving.turn(3)
    kept = {record.serial: record for record in serving.snapshots[-1].modems}
    assert kept[serial(1)].policy == {"down_kbits": 8000}  # what root knows stays as it was
    assert kept[serial(2)].policy == {"denied_ports": []}
    assert {one for batch in serving.applied[before:] for one in batch} == {serial(2)}
    assert serving.events("row-refused") == ["row-refused"]
    assert "policy.denied_ports" in serving.registry.table[serial(1)]["reason"]


def test_a_full_disk_is_told_once(serving: World, caplog: pytest.LogCaptureFixture) -> None:
    serving.disk_full = True
    with caplog.at_level(logging.INFO):
        serving.unplug("1-2")
        serving.turn(600)
    told = [line for line in caplog.text.splitlines() if "disk full" in line]
    for name in ("snapshot", "volumes"):
        assert sum(name in line for line in told) == 2, name  # a line of the log and an event
        assert serving.events(f"{name}-not-written") == [f"{name}-not-written"]
    assert len(told) == 4
