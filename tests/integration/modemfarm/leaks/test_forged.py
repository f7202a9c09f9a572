# SPDX-License-Identifier: GPL-3.0-or-later
"""A LAN host answers a proxy's DNS question in the carrier's place: its answer is not taken.

v2ray asks from a socket that takes datagrams for any address of the host. The forger here knows
all that a real one has to guess: port, number and question.
"""

import contextlib
import re
import struct
import threading
import time

import pytest

from .client import PATIENT_S
from .wire import TCP
from .world import HOST

RESOLVER = "203.0.113.53"
TRAP = bytes([203, 0, 113, 66])
ASKED_S = 3.0


def question(world):
    """The DNS question of slot 1 that is on its wire; waits for it."""
    deadline = time.monotonic() + ASKED_S
    while True:
        for packet in world.wires.packets():
            if packet.name.startswith("late"):
                return packet
        assert time.monotonic() < deadline


def forged(asked):
    """The answer that leads to the trap."""
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + TRAP
    end = asked.data.index(b"\0", 12) + 5
    return asked.data[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0) + asked.data[12:end] + record


def trapped(world, targets):
    """Whether slot 1 went where forged answers, sent to `targets` by the LAN, lead."""
    client = world.client(1, PATIENT_S, ("late",))
    world.wires.forget()
    thread = threading.Thread(target=client.fresh)
    thread.start()
    try:
        asked = question(world)
        with world.scanner("lan", "lan0") as forger:
            for target in targets:
                forger.datagram((RESOLVER, 53), target, [asked.sport], forged(asked))
    finally:
        thread.join(30)
    went = {packet.target.packed for packet in world.wires.packets() if packet.protocol == TCP}
    return TRAP in went


@contextlib.contextmanager
def without(world, text):
    """The guard without its rules that have `text`."""
    listed = world.sh("nft -a list chain inet modemfarm_guard input")
    handles = re.findall(rf"{re.escape(text)}.*# handle (\d+)", listed)
    assert handles, listed
    for handle in handles:
        world.sh(f"nft delete rule inet modemfarm_guard input handle {handle}")
    try:
        yield
    finally:
        world.load()


@pytest.mark.parametrize("target", [HOST, "10.64.1.2"])
def test_an_answer_from_the_lan_is_not_taken(world, target):
    world.heal()
    assert not trapped(world, [target])


def test_without_the_rules_it_would_be(world):
    if world.engine == "threeproxy":
        return  # see below: its sockets take nothing from the LAN anyway
    world.heal()
    with without(world, "socket wildcard"):
        assert trapped(world, [HOST])
    with without(world, "ct mark"):
        assert trapped(world, ["10.64.1.2"])
