# SPDX-License-Identifier: GPL-3.0-or-later
"""Each barrier alone, all others taken away: nothing leaks. Without it too: the wires show a leak.

So each barrier is worth something, and what test_matrix.py counts would have been counted.
"""

from dataclasses import dataclass

import pytest

from .client import BRISK_S
from .wire import TCP, UDP

NO_GUARD = "nft flush ruleset"
NO_SLOT_RULE = "ip rule delete pref 2001"
NOT_CLOSED = "ip rule delete pref 2999"
OPEN_6 = "ip -6 rule delete pref 2999"
WRONG_TABLE = "ip route replace default via 10.64.2.1 dev wwan1 onlink table 1001"
NO_LAN_RULE = "ip rule delete pref 1000"


@dataclass(frozen=True)
class Barrier:
    """`alone`: takes the others away. `away`: takes this one away too. Then `wire` has leaks."""

    name: str
    alone: tuple[str, ...]
    away: str
    wire: str = "lan"

    def __str__(self):
        return self.name


BARRIERS = (
    Barrier("rule of the slot", (NO_GUARD, NOT_CLOSED), NO_SLOT_RULE),
    Barrier("closed rule", (NO_GUARD, NO_SLOT_RULE), NOT_CLOSED),
    Barrier("guard", (NO_SLOT_RULE, NOT_CLOSED), NO_GUARD),
    Barrier("guard against the other modem", (WRONG_TABLE,), NO_GUARD, "two"),
)
KINDS = ("tcp", "http", "name", "udp")


def markers(world, wire):
    """What of slot 1 has come to a wire: protocols, and 53 for a name."""
    packets = [packet for packet in world.leaks() if packet.wire == wire and packet.slot == 1]
    return {53 if packet.name else packet.protocol for packet in packets}


@pytest.mark.parametrize("barrier", BARRIERS, ids=str)
def test_each_barrier_holds_alone_and_without_it_the_wire_shows_the_leak(world, barrier):
    world.heal()
    kinds = tuple(kind for kind in KINDS if kind in world.kinds)
    one = world.client(1, BRISK_S, kinds)
    one.prepare()
    world.wires.forget()
    world.sh("\n".join(barrier.alone))
    one.ask()
    assert world.leaks(bare=True) == []
    one.prepare()
    world.wires.forget()
    world.sh(barrier.away)
    one.ask()
    wanted = {TCP, 53} | ({UDP} if "udp" in kinds else set())
    assert markers(world, barrier.wire) == wanted


def test_answers_to_clients_stay_off_the_modems_wire(world):
    """The rule for the LAN address and the guard; the kernel adds resets of its own."""
    world.heal()
    one = world.client(1, BRISK_S, ("tcp", "http"))
    one.prepare()
    world.wires.forget()
    world.sh(NO_LAN_RULE)
    one.ask()
    assert world.leaks() == []
    world.heal()
    one = world.client(1, BRISK_S, ("tcp", "http"))
    one.prepare()
    world.wires.forget()
    world.sh(f"{NO_LAN_RULE}; {NO_GUARD}")
    one.ask()
    seen = [packet for packet in world.leaks(bare=True) if packet.wire == "one"]
    assert {str(packet.source) for packet in seen} == {"192.168.1.100"}


SIX = (
    ("-4 of 3proxy", False, (NO_GUARD, OPEN_6)),
    ("rule of IPv6", True, (NO_GUARD,)),
    ("guard", True, (OPEN_6,)),
)


@pytest.mark.parametrize(("name", "changed", "alone"), SIX, ids=[row[0] for row in SIX])
def test_each_barrier_of_ipv6_holds_alone(world, six, name, changed, alone):
    if not changed and world.engine == "v2ray":
        return  # it has no such option: its barriers are the other two
    if changed:
        six(world)
    world.sh("\n".join(alone))
    one = world.client(1, BRISK_S, ("six", "six-name"))
    world.wires.forget()
    assert one.fresh() == {"six": "", "six-name": ""}
    assert world.leaks(bare=True) == []


def test_without_all_of_them_the_wire_shows_ipv6(world, six):
    six(world)
    world.sh(f"{NO_GUARD}; {OPEN_6}")
    one = world.client(1, BRISK_S, ("six", "six-name"))
    world.wires.forget()
    answers = one.fresh()
    assert answers["six"] == "lan fd00:1::2"
    assert {p.source.version for p in world.leaks() if p.wire == "lan"} == {6}


@pytest.fixture
def six(world):
    """A function that lets the proxy of slot 1 speak IPv6; undone afterwards."""
    world.heal()

    def start(world):
        world.stop(1)
        world.start(1, lambda text: text.replace(" -4 ", " -46 ").replace("UseIPv4", "UseIP"))

    yield start
    world.heal()
    world.stop(1)
    world.start(1)


def test_a_host_without_any_of_it_leaks(world):
    """Boot before the rules, had the units no order: all traffic of the slot is on the LAN."""
    world.heal()
    one = world.client(1, BRISK_S, tuple(kind for kind in KINDS if kind in world.kinds))
    world.sh("nft flush ruleset; ip rule flush; ip rule add pref 32766 lookup main")
    world.wires.forget()
    assert set(one.fresh().values()) == {"lan 192.168.1.100"}
    assert len(markers(world, "lan")) >= 2
