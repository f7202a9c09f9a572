# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of proxy configurations, and the call of the check script."""

import json
import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from pathlib import Path

import pytest

from modemfarm.errors import ConfigRefusedError
from modemfarm.proxy import check, threeproxy, v2ray
from modemfarm.proxy.plan import ProxyPlan
from modemfarm.proxy.policy import Policy, PortRange
from modemfarm.proxy.users import User

POLICY = Policy(
    clients=(IPv4Network("192.168.1.0/24"), IPv4Network("10.8.0.0/16")),
    nameservers=(IPv4Address("203.0.113.53"),),
    max_connections=500,
    listen=IPv4Address("192.168.1.100"),
)
PLAN = ProxyPlan(
    listen=IPv4Address("192.168.1.100"),
    port=3128,
    socks_port=None,
    policy=POLICY,
    nameservers=POLICY.nameservers,
)
ALICE = User("alice", "$1$abcdefgh$FHsQzFVEadOmxdySyArRS/")
FROM = "192.168.1.0/24,10.8.0.0/16,192.168.1.100/32"


def with_values(**values):
    return replace(PLAN, **values)


def with_policy(users=(), **values):
    return replace(PLAN, policy=replace(POLICY, **values), users=users)


def lines_of(plan):
    return threeproxy.render(plan).splitlines()


def v2ray_rules(plan):
    document = json.loads(v2ray.render(replace(plan, socks_port=4128)))
    return document["routing"]["rules"]


def test_threeproxy_lines():
    lines = threeproxy.render(PLAN).splitlines()
    assert lines[-2] == "auto -p3128 -i192.168.1.100 -4 -ocTCP_NODELAY -osTCP_NODELAY"
    assert "nserver 203.0.113.53" in lines
    served = f"allow * {FROM} * * HTTP,HTTP_CONNECT,CONNECT"
    assert lines.index("deny *") > lines.index(served)
    assert "deny * * * 25,465,587" in lines
    assert "timeouts 1 5 30 60 180 1800 15 60 15 5 5" in lines
    assert "auth iponly" in lines
    assert "maxconn 600" in lines
    denied = next(line for line in lines if line.startswith("deny * * 0."))
    assert "127.0.0.0/8" in denied
    assert "192.168.1.100/32" not in denied


def test_no_option_that_chooses_an_uplink_by_itself():
    words = threeproxy.render(PLAN).split()
    assert not [word for word in words if word.startswith(("-e", "-D", "external", "parent"))]


def test_a_public_listen_address_is_no_target():
    text = threeproxy.render(with_values(listen=IPv4Address("198.51.100.7")))
    assert "224.0.0.0/3,198.51.100.7/32" in text


def test_too_many_name_servers():
    servers = tuple(IPv4Address(f"203.0.113.{n}") for n in range(1, 8))
    with pytest.raises(ConfigRefusedError, match="7 name servers"):
        threeproxy.render(with_values(nameservers=servers))


@pytest.mark.parametrize(
    "bad",
    ["system rm\n", "auto -p1\nsystem x\n", "\tauto\n", " auto\n", "log\x00\n", "plugin x\n",
     "nserver 1.1.1.1\r\n", "allow ünï\n", "log\n\nauto\n"],
)  # fmt: skip
def test_foreign_commands_and_characters_are_refused(bad):
    with pytest.raises(ConfigRefusedError, match=r"line \d"):
        threeproxy.refuse_foreign(bad)


def test_v2ray_document():
    document = json.loads(v2ray.render(with_values(socks_port=4128)))
    assert [(i["protocol"], i["listen"], i["port"]) for i in document["inbounds"]] == [
        ("http", "192.168.1.100", 3128),
        ("socks", "192.168.1.100", 4128),
    ]
    assert document["outbounds"][0]["protocol"] == "blackhole"
    names, private, mail, own, web, socks = document["routing"]["rules"]
    assert names["inboundTag"] == [document["dns"]["tag"]]
    assert (private["outboundTag"], mail["outboundTag"]) == ("drop", "drop")
    assert own["source"] == ["192.168.1.100/32"]
    assert (web["inboundTag"], socks["inboundTag"]) == (["http"], ["socks"])
    assert socks["network"] == "tcp"
    assert {"::/8", "fc00::/7", "fe80::/10"} <= set(private["ip"])
    # Else every name with an AAAA record would be refused: seen in the lab host.
    v6 = [net for net in map(ip_network, private["ip"]) if isinstance(net, IPv6Network)]
    assert not any(net.overlaps(ip_network("2001:db8::/32")) for net in v6)
    assert web["source"] == socks["source"] == FROM.split(",")


def test_v2ray_needs_a_second_port():
    with pytest.raises(ConfigRefusedError):
        v2ray.render(PLAN)


def test_the_check_is_the_one_of_the_units():
    assert check.command(Path("/etc/modemfarm/proxy/.new-1.cfg")) == (
        "/usr/libexec/modemfarm/proxy-check", "/etc/modemfarm/proxy/.new-1.cfg",
    )  # fmt: skip


def test_the_documented_commands_are_all_that_is_written():
    plan = with_policy(users=(ALICE,), down_kbits=8, up_kbits=8, new_connections_per_minute=1)
    used = {line.split(" ")[0] for line in lines_of(plan)[1:]}
    assert used == threeproxy.COMMANDS


def test_the_script_of_the_units_knows_the_same_commands():
    folder = Path(__file__).parents[4] / "roles/threeproxy/templates/usr/libexec/modemfarm"
    script = (folder / "proxy-check.j2").read_text()
    (found,) = re.findall(r"^commands='([a-z|]+)'$", script, re.MULTILINE)
    assert set(found.split("|")) == threeproxy.COMMANDS


@pytest.mark.parametrize(
    ("protocols", "words"),
    [
        (("http",), "HTTP"),
        (("connect", "udp"), "HTTP_CONNECT,UDPASSOC"),
        (("http", "connect", "socks", "udp"), "HTTP,HTTP_CONNECT,CONNECT,UDPASSOC"),
    ],
)
def test_protocols_are_operations(protocols, words):
    lines = lines_of(with_policy(protocols=protocols))
    assert f"allow * {FROM} * * {words}" in lines
    assert "allow * 192.168.1.100/32 * * HTTP" in lines  # our own look at the port


def test_users_are_asked_for_a_password_and_we_are_not():
    lines = lines_of(_with_users(ALICE))
    assert f'users "alice:CR:{ALICE.digest}"' in lines
    assert "auth iponly strong" in lines
    assert f"allow alice {FROM} * * HTTP,HTTP_CONNECT,CONNECT" in lines
    assert not [line for line in lines if line.startswith(f"allow * {FROM}")]


def test_nobody_gets_in_where_all_users_have_expired():
    lines = lines_of(_with_users())
    assert [line for line in lines if line.startswith("allow")] == [
        "allow * 192.168.1.100/32 * * HTTP"
    ]


def _with_users(*users):
    return replace(PLAN, policy=replace(POLICY, users=("alice",)), users=users)


def test_a_hash_is_not_shown():
    text = threeproxy.render(_with_users(ALICE))
    assert ALICE.digest in text
    assert "$1$" not in threeproxy.shown(text)
    assert 'users "alice:(hash)"' in threeproxy.shown(text)
    assert threeproxy.shown(text).count("\n") == text.count("\n")


def test_limits():
    lines = lines_of(
        with_policy(down_kbits=8000, up_kbits=64, new_connections_per_minute=90, max_connections=7)
    )
    own = f"{PLAN.listen}/32"
    assert lines[-10:-2] == [
        f"noconnlim * {own}", f"nobandlimin * {own}", f"nobandlimout * {own}",
        "connlim 7 0 *", "connlim 90 60 *", "bandlimin 8000000 *", "bandlimout 64000 *",
        "maxconn 107",
    ]  # fmt: skip


def test_what_is_logged():
    (line,) = [line for line in lines_of(PLAN) if line.startswith("logformat")]
    assert '""host"":""%n""' in line
    assert "%T" not in line
    (line,) = [line for line in lines_of(with_policy(log_hosts=False)) if "logformat" in line]
    assert "%n" not in line
    assert "%R" not in line
    (line,) = [line for line in lines_of(with_policy(log_paths=True)) if "logformat" in line]
    assert '""req"":""%T""' in line


def test_denied_ports_and_networks():
    plan = with_policy(
        denied_ports=(PortRange(22, 22), PortRange(6000, 6063)),
        denied_networks=(IPv4Network("203.0.113.0/24"), IPv4Network("10.1.0.0/16")),
    )
    lines = lines_of(plan)
    assert "deny * * * 22,6000-6063" in lines
    (targets,) = [line for line in lines if line.startswith("deny * * 0.")]
    assert targets.endswith(",203.0.113.0/24")  # the other one is denied anyway
    rules = v2ray_rules(plan)
    assert rules[2]["port"] == "22,6000-6063"
    assert "203.0.113.0/24" in rules[1]["ip"]
    none = with_policy(denied_ports=())
    assert not [line for line in lines_of(none) if line.startswith("deny * * * 2")]
    assert not [rule for rule in v2ray_rules(none) if "port" in rule]


def test_protocols_of_v2ray_are_inbounds():
    plan = replace(with_policy(protocols=("http", "connect", "udp")), socks_port=4128)
    served = {(rule["inboundTag"][0], rule["network"]) for rule in v2ray_rules(plan)[4:]}
    assert served == {("http", "tcp"), ("socks", "udp")}
    inbounds = json.loads(v2ray.render(plan))["inbounds"]
    assert inbounds[1]["settings"] == {"auth": "noauth", "udp": True, "ip": "192.168.1.100"}
