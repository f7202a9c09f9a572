# SPDX-License-Identifier: GPL-3.0-or-later
"""What the worker does about what happens around it."""

from collections.abc import Sequence

import pytest

from modemfarmd.agent.client import Applied
from modemfarmd.agent.look import Report
from modemfarmd.repair.evidence import Evidence

from .world import World, serial


def test_a_complete_device_serves_without_any_waiting(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn()
    assert world.state(1) == "serving"
    assert world.applied == [[serial(1)]]
    assert world.snapshots[-1].modems[0].present
    assert world.registry.kinds == ["registered", "serving"]
    assert [p.port for p in world.vitals.roster()] == [3128]
    assert [(p.serial, p.port) for p in world.examined] == [(serial(1), None)]


def test_a_look_that_could_not_ask_changes_nothing(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn()
    for _ in range(5):
        world.vitals.reported(Report(Evidence(serial(1), world.now, world.now)))
        world.turn()
    assert world.state(1) == "serving"
    assert world.applied == [[serial(1)]]
    assert world.registry.radio == []


def test_the_snapshot_is_written_before_the_apply(world: World) -> None:
    world.plug("1-1", serial(1))
    original = world.apply

    def apply(serials: Sequence[str]) -> Applied:
        assert {r.serial for r in world.snapshots[-1].modems} >= set(serials)
        return original(serials)

    world.applier._apply = apply
    world.turn()
    assert world.state(1) == "serving"


def test_an_incomplete_device_waits_for_its_ports(world: World) -> None:
    world.plug("1-1", serial(1), complete=False)
    world.turn(1.5)
    assert world.asked == []
    world.plug("1-1", serial(1))
    world.turn()
    assert world.asked == ["1-1"]
    assert world.state(1) == "serving"


def test_a_device_that_stays_incomplete_is_asked_all_the_same(world: World) -> None:
    world.plug("1-1", serial(1), complete=False)
    world.turn(2.5)
    assert world.asked == ["1-1"]
    assert serial(1) in world.registry.table


def test_events_about_a_known_device_ask_and_apply_nothing(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn()
    for _ in range(20):
        world.inbox.name("1-1")
        world.turn(0.3)
    world.turn(5)
    assert (world.asked, len(world.applied)) == (["1-1"], 1)


def test_unplug_is_written_and_applied_at_once(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn(40)
    world.unplug("1-1")
    world.turn()
    assert world.state(1) == "offline"
    assert not world.snapshots[-1].modems[0].present
    assert world.applied[-1] == [serial(1)]
    assert world.vitals.roster() == ()


def test_other_usb_devices_are_nobody_s_business(world: World) -> None:
    world.inbox.name("2-1")
    world.turn(20)
    assert len(world.arrivals.places) == 0


def test_a_batch_waits_for_a_neighbour_but_not_long(world: World) -> None:
    world.auto = False
    world.plug("1-1", serial(1))
    world.plug("1-2", None)
    world.turn()
    world.worker.answered(world.answer(world.devices["1-1"]))
    world.turn(1.5)
    assert world.applied == []
    world.turn(1.0)
    assert world.applied == [[serial(1)]]


def test_neighbours_that_answer_are_applied_with_it(world: World) -> None:
    world.auto = False
    for number in (1, 2, 3):
        world.plug(f"1-{number}", serial(number))
    world.turn()
    for number in (1, 2, 3):
        world.worker.answered(world.answer(world.devices[f"1-{number}"]))
        world.turn(0.2)
    assert world.applied == [[serial(1), serial(2), serial(3)]]


def test_a_silent_modem_is_asked_again_and_told_once(world: World) -> None:
    world.plug("1-1", None)
    world.turn(16)
    assert 3 <= len(world.asked) <= 5
    assert world.registry.kinds == ["unidentified"]
    world.who["1-1"] = serial(1)
    world.turn(40)
    assert world.state(1) == "serving"


def test_an_answer_about_a_device_that_is_gone_is_dropped(world: World) -> None:
    world.auto = False
    world.plug("1-1", serial(1))
    world.turn()
    answer = world.answer(world.devices["1-1"])
    world.plug("1-1", serial(2), devnum="2")
    world.worker.answered(answer)
    world.auto = True
    world.turn(3)
    assert list(world.registry.table) == [serial(2)]


def test_waiting_is_retried_with_back_off_until_it_serves(world: World) -> None:
    world.states[serial(1)] = "waiting"
    world.plug("1-1", serial(1))
    world.turn(20)
    assert 3 <= len(world.applied) <= 5
    world.states[serial(1)] = "serving"
    world.turn(30)
    assert world.state(1) == "serving"
    count = len(world.applied)
    world.turn(200)
    assert len(world.applied) == count


def test_what_failed_before_does_not_hold_back_what_is_fresh(world: World) -> None:
    world.states[serial(1)] = "failed"
    world.plug("1-1", serial(1))
    world.turn()
    world.inbox.post(lambda: world.applier.add([serial(1)]))
    world.plug("1-2", serial(2))
    world.turn()
    assert sorted(world.applied[1:]) == [[serial(1)], [serial(2)]]


def test_an_apply_service_that_is_away_is_tried_again(world: World) -> None:
    world.apply_fails = True
    world.plug("1-1", serial(1))
    world.turn(10)
    assert world.state(1) == "waiting"
    world.apply_fails = False
    world.turn(20)
    assert world.state(1) == "serving"


def test_without_database_known_modems_go_on_and_nothing_is_lost(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn()
    world.registry.gone = True
    world.unplug("1-1")
    world.turn(5)
    world.plug("1-4", serial(1), devnum="9")
    world.plug("1-5", serial(2))
    world.turn(5)
    assert world.applied[-1] == [serial(1)]
    assert world.snapshots[-1].modems[0].usb_path == "1-4"
    assert "database away" in world.worker.status()
    world.registry.gone = False
    world.turn(100)
    assert (world.state(1), world.state(2)) == ("serving", "serving")
    assert world.registry.table[serial(1)]["usb_path"] == "1-4"
    for kind in ("unplugged", "plugged", "moved"):
        assert kind in world.registry.kinds


def test_a_full_farm_says_so_once_and_recovers(world: World) -> None:
    world.registry.slots = 1
    world.plug("1-1", serial(1))
    world.plug("1-2", serial(2))
    world.turn(150)
    assert world.registry.kinds.count("slots-exhausted") == 1
    assert len(world.snapshots[-1].modems) == 1
    world.registry.slots = 2
    world.turn(150)
    assert world.state(2) == "serving"


def test_a_forgotten_modem_leaves_and_one_that_is_here_returns(world: World) -> None:
    for number in (1, 2):
        world.plug(f"1-{number}", serial(number))
    world.turn()
    world.unplug("1-1")
    world.turn()
    world.registry.table.clear()
    world.worker.name_serial(serial(1), backend=7)
    world.turn(5)
    assert list(world.farm.modems) == [serial(2)]
    assert world.registry.table[serial(2)]["slot"] == 1
    assert [r.slot for r in world.snapshots[-1].modems] == [1]


def test_a_slot_that_was_forgotten_unheard_is_its_new_owner_s_at_once(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn(5)
    world.unplug("1-1")
    world.turn(5)
    world.registry.table.clear()  # an administrator forgot it; its notification is lost
    world.plug("1-2", serial(2))
    world.turn(1)
    assert list(world.farm.modems) == [serial(2)]
    assert [(r.serial, r.slot) for r in world.snapshots[-1].modems] == [(serial(2), 1)]
    assert world.state(2) == "serving"
    assert "snapshot-not-written" not in world.registry.kinds


def test_our_own_notifications_are_not_news(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn()
    world.registry.modems = lambda: pytest.fail("reread")  # type: ignore[method-assign]
    world.worker.name_serial(serial(1), backend=42)
    world.turn()


@pytest.mark.parametrize("payload", ["", "x" * 7999, serial(1) + "\n", "1; DROP TABLE modems"])
def test_forged_notifications_cost_no_look_and_one_line(
    world: World, payload: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.plug("1-1", serial(1))
    world.turn(10)
    world.registry.modems = lambda: pytest.fail("reread")  # type: ignore[method-assign]
    caplog.clear()
    for _ in range(1000):
        world.worker.name_serial(payload, backend=7)
    world.turn(5)
    said = [r.getMessage() for r in caplog.records if "ignored" in r.getMessage()]
    assert len(said) == 1
    assert len(said[0]) < 200


def test_rows_of_other_hosts_are_not_our_business(world: World) -> None:
    world.turn(10)
    world.registry.modems = lambda: pytest.fail("reread")  # type: ignore[method-assign]
    world.worker.name_serial(serial(99), backend=7)
    world.turn(5)


def test_a_flood_of_changes_is_few_looks_at_the_table(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn(10)
    looks = []
    rows = world.registry.modems
    world.registry.modems = lambda: looks.append(1) or rows()  # type: ignore[method-assign, func-returns-value]
    for _ in range(100):
        world.worker.name_serial(serial(1), backend=7)
        world.turn(0.01)
    assert 1 <= len(looks) <= 4


def test_a_lost_event_is_found_by_the_resync(world: World) -> None:
    world.plug("1-1", serial(1))
    world.inbox.drain(0)
    world.turn(61)
    assert world.state(1) == "serving"


def test_a_full_disk_holds_back_those_that_changed_and_nobody_else(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn()
    world.disk_full = True
    world.plug("1-2", serial(2))
    world.turn(4)
    assert world.applied == [[serial(1)]]
    assert world.state(1) == "serving"
    world.inbox.post(lambda: world.applier.add([serial(1)]))
    world.turn(30)
    assert world.applied == [[serial(1)], [serial(1)]]
    world.disk_full = False
    world.turn(10)
    assert world.state(2) == "serving"
    told = [kind for kind in world.registry.kinds if kind.startswith("snapshot")]
    assert told == ["snapshot-not-written", "snapshot-written"]
