# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules and guard as the plan makes them, with the kernel's own routing: nothing may leak."""

import json
from dataclasses import replace

import pytest

from modemfarm.apply.host import Host
from modemfarm.apply.networkmanager import NmDevice, NmState
from modemfarm.apply.verify import mismatch, twin
from modemfarm.errors import PermanentError

from .conftest import inside


def view(net, uid, address="203.0.113.10"):
    """What a process of `uid` on the host sees of the Internet."""
    return net.tool(net.host, "get", address, 80, uid=uid)


def test_each_uid_leaves_by_its_own_modem(farm):
    net, targets = farm
    assert view(net, 61001) == "200 one 10.64.1.2"
    assert view(net, 61002) == "200 two 10.64.2.2"
    assert view(net, None) == "200 lan 192.168.1.100"
    assert net.converge(*targets) == []


@pytest.mark.parametrize(
    "loss",
    [
        ("ip", "route", "flush", "table", "1001"),
        ("ip", "link", "set", "wwan0", "down"),
        ("ip", "link", "delete", "wwan0"),
        ("ip", "rule", "delete", "pref", "2001"),
    ],
)
def test_a_lost_modem_refuses_and_does_not_leak(farm, loss):
    net, _ = farm
    net.sh(net.host, *loss)
    assert view(net, 61001).split()[0] in ("OSError", "TimeoutError", "ConnectionRefusedError")
    assert view(net, 61002) == "200 two 10.64.2.2"


def test_without_any_rule_the_guard_still_holds_and_the_plan_repairs(farm):
    net, targets = farm
    net.sh(net.host, "ip", "rule", "flush")
    net.sh(net.host, "ip", "rule", "add", "pref", "32766", "lookup", "main")
    assert "lan" not in view(net, 61001)
    assert net.converge(*targets) == ["rule", "rule", "rule"]
    assert view(net, 61001) == "200 one 10.64.1.2"


def test_swapped_uplinks_are_blocked_until_the_guard_follows(farm):
    net, (one, two) = farm
    net.route(1001, "wwan1", "10.64.2.1")
    assert "two" not in view(net, 61001)
    swapped = (replace(one, usb=two.usb), replace(two, usb=one.usb))
    assert net.converge(*swapped) == ["guard", "guard"]
    assert view(net, 61001) == "200 two 10.64.2.2"
    assert net.api.read_guard() == {(61001, "wwan1"), (61002, "wwan0")}


def test_ipv6_has_no_way_out(farm):
    net, _ = farm
    assert view(net, None, "2001:db8::10") == "200 lan fd00:1::2"
    assert view(net, 61001, "2001:db8::10").split()[0] == "OSError"


def test_a_stranger_in_the_slots_place_is_removed(farm):
    net, targets = farm
    net.sh(net.host, "ip", "rule", "delete", "pref", "2001")
    net.sh(net.host, "ip", "rule", "add", "pref", "2001", "uidrange", "61001-61001",
           "lookup", "1002")  # fmt: skip
    assert net.converge(*targets) == ["rule"]
    rules = [rule for rule in net.api.read_rules() if rule.preference == 2001]
    assert [rule.table for rule in rules] == [1001]
    assert view(net, 61001) == "200 one 10.64.1.2"


def test_an_absent_modem_has_no_element(farm):
    net, (one, two) = farm
    gone = replace(one, record=replace(one.record, present=False), usb=None)
    assert net.converge(gone, two) == ["guard"]
    assert net.api.read_guard() == {(61002, "wwan1")}
    assert "one" not in view(net, 61001)


def test_verification_reads_the_kernel(farm):
    net, (one, _) = farm
    kernel = net.api.read_kernel()
    assert one.usb is not None
    network = NmState({"cdc-wdm0": NmDevice("cdc-wdm0", "/1", 100, "wwan0", "x")})
    lan = (net.settings.lan_address,)
    assert mismatch(one.slot, one.usb, network, kernel, lan) is None
    wrong = mismatch(net.settings.slot(2), one.usb, network, kernel, lan)
    assert wrong == "table 1002 leads to wwan1, not to wwan0"
    net.sh(net.host, "ip", "route", "add", "default", "dev", "wwan0", "metric", "700")
    wrong = mismatch(one.slot, one.usb, network, net.api.read_kernel(), lan)
    assert wrong == "the main table has a default route through wwan0"


def test_netlink_agrees_with_ip(farm):
    net, _ = farm
    rules = json.loads(net.sh(net.host, "ip", "-N", "-j", "rule"))
    seen = {rule.preference: rule for rule in net.api.read_rules() if rule.family == 4}
    assert {row["priority"] for row in rules} == set(seen)
    for row in rules:
        rule = seen[row["priority"]]
        assert (row["src"], row.get("table")) == (rule.source, rule.table and str(rule.table))
        assert (row.get("uid_start"), row.get("uid_end")) == (rule.uids or (None, None))
        assert (row.get("action") in ("7", "unreachable")) is rule.unreachable
    routes = json.loads(net.sh(net.host, "ip", "-N", "-j", "-4", "route", "show", "table", "all"))
    defaults = {
        (int(row.get("table", 254)), row["dev"]) for row in routes if row["dst"] == "default"
    }
    assert net.api.read_kernel().defaults == defaults


def test_rules_of_others_are_not_mistaken_for_ours(farm):
    net, targets = farm
    net.sh(net.host, "ip", "rule", "delete", "pref", "2001")
    net.sh(net.host, "ip", "rule", "add", "pref", "2001", "fwmark", "7", "uidrange",
           "61001-61001", "lookup", "1001")  # fmt: skip
    assert net.converge(*targets) == ["rule"]
    assert view(net, 61001) == "200 one 10.64.1.2"
    assert sum(rule.preference == 2001 for rule in net.api.read_rules()) == 2


@pytest.mark.parametrize(
    "loss",
    [
        ("flush", "ruleset"),
        ("delete", "table", "inet", "modemfarm_guard"),
        ("flush", "chain", "inet", "modemfarm_guard", "output"),
        ("flush", "chain", "inet", "modemfarm_guard", "uplink"),
    ],
)
def test_a_guard_that_was_taken_away_is_seen(farm, loss):
    net, _ = farm
    assert net.api.read_guard() == {(61001, "wwan0"), (61002, "wwan1")}
    net.sh(net.host, "nft", *loss)
    with pytest.raises(PermanentError, match="cannot read the guard"):
        net.api.read_guard()


def test_what_the_guard_refuses_is_counted(farm):
    net, _ = farm
    before = net.api.read_guard_drops()
    assert before.keys() == {"uplink"}
    net.sh(net.host, "nft", "flush", "set", "inet", "modemfarm_guard", "uplinks")
    assert not view(net, 61001).startswith("200")
    assert net.api.read_guard_drops()["uplink"] > before["uplink"]
    net.sh(net.host, "nft", "flush", "ruleset")
    assert net.api.read_guard_drops() == {}


def test_two_modems_with_one_address_leave_by_their_own(farm):
    """Carriers behind NAT give the same address twice; tables and guard do not go by address."""
    net, (one, two) = farm
    net.sh(net.host, "ip", "address", "add", "10.64.1.2/30", "dev", "wwan1", "noprefixroute")
    net.sh(net.host, "ip", "address", "delete", "10.64.2.2/30", "dev", "wwan1")
    net.sh(net.two, "ip", "address", "add", "10.64.1.1/30", "dev", "p-wwan1")
    net.sh(net.host, "ip", "route", "replace", "default", "via", "10.64.1.1", "dev", "wwan1",
           "onlink", "table", "1002")  # fmt: skip
    assert view(net, 61001) == "200 one 10.64.1.2"
    assert view(net, 61002) == "200 two 10.64.1.2"
    kernel = net.api.read_kernel()
    assert twin(one.usb, kernel) == "the carrier gave 10.64.1.2 to wwan1 as well"
    assert twin(two.usb, kernel) == "the carrier gave 10.64.1.2 to wwan0 as well"


def test_a_carrier_in_the_lans_network_is_refused(farm):
    net, (one, _) = farm
    network = NmState({"cdc-wdm0": NmDevice("cdc-wdm0", "/1", 100, "wwan0", "x")})
    lan = (net.settings.lan_address,)
    net.sh(net.host, "ip", "address", "add", "192.168.1.77/28", "dev", "wwan0", "noprefixroute")
    wrong = mismatch(one.slot, one.usb, network, net.api.read_kernel(), lan)
    assert wrong == (
        "the carrier's network 192.168.1.64/28 of wwan0 overlaps the LAN's 192.168.1.0/24"
    )


def test_strict_reverse_path_filtering_is_seen_and_undone(farm):
    net, _ = farm
    path = "/proc/sys/net/ipv4/conf"
    for name, value in (("all", 1), ("wwan0", 0), ("wwan1", 2)):
        net.sh(net.host, "sh", "-c", f"echo {value} > {path}/{name}/rp_filter")
    assert "200" not in view(net, 61001)
    assert view(net, 61002) == "200 two 10.64.2.2"
    with inside(net.host):  # of /proc/sys/net each network has its own
        api = Host()
        assert api.read_strict(["wwan0", "wwan1", None, "gone"]) == {"wwan0"}
        api.loosen_filter("wwan0")
        assert api.read_strict(["wwan0"]) == frozenset()
    assert view(net, 61001) == "200 one 10.64.1.2"
