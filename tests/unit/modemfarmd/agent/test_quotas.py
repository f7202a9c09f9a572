# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has used up a volume is told once, closed, and opened again when that is over."""

from datetime import timedelta

import pytest

from modemfarm.errors import InvalidValueError
from modemfarm.proxy.quota import MB
from modemfarmd.agent.meter import Reading
from modemfarmd.agent.quotas import VolumesNotKeptError

from .world import World, serial

ONE, TWO = serial(1), serial(2)


def move(world: World, megabytes: float, path: str = "1-1", source: str = "boot/7") -> None:
    before = world.counters.get(path)
    down = before.down if before is not None and before.source == source else 0
    world.counters[path] = Reading(source, down + round(megabytes * MB), 0)
    world.turn(6)


def limit(world: World, who: str = ONE, **limits: int) -> None:
    world.registry.table[who]["policy"] = limits
    world.worker.resync_soon()
    world.turn(1)


@pytest.fixture
def serving(world: World) -> World:
    """Two modems; the first has a limit of the day, soft at 8 and hard at 10 MB."""
    for number in (1, 2):
        world.plug(f"1-{number}", serial(number))
    world.quotas.load((), lambda day: [])
    world.quotas.volumes.lost = False
    world.turn()
    limit(world, soft_day_mb=8, hard_day_mb=10)
    world.applied.clear()
    return world


def quota_of(world: World, who: str = ONE) -> str | None:
    return next(r.quota for r in world.snapshots[-1].modems if r.serial == who)


def told(world: World) -> list[str]:
    return [kind for kind in world.registry.kinds if kind.startswith("quota-")]


def test_soft_is_told_and_changes_nothing_else(serving: World) -> None:
    move(serving, 7.9)
    assert told(serving) == []
    move(serving, 0.1)
    serving.turn(60)
    assert told(serving) == ["quota-soft"]
    assert quota_of(serving) == "soft"
    assert serving.registry.table[ONE]["quota"] == "soft"
    assert serving.applied == []


def test_hard_is_told_and_applied_to_this_modem_only(serving: World) -> None:
    move(serving, 10)
    serving.turn(60)
    assert told(serving) == ["quota-hard"]
    assert (quota_of(serving), quota_of(serving, TWO)) == ("hard", None)
    assert serving.applied == [[ONE]]
    assert serving.registry.table[ONE]["state"] == "serving"


def test_root_reads_it_before_it_is_asked_to_apply(serving: World) -> None:
    serving.disk_full = True
    move(serving, 10)
    serving.turn(20)
    assert serving.applied == []
    serving.disk_full = False
    serving.turn(20)
    assert quota_of(serving) == "hard"
    assert serving.applied == [[ONE]]


def test_the_next_day_opens(serving: World) -> None:
    move(serving, 10)
    serving.today += timedelta(days=1)
    serving.turn(6)
    assert told(serving) == ["quota-hard", "quota-left"]
    assert quota_of(serving) is None
    assert serving.applied == [[ONE], [ONE]]
    assert serving.registry.table[ONE]["quota"] is None


def test_the_month_goes_on_over_days_and_ends_with_it(serving: World) -> None:
    serving.today = serving.today.replace(day=1)
    limit(serving, hard_month_mb=10)
    move(serving, 6)
    serving.today += timedelta(days=1)
    move(serving, 4)
    assert quota_of(serving) == "hard"
    serving.today += timedelta(days=28)
    serving.turn(6)
    assert quota_of(serving) == "hard"
    serving.today = (serving.today + timedelta(days=4)).replace(day=1)
    serving.turn(6)
    assert quota_of(serving) is None


def test_a_higher_limit_opens_and_a_lower_one_closes(serving: World) -> None:
    move(serving, 10)
    limit(serving, hard_day_mb=20)
    serving.turn(6)
    assert quota_of(serving) is None
    limit(serving, hard_day_mb=5)
    serving.turn(6)
    assert quota_of(serving) == "hard"


def test_a_policy_that_cannot_be_leaves_the_limits_as_they_were(serving: World) -> None:
    move(serving, 10)
    limit(serving, hard_day_mb="much")  # type: ignore[arg-type]
    serving.turn(6)
    assert quota_of(serving) == "hard"


def test_a_reset_opens_and_is_on_disk(serving: World) -> None:
    move(serving, 10)
    row = serving.quotas.reset(ONE, ["day"], "cli:alice")
    assert row["quota"] is None
    assert row["used"] == {"day": 0, "month": 10 * MB}
    assert row["moved"] == {"day": 10 * MB, "month": 10 * MB}
    serving.turn(6)
    assert quota_of(serving) is None
    assert told(serving) == ["quota-hard", "quota-reset", "quota-left"]
    assert '"2026-01-31": 10000000' in str(serving.volume_file.text)
    move(serving, 10)
    assert quota_of(serving) == "hard"


def test_a_reset_that_would_not_last_is_refused(serving: World) -> None:
    move(serving, 10)
    serving.disk_full = True
    with pytest.raises(VolumesNotKeptError, match="nothing is reset"):
        serving.quotas.reset(ONE, ["day", "month"], "cli:alice")
    assert serving.quotas.rows(ONE)[0]["quota"] == "hard"
    with pytest.raises(InvalidValueError, match="serial is '8"):
        serving.quotas.reset(serial(9), ["day"], "cli:alice")


def test_a_replug_is_no_way_out(serving: World) -> None:
    move(serving, 9)
    serving.unplug("1-1")
    serving.turn(5)
    serving.plug("1-1", ONE, "2")
    move(serving, 1, source="boot/9")
    assert quota_of(serving) == "hard"
    serving.registry.table.pop(ONE)  # forgotten, and registered anew
    serving.worker.resync_soon()
    serving.turn(1)
    limit(serving, hard_day_mb=10)
    assert quota_of(serving) == "hard"


def test_another_modem_at_the_same_place_has_its_own_volume(serving: World) -> None:
    move(serving, 10)
    serving.unplug("1-1")
    serving.turn(5)
    serving.plug("1-1", serial(3), "2")
    serving.counters["1-1"] = Reading("boot/9", 3 * MB, 0)
    serving.turn(10)
    assert quota_of(serving) == "hard"
    assert quota_of(serving, serial(3)) is None
    (row,) = serving.quotas.rows(serial(3))
    assert row["used"]["day"] == 3 * MB


def test_a_clock_that_is_behind_opens_nothing(serving: World) -> None:
    move(serving, 10)
    serving.today = serving.today.replace(year=1970)
    serving.turn(60)
    assert quota_of(serving) == "hard"
    assert told(serving) == ["quota-hard", "quota-clock"]
    assert serving.quotas.reset(ONE, ["day", "month"], "cli:alice")["quota"] is None


def test_the_agent_after_us_tells_nothing_again(serving: World) -> None:
    move(serving, 10)
    serving.quotas.close()
    after = World()
    after.volume_file.text = serving.volume_file.text
    after.registry.table = serving.registry.table
    after.farm.load_rows(serving.registry.modems())
    after.quotas.load(serving.snapshots[-1].modems, lambda day: [])
    after.worker.apply_all()
    after.turn(6)
    assert quota_of(after) == "hard"
    assert all(quota == "hard" for s in after.snapshots for quota in [_first(s)])
    assert told(after) == []


def _first(snapshot: object) -> str | None:
    return next(r.quota for r in snapshot.modems if r.serial == ONE)  # type: ignore[attr-defined]


def test_volumes_go_to_the_registry_and_the_file(serving: World) -> None:
    move(serving, 3)
    serving.turn(31)
    assert [(v.serial, v.down) for v in serving.kept_volumes] == [(ONE, 3 * MB)]
    serving.disk_full = True
    move(serving, 1)
    serving.turn(90)
    assert serving.registry.kinds.count("volumes-not-written") == 1
    assert [v.down for v in serving.kept_volumes] == [3 * MB, 4 * MB]
