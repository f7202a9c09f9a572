# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a proxy listens: the farm's address, or another one of the host that its policy names."""

from ipaddress import IPv4Address, IPv4Network

import pytest

from modemfarm.apply.rules import host_changes, host_rules
from modemfarm.errors import InvalidValueError, SettingsError
from modemfarm.proxy import threeproxy, v2ray
from modemfarm.proxy.plan import proxy_plan
from modemfarm.proxy.policy import complete, listen_address
from modemfarm.settings import FarmSettings

FIRST, OTHER = IPv4Address("192.168.1.100"), IPv4Address("192.168.1.101")
FARM = {
    "version": 1, "host": "h", "engine": "threeproxy", "lan_address": str(FIRST),
    "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "nameservers": ["9.9.9.9"],
    "apn": "internet", "probe_url": "http://ip.lab.test/", "listen_addresses": [str(OTHER)],
}  # fmt: skip


def settings(**values):
    return FarmSettings.from_dict(FARM | values)


def test_the_farms_address_unless_a_policy_says_otherwise():
    farm = settings()
    assert complete(farm).listen == FIRST
    assert complete(farm, {"listen": str(OTHER)}).listen == OTHER
    everybody = settings(policy={"listen": str(OTHER)})
    assert complete(everybody).listen == OTHER
    assert complete(everybody, {"listen": str(FIRST)}).listen == FIRST


@pytest.mark.parametrize("value", ["192.168.1.102", "10.64.1.2", "127.0.0.1"])
def test_an_address_that_the_host_does_not_give_to_proxies_is_refused(value):
    with pytest.raises(InvalidValueError, match=rf"policy\.listen is '{value}'") as caught:
        complete(settings(), {"listen": value})
    assert "192.168.1.100, 192.168.1.101" in caught.value.remedy
    with pytest.raises(SettingsError, match=rf"policy\.listen is '{value}'"):
        settings(policy={"listen": value})


@pytest.mark.parametrize(
    "value",
    [["0.0.0.0"], ["224.0.0.1"], ["255.255.255.255"], ["192.168.1.100"], ["::1"], "192.168.1.101",
     ["192.168.1.101", "192.168.1.101"], [f"10.0.0.{n}" for n in range(1, 18)]],
)  # fmt: skip
def test_addresses_that_nobody_may_listen_on(value):
    with pytest.raises(SettingsError, match="listen_addresses is "):
        settings(listen_addresses=value)


def test_both_engines_listen_there_and_know_their_own_host_by_it():
    farm = settings()
    plan = proxy_plan(farm, farm.slot(1), {"listen": str(OTHER)})
    text = threeproxy.render(plan)
    assert threeproxy.places(text) == {(str(OTHER), "3128")}
    assert "allow * 192.168.1.101/32 * * HTTP" in text
    assert plan.own == IPv4Network(OTHER)
    farm = settings(engine="v2ray")
    text = v2ray.render(proxy_plan(farm, farm.slot(1), {"listen": str(OTHER)}))
    assert v2ray.places(text) == {(str(OTHER), "3128"), (str(OTHER), "4128")}


def test_replies_from_each_address_go_to_the_lan():
    """Without its rule, a reply from the other address would go into the modem's table."""
    sources = {rule.source for rule in host_rules(settings()) if rule.preference == 1000}
    assert sources == {str(FIRST), str(OTHER)}
    known = host_rules(settings(listen_addresses=[]))
    (change,) = host_changes(known, settings())
    assert (change.add, change.rule.source) == (True, str(OTHER))


def test_who_looks_knows_where_also_when_the_policy_does_not_fit():
    farm = settings()
    assert listen_address(farm, {"listen": str(OTHER), "clients": ["10.0.0.0/8"]}) == OTHER
    assert listen_address(farm, {"listen": "192.168.1.102"}) == FIRST
    assert listen_address(farm, {"listen": ["x"]}) == FIRST
    assert listen_address(farm, None) == FIRST
    assert listen_address(settings(policy={"listen": str(OTHER)}), {}) == OTHER
