# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.settings: defaults, slots, and refusals that name field, value and what is allowed."""

import json
from ipaddress import IPv4Address

import pytest

from modemfarm.errors import InvalidValueError, SettingsError
from modemfarm.settings import FarmSettings

GOOD = {
    "version": 1,
    "host": "lab",
    "engine": "threeproxy",
    "lan_address": "192.168.1.100",
    "lan_interface": "lan0",
    "clients": ["192.168.1.0/24"],
    "slots": 32,
    "port_base": 3127,
    "socks_port_base": 4127,
    "uid_base": 61000,
    "table_base": 1000,
    "rule_base": 2000,
    "nameservers": ["203.0.113.53"],
    "apn": "internet",
    "probe_url": "http://ip.lab.test/",
    "max_connections": 500,
    "database": "dbname=modemfarm",
}


def test_threeproxy_slot():
    slot = FarmSettings.from_dict(GOOD).slot(1)
    assert (slot.port, slot.socks_port, slot.uid, slot.table, slot.preference) == (
        3128, None, 61001, 1001, 2001,
    )  # fmt: skip
    assert (slot.user, slot.unit) == ("farm-px-1", "3proxy@1.service")
    assert str(slot.config_path) == "/etc/modemfarm/proxy/1.cfg"


def test_v2ray_slot_has_two_ports():
    slot = FarmSettings.from_dict(GOOD | {"engine": "v2ray"}).slot(32)
    assert (slot.port, slot.socks_port, slot.unit) == (3159, 4159, "v2ray-proxy@32.service")
    assert str(slot.config_path) == "/etc/modemfarm/proxy/32.json"


def test_defaults_are_the_documented_ones():
    required = ("version", "host", "engine", "lan_address", "lan_interface", "clients",
                "nameservers", "apn", "probe_url")  # fmt: skip
    settings = FarmSettings.from_dict({name: GOOD[name] for name in required})
    assert settings == FarmSettings.from_dict(GOOD)
    assert settings.uid_range == (61001, 61032)
    assert settings.lan_address == IPv4Address("192.168.1.100")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 2),
        ("hub_power", "yes"),
        ("hub_power", 1),
        ("engine", "squid"),
        ("lan_address", "192.168.1.100/24"),
        ("lan_address", "0.0.0.0"),
        ("lan_address", "fe80::1"),
        ("lan_address", 3232235876),
        ("lan_interface", "lan0; reboot"),
        ("clients", []),
        ("clients", "192.168.1.0/24"),
        ("clients", ["192.168.1.5/24"]),
        ("clients", ["192.168.1.0/24\nsystem x"]),
        ("nameservers", ["dns.example"]),
        ("nameservers", []),
        ("apn", "a b"),
        ("apn", "internet\n[x]"),
        ("probe_url", "https://ip.lab.test/"),
        ("probe_url", "http:///"),
        ("probe_url", "http://u@h/"),
        ("probe_url", "http://h/\r\nX: y"),
        ("probe_url", "http://h/?q=1"),
        ("second_probe_url", "https://other.lab.test/"),
        ("second_probe_url", "http://IP.lab.test:8080/other"),
        ("second_probe_url", None),
        ("second_probe_url", ""),
        ("slots", 0),
        ("slots", 121),
        ("slots", True),
        ("slots", "32"),
        ("port_base", 80),
        ("port_base", 65530),
        ("uid_base", 1000),
        ("uid_base", 61160),
        ("table_base", 200),
        ("rule_base", 2990),
        ("rule_base", 999),
        ("max_connections", 0),
        ("database", "dbname=x\n"),
        ("keep_logs_days", 0),
        ("keep_samples_days", 3651),
        ("keep_events_days", 29),
        ("host", "a b"),
        ("colour", "blue"),
    ],
)
def test_bad_field_is_named_with_its_value(field, value):
    with pytest.raises(SettingsError) as caught:
        FarmSettings.from_dict(GOOD | {field: value})
    assert field in caught.value.message
    assert caught.value.remedy.startswith("allowed: ")


def test_the_second_target_is_optional_and_on_another_host():
    assert FarmSettings.from_dict(GOOD).second_probe_url is None
    other = {"second_probe_url": "http://ip.other.test/"}
    assert FarmSettings.from_dict(GOOD | other).second_probe_url == "http://ip.other.test/"


def test_missing_field_is_named():
    with pytest.raises(SettingsError, match="lan_address is None"):
        FarmSettings.from_dict({k: v for k, v in GOOD.items() if k != "lan_address"})


def test_overlapping_port_ranges_are_refused():
    with pytest.raises(SettingsError, match="socks_port_base"):
        FarmSettings.from_dict(GOOD | {"engine": "v2ray", "socks_port_base": 3140})


@pytest.mark.parametrize("number", [0, 33, -1, True, "1"])
def test_no_such_slot(number):
    with pytest.raises(InvalidValueError):
        FarmSettings.from_dict(GOOD).slot(number)


def test_load(tmp_path):
    path = tmp_path / "farm.json"
    path.write_text(json.dumps(GOOD))
    assert FarmSettings.load(path).host == "lab"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}'])
def test_load_names_the_file(tmp_path, text):
    path = tmp_path / "farm.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"farm\.json"):
        FarmSettings.load(path)


def test_load_without_a_file(tmp_path):
    with pytest.raises(SettingsError, match="No such file"):
        FarmSettings.load(tmp_path / "none.json")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC"])
def test_a_time_zone_of_quotas(zone):
    assert FarmSettings.from_dict(GOOD | {"quota_time_zone": zone}).quota_time_zone == zone


@pytest.mark.parametrize("zone", ["", "Europe/Atlantis", "../UTC", "/etc/localtime", 1, None])
def test_a_time_zone_that_is_none(zone):
    with pytest.raises(SettingsError, match=r"^quota_time_zone is ") as caught:
        FarmSettings.from_dict(GOOD | {"quota_time_zone": zone})
    assert "Europe/Berlin" in str(caught.value.remedy)
