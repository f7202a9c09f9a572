# SPDX-License-Identifier: GPL-3.0-or-later
"""States of a host times kinds of traffic: nothing of a modem is on any wire but its own.

Counted at the far end of each wire (wire.py). test_controls.py shows what this would have seen.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from .client import BRISK_S, PATIENT_S, Traffic
from .states import MOMENTS, STATES, State
from .world import MODEMS

ROUNDS = 6
MOMENT_S = 0.1  # some traffic between two of them
OPEN_BEFORE = ("stream", "udp")


def both(first, second):
    """Results of two calls at the same time."""
    with ThreadPoolExecutor(2) as pool:
        return tuple(future.result() for future in (pool.submit(first), pool.submit(second)))


def moved(world):
    """Slots whose modem has another address than at first."""
    return [s for s, (wire, _, own, _) in MODEMS.items() if world.addresses[wire].now != own]


@pytest.mark.parametrize("moment", MOMENTS)
def test_nothing_leaves_by_another_wire_meanwhile(world, moment):
    world.heal()
    one, two = (world.client(slot, BRISK_S) for slot in (1, 2))
    world.wires.forget()
    with Traffic((one, two)) as traffic:
        for _ in range(ROUNDS):
            moment(world)
            time.sleep(MOMENT_S)
    assert world.leaks() == []
    assert all(traffic.answers.values())
    one, two = world.client(1), world.client(2)
    assert both(one.fresh, two.fresh) == (world.expected(1), world.expected(2))
    assert world.leaks() == []


@pytest.mark.parametrize("state", STATES, ids=str)
def test_nothing_leaves_by_another_wire(world, state: State):
    world.heal()
    clients = {slot: world.client(slot, PATIENT_S if slot in state.serves else BRISK_S)
               for slot in (1, 2)}  # fmt: skip
    both(clients[1].prepare, clients[2].prepare)
    world.wires.forget()
    state.enter(world)
    for slot in moved(world):
        clients[slot].hurry(OPEN_BEFORE)
    answers = dict(zip(clients, both(clients[1].ask, clients[2].ask), strict=True))
    again = dict(zip(clients, both(clients[1].fresh, clients[2].fresh), strict=True))
    packets = world.wires.packets()
    assert world.leaks(state.bare) == []
    for slot, (wire, *_) in MODEMS.items():
        serves = slot in state.serves
        expected = world.expected(slot) if serves else dict.fromkeys(world.kinds, "")
        assert again[slot] == expected, slot
        if slot in moved(world):  # what was open belongs to the old address
            expected |= {kind: answers[slot][kind] for kind in OPEN_BEFORE if kind in expected}
        assert answers[slot] == expected, slot
        assert not serves or any(packet.wire == wire for packet in packets)
