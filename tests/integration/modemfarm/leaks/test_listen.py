# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy that listens on another address of the host: served there, and there alone; no leak."""

import contextlib
import socket
import time

import pytest

from modemfarm.apply.probe import REQUEST_TIMEOUT_S, answers
from modemfarm.apply.rules import host_rules
from modemfarm.apply.tools import run
from modemfarm.egress.ask import ask
from modemfarm.proxy.entrance import connect
from modemfarmd.agent.look import Looker, Patient
from modemfarmd.repair.evidence import Owner

from ..conftest import inside
from .conftest import ENGINES, LAN, VARIABLES, worlds, write
from .world import HOST

OTHER = "192.168.1.101"
ADDRESSES = [*LAN, {"interface": "lan0", "address": OTHER, "network": "192.168.1.0/24"}]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    variables = VARIABLES | {"farm_listen_addresses": [OTHER]}
    return write(tmp_path_factory, variables, ADDRESSES)


@pytest.fixture(scope="module", params=ENGINES)
def world(request, written):
    """Slot 1 listens on the other address, slot 2 on the farm's."""
    yield from worlds(request, written, {1: {"listen": OTHER}})


def refused(namespace, address, port):
    """True where a LAN client gets no connection."""
    with inside(namespace), contextlib.suppress(OSError):
        socket.create_connection((address, port), 0.7).close()
        return False
    return True


def test_both_serve_and_nothing_is_on_a_wrong_wire(world):
    one, two = world.client(1), world.client(2)
    world.wires.forget()
    assert (one.fresh(), two.fresh()) == (world.expected(1), world.expected(2))
    assert world.leaks() == []


def test_it_is_not_on_the_farms_address(world):
    lan = world.names["lan"]
    for port in set(world.ports(1)):
        assert refused(lan, HOST, port)
        assert not refused(lan, OTHER, port)
    for port in set(world.ports(2)):
        assert refused(lan, OTHER, port)


def test_a_modem_that_is_away_is_refused_there_at_once(world):
    """By the kernel, as on the farm's own address."""
    try:
        world.sh("ip route flush table 1001")
        began = time.monotonic()
        assert refused(world.names["lan"], OTHER, world.ports(1)[0])
        assert time.monotonic() - began < 0.5
    finally:
        world.heal()


def test_nothing_is_answered_to_the_carrier_side(world):
    with inside(world.names["one"]):
        world.sh("ip route replace 192.168.1.0/24 via 10.64.1.2", "one")
    try:
        assert refused(world.names["one"], OTHER, world.ports(1)[0])
    finally:
        world.sh("ip route del 192.168.1.0/24", "one")


def test_the_host_itself_gets_in_from_that_address(world):
    """The kernel would come from the first address of the interface, a stranger to the guard."""
    port = world.ports(1)[0]
    with inside(world.names["host"]):
        answers(OTHER, port, "http://127.0.0.1/", time.monotonic())
        with connect(OTHER, port, REQUEST_TIMEOUT_S) as connection:
            assert connection.getsockname()[0] == OTHER
        with pytest.raises(OSError):  # noqa: PT011 - whichever: it is dropped
            socket.create_connection((OTHER, port), 0.5)


def test_health_sees_it_there(world):
    url = "http://203.0.113.10:8001/"
    plan = world.settings.slot(1)
    with inside(world.names["host"]):
        look = Looker(world.settings.lan_address, url)
        listen = next(iter(world.settings.listen_addresses))
        seen = look(Patient("1", None, plan.port, plan.uid, listen=listen)).evidence
        wrong = look(Patient("1", None, plan.port, plan.uid)).evidence
    assert seen.owner is Owner.OURS
    assert seen.first.failure is None or "address" in seen.first.failure
    assert wrong.owner is not Owner.OURS


def test_egress_is_asked_for_there(world):
    """Through the listen address the questions are in; they are judged in test_egress."""
    world.wires.forget()
    with inside(world.names["host"]):
        ask(next(iter(world.settings.listen_addresses)), world.settings.slot(1), "tcp", "00c0ffee")
    asked = [p for p in world.wires.packets() if str(p.target).startswith("198.51.100.")]
    assert {packet.wire for packet in asked} == {"one"}


def test_a_reply_rule_that_is_lost_is_seen(world):
    """Control: the rules that the farm wants are those that role routing has made."""
    with inside(world.names["host"]):
        shown = run(("ip", "-N", "rule", "show", "pref", "1000")).splitlines()
    wanted = {rule.source for rule in host_rules(world.settings) if rule.preference == 1000}
    assert {line.split()[2] for line in shown} == wanted == {HOST, OTHER}
