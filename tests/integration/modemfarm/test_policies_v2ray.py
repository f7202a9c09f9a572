# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a policy the real v2ray does. What it cannot do is refused before."""

import json
import shutil

import pytest

from .policy_world import FAR, opened, pivots
from .test_policies import ECHO, WAYS, passed, served

EVERYTHING = {"protocols": ["http", "connect", "socks", "udp"]}


@pytest.fixture(scope="module")
def world():
    program = shutil.which("v2ray")
    if program is None:
        pytest.skip("v2ray is not installed")
    with opened("v2ray", program) as world:
        yield world


@pytest.mark.parametrize("uid", [None, 0])
def test_no_pivot_gets_through(world, uid):
    """With uid 0 neither rules nor guard help: the policy alone refuses them."""
    asked = pivots()
    world.serve(EVERYTHING, uid=uid)
    before = world.hits()
    through = [one for one, said in zip(asked, world.tries(asked), strict=True) if said["through"]]
    assert through == []
    assert world.hits() == before


def test_the_tries_would_see_a_hole(world):
    """Control: the same tries where the rules that drop are gone."""
    asked = pivots()

    def without(text):
        document = json.loads(text)
        rules = document["routing"]["rules"]
        document["routing"]["rules"] = [r for r in rules if r["outboundTag"] != "drop"]
        return json.dumps(document)

    world.serve(EVERYTHING, change=without, uid=0)
    before = world.hits()
    said = world.tries(asked)
    through = [one for one, found in zip(asked, said, strict=True) if found["through"]]
    assert len(through) >= 60
    assert world.hits() - before >= 60
    assert {"get", "connect", "socks4", "socks5", "udp"} <= {one["way"] for one in through}


@pytest.mark.parametrize(
    ("protocols", "expected"),
    [
        (["http", "connect", "socks", "udp"], set(WAYS)),
        (["http", "connect"], {"http", "connect"}),
        (["socks"], {"socks", "socks4"}),
        (["udp"], {"udp"}),
    ],
)
def test_protocols(world, protocols, expected):
    world.serve({"protocols": protocols})
    assert served(world) == expected
    assert passed(world.one("get", host=FAR, port=8000, path="5", namespace=world.net.host))


def test_only_the_clients_of_the_policy(world):
    world.serve(EVERYTHING | {"clients": ["192.168.1.50/32"]})
    assert served(world) == set()
    world.serve(EVERYTHING | {"clients": ["192.168.1.1/32"]})
    assert served(world) == set(WAYS)


def test_denied_ports_and_networks(world):
    mail = {"way": "get", "host": FAR, "port": 25}
    letter = {"way": "udp", "host": FAR, "port": 25}
    other = {"way": "connect", "host": FAR, "port": 6001}
    world.serve(EVERYTHING)
    assert [one["through"] for one in world.tries([mail, other])] == [False, True]
    assert not passed(world.one(**letter))
    world.serve(EVERYTHING | {"denied_ports": ["6000-6063"]})
    assert [one["through"] for one in world.tries([mail, other])] == [True, False]
    assert passed(world.one(**letter))
    world.serve(EVERYTHING | {"denied_networks": ["203.0.113.8/29"]})
    assert not passed(world.one(**ECHO))
    assert served(world) == set()
