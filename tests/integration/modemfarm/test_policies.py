# SPDX-License-Identifier: GPL-3.0-or-later
"""Each value of a policy in the real 3proxy: on, off, and that it is what did it."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from modemfarm.proxy.users import User, make_hash

from .policy_world import FAR, LAN, opened, pivots

PASSWORD = "correct horse battery"
ECHO = {"way": "udp", "host": FAR, "port": 7}


@pytest.fixture(scope="module")
def world(threeproxy):
    with opened("threeproxy", threeproxy) as world:
        yield world


# No way in to what no client may reach.


def test_no_pivot_gets_through(world):
    asked = pivots()
    assert len(asked) >= 60
    world.serve({"protocols": ["http", "connect", "socks", "udp"]})
    before = world.hits()
    through = [one for one, said in zip(asked, world.tries(asked), strict=True) if said["through"]]
    assert through == []
    assert world.hits() == before


def test_no_pivot_gets_through_without_rules_and_guard(world):
    """The policy alone refuses them: uid 0 goes where the host goes."""
    asked = pivots()
    world.serve({"protocols": ["http", "connect", "socks", "udp"]}, uid=0)
    before = world.hits()
    through = [one for one, said in zip(asked, world.tries(asked), strict=True) if said["through"]]
    assert through == []
    assert world.hits() == before


def test_the_tries_would_see_a_hole(world):
    """Control: the same tries where the lines that deny are gone."""
    asked = pivots()

    def without(text):
        kept = [line for line in text.splitlines() if not line.startswith("deny")]
        return "\n".join(kept) + "\n"

    world.serve({"protocols": ["http", "connect", "socks", "udp"]}, change=without, uid=0)
    before = world.hits()
    said = world.tries(asked)
    through = [one for one, found in zip(asked, said, strict=True) if found["through"]]
    assert len(through) >= 60
    assert world.hits() - before >= 60
    assert {one["way"] for one in through} == {
        "get", "plain", "connect", "socks4", "socks5", "udp", "sni",
    }  # fmt: skip
    assert [one for one in through if one.get("first")]


# Protocols.

WAYS = {
    "http": {"way": "get", "host": FAR, "port": 8000, "path": "5"},
    "connect": {"way": "connect", "host": FAR, "port": 8000},
    "socks": {"way": "socks5", "host": FAR, "port": 8000},
    "socks4": {"way": "socks4", "host": "www.test", "port": 8000},
    "udp": ECHO,
}


def passed(found):
    return found["said"].endswith(("xx", "echo hello"))


def served(world):
    found = world.tries(list(WAYS.values()))
    return {name for name, said in zip(WAYS, found, strict=True) if passed(said)}


@pytest.mark.parametrize(
    ("protocols", "expected"),
    [
        (["http", "connect", "socks", "udp"], set(WAYS)),
        (["http"], {"http"}),
        (["connect"], {"connect"}),
        (["socks"], {"socks", "socks4"}),
        (["udp"], {"udp"}),
        (["http", "socks"], {"http", "socks", "socks4"}),
    ],
)
def test_protocols_on_one_port(world, protocols, expected):
    world.serve({"protocols": protocols})
    assert served(world) == expected
    # What looks after the port is served in any case: it is this host.
    assert passed(world.one("get", host=FAR, port=8000, path="5", namespace=world.net.host))


def test_other_methods_are_http(world):
    world.serve({"protocols": ["http"]})
    assert world.one("put", host=FAR, port=8000, size=10)["said"].endswith("done")
    world.serve({"protocols": ["connect"]})
    assert "403" in world.one("put", host=FAR, port=8000, size=10)["said"]


def test_ftp_is_refused(world):
    world.serve({})
    assert "403" in world.one("get", scheme="ftp", host=FAR, port=8000)["said"]


# Who.


def test_only_the_clients_of_the_policy(world):
    world.serve({"clients": ["192.168.1.50/32"]})
    assert "403" in world.one("get", host=FAR, port=8000, path="5")["said"]  # 192.168.1.1
    world.serve({"clients": ["192.168.1.1/32"]})
    assert passed(world.one("get", host=FAR, port=8000, path="5"))


def users(**expires):
    digest = make_hash(PASSWORD)
    return {name: User(name, digest, until) for name, until in expires.items()}


LOGINS = [
    {"way": "get", "host": FAR, "port": 8000, "path": "5"},
    {"way": "connect", "host": FAR, "port": 8000},
    {"way": "socks5", "host": FAR, "port": 8000},
    ECHO,
]


def logins(world, user):
    found = world.tries([one | ({"user": user} if user else {}) for one in LOGINS])
    return [passed(said) for said in found]


def test_users_log_in_by_each_protocol(world):
    own = {"users": ["alice"], "protocols": ["http", "connect", "socks", "udp"]}
    world.serve(own, users(alice=None))
    assert logins(world, f"alice:{PASSWORD}") == [True] * 4
    assert logins(world, f"alice:{PASSWORD}x") == [False] * 4
    assert logins(world, f"bob:{PASSWORD}") == [False] * 4
    assert logins(world, f"-:{PASSWORD}") == [False] * 4
    assert logins(world, None) == [False] * 4
    assert "407" in world.one("get", host=FAR, port=8000)["said"]
    assert not passed(world.one("socks4", host="www.test", port=8000))  # it has no passwords
    # Nobody else's login, and still no pivot.
    assert passed(world.one("get", host=FAR, port=8000, path="5", namespace=world.net.host))
    assert "403" in world.one("get", host=LAN, port=8443, user=f"alice:{PASSWORD}")["said"]


def test_a_login_is_from_the_clients_only(world):
    own = {"users": ["alice"], "clients": ["192.168.1.50/32"]}
    world.serve(own, users(alice=None))
    assert logins(world, f"alice:{PASSWORD}") == [False] * 4


def test_a_user_whose_time_is_over_is_out(world):
    now = datetime.now(UTC)
    known = users(alice=now + timedelta(hours=1), bob=now - timedelta(seconds=1))
    world.serve({"users": ["alice", "bob"]}, known)
    assert logins(world, f"alice:{PASSWORD}")[:3] == [True] * 3
    assert logins(world, f"bob:{PASSWORD}") == [False] * 4
    world.serve({"users": ["bob"]}, known)  # nobody is left: that does not open the port
    assert logins(world, f"bob:{PASSWORD}") == [False] * 4
    assert logins(world, None) == [False] * 4


# Where to.


def test_denied_ports(world):
    mail = {"way": "get", "host": FAR, "port": 25}
    other = {"way": "connect", "host": FAR, "port": 6001}
    letter = {"way": "udp", "host": FAR, "port": 25}
    udp = {"protocols": ["http", "connect", "socks", "udp"]}
    world.serve(udp)
    assert [one["through"] for one in world.tries([mail, other])] == [False, True]
    assert not passed(world.one(**letter))
    world.serve(udp | {"denied_ports": ["6000-6063"]})
    assert [one["through"] for one in world.tries([mail, other])] == [True, False]
    assert passed(world.one(**letter))


def test_denied_networks(world):
    world.serve({"denied_networks": ["203.0.113.8/29"]})
    found = world.tries([WAYS["http"], WAYS["http"] | {"host": "www.test"}, WAYS["socks4"]])
    assert [passed(one) for one in found] == [False] * 3
    world.serve({"denied_networks": ["203.0.113.128/25"]})
    assert passed(world.one(**WAYS["http"]))


# How much.


def test_a_download_is_as_fast_as_the_policy_says(world):
    world.serve({})
    free = world.one("get", host=FAR, port=8000, path="1000000")
    world.serve({"down_kbits": 4000})
    slow = world.tries([{"way": "get", "host": FAR, "port": 8000, "path": "500000"}] * 2)
    assert free["seconds"] < 1.4
    # 1 MB of two connections together at 500 kB/s; the last of each is still in buffers.
    assert 1.5 < max(one["seconds"] for one in slow) < 8.0
    assert all(one["size"] > 500_000 for one in slow)


def test_an_upload_is_as_fast_as_the_policy_says(world):
    world.serve({})
    free = world.one("put", host=FAR, port=8000, size=1_000_000)
    world.serve({"up_kbits": 4000})
    slow = world.one("put", host=FAR, port=8000, size=1_000_000)
    assert free["said"].endswith("done")
    assert free["seconds"] < 1.4
    assert slow["said"].endswith("done")
    assert 1.5 < slow["seconds"] < 8.0


def test_connections_at_the_same_time(world):
    world.serve({"max_connections": 3})
    with world.tunnel(FAR, 8000), world.tunnel(FAR, 8000):
        with world.tunnel(FAR, 8000) as ask:
            assert "503" in world.one(**WAYS["http"])["said"]
            assert not passed(world.one(**WAYS["socks"]))
            assert passed(world.one("get", host=FAR, port=8000, path="5", namespace=world.net.host))
            assert ask() == "xx"  # and ends
        world.until(lambda: passed(world.one(**WAYS["http"])))
    world.until(lambda: len([one for one in world.tries([WAYS["http"]] * 3) if passed(one)]) == 3)


def test_new_connections_a_minute(world):
    """It counts anew at its main loop's first turn, so at most twice as many are served."""
    asked = [WAYS["http"]] * 16
    world.serve({})
    assert sum(passed(one) for one in world.tries(asked)) == 16
    world.serve({"new_connections_per_minute": 5})
    assert 5 <= sum(passed(one) for one in world.tries(asked)) <= 11


def test_an_idle_stream_ends(world):
    own = {"idle_stream_s": 5}
    world.serve(own)
    began = time.monotonic()
    said = world.net.sh(
        world.net.lan, "python3", "-c",
        f"import socket; s=socket.create_connection(('{LAN}',3128)); "
        f"s.sendall(b'CONNECT {FAR}:8000 HTTP/1.0\\r\\n\\r\\n'); s.settimeout(20); s.recv(99); "
        "print(s.recv(9))",
    )  # fmt: skip
    assert said == "b''"
    assert 4.0 < time.monotonic() - began < 20.0


# What is logged.


def test_the_log_has_no_path_unless_it_is_asked_for(world):
    secret = {"way": "get", "host": "www.test", "port": 8000, "path": "token-1234/5"}
    for own, host, path in (
        ({}, True, False),
        ({"log_paths": True}, True, True),
        ({"log_hosts": False}, False, False),
    ):
        world.serve(own)
        assert passed(world.one(**secret))
        world.until(lambda: world.lines())
        (line,) = world.lines()
        assert (line["cli"], line["err"], line["port"]) == ("192.168.1.1", "00000", 3128)
        assert line["in"] >= 5
        assert (line.get("host") == "www.test") is host
        assert ("token-1234" in world.log.read_text()) is path


def test_hostile_words_stay_one_line_of_json(world):
    world.serve({"log_paths": True, "users": ["alice"]}, users(alice=None))
    for path in ('a"b\\c', "x\x01\x7f", "{}" * 50, "'; rm -rf"):
        world.one("get", host="www.test", port=8000, path=path, user='a"b\\\n:x')
    world.until(lambda: len(world.lines()) == 4)
    assert {line["err"] for line in world.lines()} <= {"00005", "00004", "00001"}


# Reload.


def test_a_reload_brings_the_new_policy_and_keeps_streams(world):
    everything = {"protocols": ["http", "connect", "socks", "udp"]}
    world.serve({"protocols": ["http", "connect"], "denied_ports": [6001]})
    with world.tunnel(FAR, 8000) as ask:
        world.reload(everything | {"users": ["alice"]}, users(alice=None))
        # For a moment old and new listener take turns.
        asked = {"way": "connect", "host": FAR, "port": 6001}
        world.until(lambda: world.one(**asked, user=f"alice:{PASSWORD}")["through"])
        world.until(lambda: "407" in world.one(**asked)["said"])
        world.reload(everything)
        world.until(lambda: served(world) == set(WAYS))
        assert ask() == "xx"
    assert world.process.poll() is None
