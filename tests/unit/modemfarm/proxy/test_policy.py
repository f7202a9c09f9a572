# SPDX-License-Identifier: GPL-3.0-or-later
"""What a policy may say: each value at its entrance, and what goes together."""

from ipaddress import IPv4Address, IPv4Network

import pytest

from modemfarm.errors import InvalidValueError, SettingsError
from modemfarm.proxy import policy
from modemfarm.proxy.plan import proxy_plan
from modemfarm.proxy.policy import FIELDS, PortRange, checked, complete, document_of, parse
from modemfarm.proxy.words import assignment, text_of
from modemfarm.settings import FarmSettings

FARM = {
    "version": 1, "host": "h", "engine": "threeproxy", "lan_address": "192.168.1.100",
    "lan_interface": "lan0", "clients": ["192.168.0.0/16", "10.8.0.0/24"],
    "nameservers": ["9.9.9.9"], "apn": "internet", "probe_url": "http://ip.lab.test/",
}  # fmt: skip


def settings(**values):
    return FarmSettings.from_dict(FARM | values)


BAD = [
    ("clients", []), ("clients", "192.168.1.0/24"), ("clients", ["192.168.1.1/24"]),
    ("clients", ["192.168.1.0/33"]), ("clients", ["::/0"]), ("clients", ["192.168.1.0/24\nsystem"]),
    ("clients", ["192.168.1.0/24", "192.168.1.128/25"]), ("clients", [3232235776]),
    ("nameservers", []), ("nameservers", "9.9.9.9"), ("nameservers", ["9.9.9"]),
    ("nameservers", ["127.0.0.53"]), ("nameservers", ["0.0.0.0"]), ("nameservers", ["224.0.0.1"]),
    ("nameservers", ["255.255.255.255"]), ("nameservers", ["169.254.1.1"]),
    ("nameservers", ["9.9.9.9"] * 6), ("nameservers", ["2620:fe::fe"]),
    ("max_connections", 0), ("max_connections", 10_001), ("max_connections", "500"),
    ("max_connections", True), ("max_connections", 1.0),
    ("protocols", []), ("protocols", ["https"]), ("protocols", ["http", "http"]),
    ("protocols", "http"), ("protocols", [{}]),
    ("users", ["Alice"]), ("users", ["-"]), ("users", ["a b"]), ("users", ['a"b']),
    ("users", ["a:b"]), ("users", ["a,b"]), ("users", ["a" * 33]), ("users", ["a", "a"]),
    ("users", [""]), ("users", ["a\n"]), ("users", ["ä"]),
    ("denied_ports", [0]), ("denied_ports", [65536]), ("denied_ports", [99999]),
    ("denied_ports", [-1]), ("denied_ports", ["25-"]), ("denied_ports", ["6063-6000"]),
    ("denied_ports", [25, "20-30"]), ("denied_ports", ["1-70000"]), ("denied_ports", [True]),
    ("denied_ports", 25), ("denied_ports", ["25"]), ("denied_ports", list(range(1, 66))),
    ("denied_networks", ["10.0.0.0/8", "10.1.0.0/16"]), ("denied_networks", ["fe80::/10"]),
    ("down_kbits", 7), ("down_kbits", -1), ("down_kbits", 1_000_001), ("down_kbits", "fast"),
    ("down_kbits", False), ("up_kbits", 100_001), ("new_connections_per_minute", 4096),
    ("soft_day_mb", -1), ("soft_day_mb", "5 GB"), ("hard_day_mb", 1_000_000_001),
    ("soft_month_mb", 1.5), ("hard_month_mb", True),
    ("connect_s", 0), ("dns_s", 61), ("idle_http_s", 4), ("idle_stream_s", 86_401),
    ("log_hosts", 1), ("log_paths", "yes"), ("listen", "0.0.0.0"), ("listen", "::1"),
    ("listen", ["192.168.1.100"]), ("listen", "192.168.1"), ("listen", None), ("listen", "lan0"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_named_with_field_and_what_is_allowed(name, value):
    with pytest.raises(InvalidValueError, match=rf"^policy\.{name} is ") as caught:
        parse({name: value})
    assert caught.value.remedy.startswith("allowed: ")
    with pytest.raises(SettingsError, match=rf"^policy\.{name} is "):
        settings(policy={name: value})


def test_every_field_has_bad_values():
    assert {name for name, _ in BAD} == set(FIELDS)


def test_an_unknown_field_and_no_object():
    with pytest.raises(InvalidValueError, match="field name in policy is 'listens'"):
        parse({"listens": "1.2.3.4"})
    with pytest.raises(InvalidValueError, match=r"^policy is"):
        parse([])
    with pytest.raises(InvalidValueError, match="size of policy"):
        checked({
            "users": [f"a{n:030}" for n in range(64)],
            "denied_networks": [f"203.0.{n}.128/25" for n in range(64)],
            "clients": [f"198.51.{n}.128/25" for n in range(64)],
        })  # fmt: skip


def test_one_spelling():
    said = {
        "denied_ports": ["6000-6063", 25], "protocols": ["socks", "http"],
        "nameservers": "carrier", "clients": ["10.8.0.0/255.255.255.0"],
    }  # fmt: skip
    assert checked(said) == {
        "clients": ["10.8.0.0/24"], "nameservers": "carrier", "protocols": ["http", "socks"],
        "denied_ports": [25, "6000-6063"],
    }  # fmt: skip
    assert checked(checked(said)) == checked(said)


def test_layers():
    farm = settings(max_connections=77, policy={"down_kbits": 8000, "denied_ports": []})
    whole = complete(farm)
    assert (whole.max_connections, whole.down_kbits, whole.denied_ports) == (77, 8000, ())
    assert whole.clients == farm.clients
    own = complete(farm, {"down_kbits": 0, "clients": ["10.8.0.7/32"], "denied_ports": [22]})
    assert (own.max_connections, own.down_kbits) == (77, 0)
    assert own.clients == (IPv4Network("10.8.0.7/32"),)
    assert own.denied_ports == (PortRange(22, 22),)
    assert complete(farm, document_of(own)) == own


def test_the_default_is_what_a_farm_without_a_policy_did():
    whole = complete(settings())
    assert whole.protocols == ("http", "connect", "socks")
    assert [str(item) for item in whole.denied_ports] == ["25", "465", "587"]
    assert (whole.users, whole.down_kbits, whole.up_kbits, whole.log_paths) == ((), 0, 0, False)


def test_clients_of_a_modem_are_some_of_the_farm():
    """The guard lets nobody else in, so more would be a promise that nothing keeps."""
    with pytest.raises(InvalidValueError, match=r"policy\.clients is '172\.16\.0\.0/12'"):
        complete(settings(), {"clients": ["172.16.0.0/12"]})
    with pytest.raises(InvalidValueError, match=r"policy\.clients is '10\.8\.0\.0/16'"):
        complete(settings(), {"clients": ["10.8.0.0/16"]})


def test_paths_are_not_logged_without_hosts():
    with pytest.raises(InvalidValueError, match="log_paths"):
        complete(settings(), {"log_hosts": False, "log_paths": True})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("users", ["alice"]), ("down_kbits", 8000), ("up_kbits", 8000),
        ("new_connections_per_minute", 5), ("max_connections", 10), ("connect_s", 5),
        ("dns_s", 5), ("idle_http_s", 60), ("log_hosts", False), ("log_paths", True),
        ("protocols", ["http"]), ("protocols", ["connect", "socks"]),
    ],
)  # fmt: skip
def test_v2ray_refuses_what_it_cannot_do(name, value):
    complete(settings(), {name: value})
    with pytest.raises(InvalidValueError, match=rf"policy\.{name} is ") as caught:
        complete(settings(engine="v2ray"), {name: value})
    assert "v2ray" in caught.value.remedy
    with pytest.raises(SettingsError, match=rf"policy\.{name} is "):
        settings(engine="v2ray", policy={name: value})


def test_v2ray_takes_what_it_can():
    own = {
        "protocols": ["http", "connect", "udp"], "clients": ["10.8.0.0/24"], "idle_stream_s": 60,
        "denied_ports": [25, "6000-6063"], "denied_networks": ["203.0.113.0/24"],
        "nameservers": ["9.9.9.9"], "users": [], "down_kbits": 0,
    }  # fmt: skip
    assert complete(settings(engine="v2ray"), own).idle_stream_s == 60


def test_name_servers_of_the_carrier():
    farm = settings()
    slot, own = farm.slot(1), {"nameservers": "carrier"}
    carrier = tuple(IPv4Address(f"10.64.0.{n}") for n in range(1, 8))
    known = proxy_plan(farm, slot, own, carrier=carrier)
    assert known.nameservers == carrier[: policy.MAX_NAMESERVERS]
    assert proxy_plan(farm, slot, own).nameservers == farm.nameservers  # not known yet
    assert proxy_plan(farm, slot, {}, carrier=carrier).nameservers == farm.nameservers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("down_kbits=20000", 20000), ("log_paths=on", True), ("nameservers=carrier", "carrier"),
        ("denied_ports=25,6000-6063", [25, "6000-6063"]), ("denied_ports=", []),
        ("clients=10.8.0.0/24, 10.9.0.0/24", ["10.8.0.0/24", "10.9.0.0/24"]),
        ("protocols=http", ["http"]), ("users=", []),
    ],
)  # fmt: skip
def test_words(text, value):
    name, found = assignment(text)
    assert found == value
    assert checked({name: found}) == {name: value}
    assert assignment(f"{name}={text_of(value)}") == (name, value)


@pytest.mark.parametrize(
    "text", ["down_kbits", "listen=1", "down_kbits=1e9", "log_paths=maybe", "denied_ports=99999"]
)
def test_bad_words(text):
    with pytest.raises(InvalidValueError):
        parse(dict([assignment(text)]))
