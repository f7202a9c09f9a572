# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent keeps for a database that cannot be used."""

from collections.abc import Sequence

import psycopg2
import psycopg2.errors
import pytest

from modemfarmd.agent.store import EVENTS_AT_ONCE
from modemfarmd.errors import SlotRaceError

from .world import World, serial


@pytest.mark.parametrize(
    "error", [psycopg2.errors.InsufficientPrivilege, psycopg2.errors.DataCorrupted]
)
def test_a_table_that_cannot_be_read_is_a_database_that_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch, error: type[psycopg2.Error]
) -> None:
    """Rights that a restore forgot, a page that a power cut left behind: the agent goes on."""

    def modems() -> None:
        raise error("permission denied for table modems")

    world.plug("1-1", serial(1))
    world.turn()
    with monkeypatch.context() as patch:
        patch.setattr(world.registry, "modems", modems)
        world.worker.resync_soon()
        world.worker.step()
        assert not world.store.reachable
        world.unplug("1-1")
        world.turn(5)
        assert world.applied[-1] == [serial(1)]
    world.turn(60)
    assert world.store.reachable
    assert world.state(1) == "offline"


def test_a_long_outage_is_written_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker does other things in between, and nothing waits for the next event."""
    sizes: list[int] = []
    add_events = world.registry.add_events

    def add(batch: Sequence[object]) -> None:
        world.registry._check()
        sizes.append(len(batch))
        add_events(batch)

    monkeypatch.setattr(world.registry, "add_events", add)
    world.registry.gone = True
    for number in range(EVENTS_AT_ONCE * 2 + 1):
        world.store.event("test", None, number=number)
    world.turn(5)
    world.registry.gone = False
    world.turn(60)
    assert sizes == [EVENTS_AT_ONCE, EVENTS_AT_ONCE, 1]
    assert len(world.events("test")) == EVENTS_AT_ONCE * 2 + 1


def test_a_race_for_a_slot_that_is_lost_again_and_again_leaves_time_for_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try takes the worker half a second: two hosts of one name fight for ever."""
    tries: list[float] = []

    def upsert(*_: object) -> None:
        tries.append(world.now)
        raise SlotRaceError("no slot", "wait")

    with monkeypatch.context() as patch:
        patch.setattr(world.registry, "upsert", upsert)
        world.plug("1-1", serial(1))
        world.turn(10)
    assert 2 <= len(tries) <= 15
    world.turn(5)
    assert world.state(1) == "serving"
