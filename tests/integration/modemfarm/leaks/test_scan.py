# SPDX-License-Identifier: GPL-3.0-or-later
"""From the carriers' side the host is not there: no port, no reset, no ICMP; IPv4 and IPv6."""

import contextlib
import itertools
import socket
import threading

import pytest

from ..conftest import inside
from .scan import PUSH, SOURCE_PORT
from .wire import ICMP, ICMP6, TCP, UDP
from .world import HOST, MODEMS

ALL_TCP = range(1, 65536)
SOME_UDP = (*range(1, 901), 3128, 3129, 4128, 4129, 5353, 5432, 8443, *range(33000, 33093))
CONTROL = (*range(1, 200), 3128, 3129)
SIX = {1: ("fd00:64:1::2", "fd00:64:1::1"), 2: ("fd00:64:2::2", "fd00:64:2::1")}


@pytest.fixture
def exposed(world):
    """Services on all addresses, and IPv6 on the modems as if nothing had closed it."""
    world.heal()
    for slot, (far, device, _, _) in MODEMS.items():
        own, gateway = SIX[slot]
        world.sh(f"echo 0 >/proc/sys/net/ipv6/conf/{device}/disable_ipv6\n"
                 f"ip address replace {own}/64 dev {device} nodad")  # fmt: skip
        world.sh(f"ip address replace {gateway}/64 dev p-{device} nodad", far)
    with contextlib.ExitStack() as stack, inside(world.names["host"]):
        for family, kind in itertools.product(
            (socket.AF_INET, socket.AF_INET6), (socket.SOCK_STREAM, socket.SOCK_DGRAM)
        ):
            service = stack.enter_context(socket.socket(family, kind))
            if family == socket.AF_INET6:
                service.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            service.bind(("", 22))
            if kind == socket.SOCK_STREAM:
                service.listen()
        yield world
    for _, device, _, _ in MODEMS.values():
        world.sh(
            f"ip -6 address flush dev {device}\n"
            f"echo 1 >/proc/sys/net/ipv6/conf/{device}/disable_ipv6"
        )


def received(world, device):
    """Frames that the host's end has received."""
    words = world.sh(f"ip -s -o link show {device}").split("RX:")[1]
    return int(words.split("\\")[1].split()[1])


def everything(world, slot, tcp, udp):
    """Scan the modem's own addresses whole, and others of the host in part; packets sent."""
    _, _, own, gateway = MODEMS[slot]
    own6, gateway6 = SIX[slot]
    other = MODEMS[3 - slot][2]
    sent = 0
    with world.scanner(*MODEMS[slot][:2]) as scan:
        for source, target, some_tcp, some_udp in (
            (gateway, own, tcp, udp),
            (gateway6, own6, tcp, udp),
            (gateway, HOST, CONTROL, CONTROL),
            (gateway, other, CONTROL, CONTROL),
            ("192.168.1.50", own, CONTROL, CONTROL),
            ("192.168.1.50", HOST, CONTROL, CONTROL),
            (gateway6, "fd00:1::2", CONTROL, CONTROL),
        ):
            scan.ping(source, target)
            scan.tcp(source, target, some_tcp)
            scan.tcp(source, target, (22, 3128, 3129, 4128, 4129), PUSH)
            scan.udp(source, target, some_udp)
            sent += 6 + len(some_tcp) + len(some_udp)
    return sent


def answers(world):
    """What the host has said to the scanner, or by ICMP to anybody."""
    packets = world.wires.packets()
    return [p for p in packets if p.dport == SOURCE_PORT or p.protocol in (ICMP, ICMP6)]


@pytest.mark.parametrize("slot", MODEMS)
def test_no_port_and_no_answer(exposed, slot):
    device = MODEMS[slot][1]
    before = received(exposed, device)
    exposed.wires.forget()
    sent = everything(exposed, slot, ALL_TCP, SOME_UDP)
    assert answers(exposed) == []
    assert received(exposed, device) - before >= sent > 2 * 66_000


def test_no_answer_while_guard_and_nftables_are_loaded_anew(exposed):
    done = threading.Event()
    rounds = []

    def reload():
        while not done.is_set():
            exposed.sh(f"sh {exposed.routing}")
            exposed.sh(f"for s in stop start reload; do sh {exposed.routing} nftables $s; done")
            rounds.append(1)

    thread = threading.Thread(target=reload)
    exposed.wires.forget()
    thread.start()
    try:
        while len(rounds) < 3:
            everything(exposed, 1, range(1, 3000), CONTROL)
    finally:
        done.set()
        thread.join(30)
    assert answers(exposed) == []


def test_without_the_guard_the_scan_sees_the_host(exposed):
    """The control: open ports, resets, ICMP, of both families, and answers to a forged client."""
    exposed.wires.forget()
    exposed.sh("nft flush ruleset")
    everything(exposed, 1, CONTROL, CONTROL)
    seen = answers(exposed)
    assert {TCP, ICMP, ICMP6} <= {packet.protocol for packet in seen}
    assert UDP not in {packet.protocol for packet in seen}
    opened = {p.sport for p in seen if p.protocol == TCP and not p.bare}
    assert {22} <= opened <= {22, 3128, 3129, 4128, 4129}
    assert len([p for p in seen if p.protocol == TCP and p.bare]) > 100
    assert {p.source.version for p in seen} == {4, 6}
