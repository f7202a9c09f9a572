# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of proxy configurations, and the call of the check script."""

import json
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from pathlib import Path

import pytest

from modemfarm.errors import ConfigRefusedError
from modemfarm.proxy import check, threeproxy, v2ray
from modemfarm.proxy.plan import ProxyPlan

PLAN = ProxyPlan(
    listen=IPv4Address("192.168.1.100"),
    port=3128,
    socks_port=None,
    clients=(IPv4Network("192.168.1.0/24"), IPv4Network("10.8.0.0/16")),
    nameservers=(IPv4Address("203.0.113.53"),),
    max_connections=500,
)


def with_values(**values):
    fields = ("listen", "port", "socks_port", "clients", "nameservers", "max_connections")
    return ProxyPlan(**({name: getattr(PLAN, name) for name in fields} | values))


def test_threeproxy_lines():
    lines = threeproxy.render(PLAN).splitlines()
    assert lines[-2] == "auto -p3128 -i192.168.1.100 -4 -ocTCP_NODELAY -osTCP_NODELAY"
    assert "nserver 203.0.113.53" in lines
    assert "allow * 192.168.1.0/24,10.8.0.0/16,192.168.1.100/32" in lines
    assert lines.index("deny *") > lines.index(
        "allow * 192.168.1.0/24,10.8.0.0/16,192.168.1.100/32"
    )
    assert "deny * * * 25,465,587" in lines
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
    names, private, mail, clients = document["routing"]["rules"]
    assert names["inboundTag"] == [document["dns"]["tag"]]
    assert (private["outboundTag"], mail["outboundTag"]) == ("drop", "drop")
    assert {"::/8", "fc00::/7", "fe80::/10"} <= set(private["ip"])
    # Else every name with an AAAA record would be refused: seen in the lab host.
    v6 = [net for net in map(ip_network, private["ip"]) if isinstance(net, IPv6Network)]
    assert not any(net.overlaps(ip_network("2001:db8::/32")) for net in v6)
    assert clients["source"][-1] == "192.168.1.100/32"


def test_v2ray_needs_a_second_port():
    with pytest.raises(ConfigRefusedError):
        v2ray.render(PLAN)


def test_the_check_is_the_one_of_the_units():
    assert check.command(Path("/etc/modemfarm/proxy/.new-1.cfg")) == (
        "/usr/libexec/modemfarm/proxy-check", "/etc/modemfarm/proxy/.new-1.cfg",
    )  # fmt: skip


def test_the_documented_commands_are_all_that_is_written():
    used = {line.split(" ")[0] for line in threeproxy.render(PLAN).splitlines()[1:]}
    assert used == threeproxy.COMMANDS
