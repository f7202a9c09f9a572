# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that come and go: counted per path, barred, released; what the agent does meanwhile."""

import pytest

from modemfarmd.agent.flapping import MOST, QUIET_S, WINDOW_S, Flapping

from .world import World, serial


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def flapping(now: list[float]) -> Flapping:
    return Flapping(lambda: now[0])


def test_six_arrivals_bar_a_path_and_no_other(flapping: Flapping) -> None:
    assert [flapping.arrived("1-1") for _ in range(MOST + 2)] == [False] * MOST + [True, False]
    assert "1-1" in (flapping.barred("1-1") or "")
    assert flapping.barred("1-2") is None


def test_slow_arrivals_bar_nothing(flapping: Flapping, now: list[float]) -> None:
    for _ in range(30):
        assert not flapping.arrived("1-1")
        now[0] += WINDOW_S / MOST + 1


def test_it_is_released_after_quiet_minutes_only(flapping: Flapping, now: list[float]) -> None:
    for _ in range(MOST + 1):
        flapping.arrived("1-1")
    now[0] += QUIET_S - 1
    flapping.arrived("1-1")
    now[0] += QUIET_S - 1
    assert flapping.released() == []
    assert flapping.wait() == pytest.approx(1)
    now[0] += 1
    assert flapping.released() == ["1-1"]
    assert (flapping.released(), flapping.barred("1-1"), flapping.wait()) == ([], None, None)


def flap(world: World, times: int, each: float, path: str = "1-1") -> None:
    for number in range(times):
        world.plug(path, serial(1), devnum=str(number + 100))
        world.turn(each / 2)
        world.unplug(path)
        world.turn(each / 2)


@pytest.mark.parametrize("job_seconds", [0.0, 3.0, 20.0])
@pytest.mark.parametrize(("each", "most"), [(0.1, 3), (0.3, 3), (1.0, 4)])
def test_200_replugs_cost_three_applies_at_most(
    world: World, job_seconds: float, each: float, most: int
) -> None:
    world.job_seconds = job_seconds
    flap(world, 200, each)
    world.turn(30)
    assert 1 <= len(world.applied) <= most
    assert world.state(1) == "quarantined"
    assert not world.snapshots[-1].modems[0].present  # blocked
    assert world.events("flapping") == ["flapping"]
    standing = world.arrivals.standings["1-1"]
    assert standing.remedy


def test_it_is_released_by_itself_and_serves(world: World) -> None:
    flap(world, 10, 0.5)
    world.plug("1-1", serial(1), devnum="999")
    world.turn(QUIET_S - 5)
    assert world.state(1) == "quarantined"
    world.turn(10)
    assert world.state(1) == "serving"
    assert world.events("flapping", "flapping-ended") == ["flapping", "flapping-ended"]
    assert world.arrivals.standings == {}


def test_released_while_it_is_gone_it_is_just_absent(world: World) -> None:
    flap(world, 10, 0.5)
    world.turn(QUIET_S + 10)
    assert world.state(1) == "offline"
    assert world.arrivals.standings == {}


def test_neighbours_of_a_flapping_modem_notice_nothing(world: World) -> None:
    world.plug("1-2", serial(2))
    world.turn()
    before = len(world.applied)
    flap(world, 50, 0.3)
    assert world.state(2) == "serving"
    assert all(serial(2) not in batch for batch in world.applied[before:])


def test_restarts_that_we_cause_do_not_count(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn()
    world.locked.add(serial(1))
    flap(world, 10, 2)
    world.locked.clear()
    assert world.events("flapping") == []


def test_different_modems_tried_in_one_port_do_not_count(world: World) -> None:
    for number in range(1, 9):
        world.plug("1-1", serial(number), devnum=str(number))
        world.turn(12)
        world.unplug("1-1")
        world.turn(12)
    assert world.events("flapping") == []


def test_the_same_modem_elsewhere_serves_there(world: World) -> None:
    flap(world, 10, 0.5)
    world.plug("1-4", serial(1), devnum="7")
    world.turn(20)
    assert world.state(1) == "serving"
    assert world.snapshots[-1].modems[0].usb_path == "1-4"
