# SPDX-License-Identifier: GPL-3.0-or-later
"""Every bad input is refused before anything is changed; the message names variable, value and
what is allowed."""

from __future__ import annotations

import io
import shutil
import sys
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from .ansible_runs import ROOT, failures, run_playbook

PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
pytestmark = pytest.mark.skipif(
    any(
        shutil.which(tool, path="/usr/sbin:/sbin:/usr/bin:/bin") is None for tool in ("ip", "dpkg")
    ),
    reason="the checks read this machine by ip and dpkg-query",
)

LAN = {"interface": "lan0", "address": "192.168.1.100", "network": "192.168.1.0/24"}
OTHER = LAN | {"address": "192.168.1.101"}
MODEM = {"interface": "wwan0", "address": "10.64.1.2", "network": "10.64.1.0/30"}
GOOD = {"farm_lan_address": "192.168.1.100", "farm_distribution": "Debian 12"}
UNREACHABLE = "http://127.0.0.1:9/3proxy.tar.gz"  # the discard port: nobody listens


@dataclass(frozen=True)
class Case:
    """Variables that are wrong, and what the message has to have."""

    name: str
    values: dict[str, Any]
    says: tuple[str, ...] = field(default=())


CASES = (
    Case(
        "policy-port",
        {"farm_policy": {"denied_ports": [25, 99999]}},
        ("farm_policy.denied_ports is 99999", "allowed: ports from 1 to 65535"),
    ),
    Case(
        "quota-zone",
        {"farm_quota_time_zone": "Europe/Atlantis"},
        ("farm_quota_time_zone is 'Europe/Atlantis'", "allowed: a time zone that this host knows"),
    ),
    Case(
        "quota-soft",
        {"farm_policy": {"soft_day_mb": 20, "hard_day_mb": 10}},
        ("soft_day_mb is 20", "at most hard_day_mb, which is 10"),
    ),
    Case(
        "policy-overlap",
        {"farm_policy": {"denied_ports": [25, "20-30"]}},
        ("farm_policy.denied_ports is '20-30 and 25'", "do not overlap"),
    ),
    Case(
        "policy-clients",
        {"farm_policy": {"clients": ["10.0.0.0/8"]}},
        ("farm_policy.clients is '10.0.0.0/8'", "192.168.1.0/24"),
    ),
    Case(
        "policy-quote",
        {"farm_policy": {"users": ['a"b']}},
        ("farm_policy.users is 'a\"b'", "allowed: a letter"),
    ),
    Case(
        "policy-control-character",
        {"farm_policy": {"nameservers": ["9.9.9.9\nsystem reboot"]}},
        ("farm_policy.nameservers is '9.9.9.9\\nsystem reboot'", "allowed: an IPv4 address"),
    ),
    Case("policy-rate", {"farm_policy": {"down_kbits": -1}}, ("farm_policy.down_kbits is -1",)),
    Case("policy-field", {"farm_policy": {"bandwith": 1}}, ("bandwith", "down_kbits")),
    Case(
        "policy-engine",
        {"farm_policy": {"users": ["alice"]}, "proxy_engine": "v2ray"},
        ("farm_policy.users is ['alice']", "v2ray"),
    ),
    Case("no-lan-address", {"farm_lan_address": ""}, ("farm_lan_address is ''", "(lan0)")),
    Case(
        "foreign-lan-address",
        {"farm_lan_address": "10.1.2.3"},
        ("farm_lan_address is '10.1.2.3'", "allowed", "192.168.1.100 (lan0)"),
    ),
    *(
        Case(
            f"listen-{name}",
            {"farm_listen_addresses": [value]},
            (f"farm_listen_addresses has '{value}'", "allowed", "192.168.1.101 (lan0)"),
        )
        for name, value in (
            ("foreign", "10.1.2.3"),
            ("any", "0.0.0.0"),
            ("modem", "10.64.1.2"),
            ("loopback", "127.0.0.1"),
            ("lan", "192.168.1.100"),
        )
    ),
    Case(
        "pac-port",
        {"pac_port": 3128},
        ("pac_port is 3128", "allowed: 80, or", "proxies' ports (3128 to 3159)"),
    ),
    Case("pac-reserved", {"pac_port": 5432}, ("pac_port is 5432", "farm_reserved_ports")),
    Case("pac-range", {"pac_port": 65536}, ("pac_port is 65536", "1 to 65535")),
    Case(
        "policy-listen",
        {"farm_policy": {"listen": "192.168.1.101"}},
        ("farm_policy.listen is '192.168.1.101'", "allowed", "192.168.1.100"),
    ),
    Case(
        "lan-interface",
        {"farm_lan_interface": "eth7"},
        ("farm_lan_interface is 'eth7'", "allowed", "lan0"),
    ),
    Case(
        "distribution",
        {"farm_distribution": "Fedora 41"},
        ("farm_distribution is 'Fedora 41'", "allowed: Debian 12, Debian 13, Ubuntu 24.04"),
    ),
    Case(
        "engine",
        {"proxy_engine": "squid"},
        ("farm_proxy_engine", "must be one of: threeproxy, v2ray", "got: squid"),
    ),
    Case(
        "port-of-a-service",
        {"farm_port_base": 5430},
        ("farm_port_base is 5430", "takes 5432", "allowed", "farm_reserved_ports"),
    ),
    Case(
        "socks-port-of-a-service",
        {"farm_socks_port_base": 8079, "proxy_engine": "v2ray"},
        ("farm_socks_port_base 8079", "takes 8080", "allowed"),
    ),
    Case(
        "ports-overlap",
        {"farm_socks_port_base": 3140, "proxy_engine": "v2ray"},
        ("farm_socks_port_base is 3140", "farm_port_base 3127", "allowed"),
    ),
    Case("low-ports", {"farm_port_base": 500}, ("farm_port_base is 500", "allowed: ports 1024")),
    Case(
        "port-too-high",
        {"farm_port_base": 65530},
        ("farm_port_base is 65530", "65531 to 65562", "allowed: ports 1024 to 32767"),
    ),
    Case("port-no-number", {"farm_port_base": "many"}, ("farm_port_base", "many", "int")),
    Case("no-slots", {"farm_slots": 0}, ("farm_slots is 0", "allowed: 1 to 120")),
    Case(
        "slots-for-named",
        {"farm_slots": 1, "farm_modems": ["867584030000017", "867584030000025"]},
        ("farm_slots is 1", "allowed", "2 in farm_modems"),
    ),
    Case(
        "slots-for-registered",
        {"farm_slots": 4, "test_registered": [{"serial": "867584030000017", "slot": 9}]},
        ("farm_slots is 4", "allowed", "highest slot 9"),
    ),
    Case(
        "users-of-systemd",
        {"farm_uid_base": 61160},
        ("farm_uid_base is 61160", "61161 to 61192", "allowed: 60706 to 61183"),
    ),
    Case(
        "users-taken",
        {"test_passwd": {"somebody": ["x", "61007", "100", "", "/", "/bin/sh"]}},
        ("farm_uid_base is 61000", "somebody has uid 61007", "allowed"),
    ),
    Case("tables", {"farm_table_base": 10}, ("farm_table_base is 10", "allowed: tables 256")),
    Case("rules", {"farm_rule_base": 2990}, ("farm_rule_base is 2990", "allowed", "2998")),
    Case(
        "clients",
        {"farm_clients": ["192.168.1.7/24"]},
        ("farm_clients is", "192.168.1.7/24", "allowed"),
    ),
    Case("name-servers", {"farm_nameservers": ["127.0.0.53"]}, ("farm_nameservers is", "allowed")),
    Case("apn", {"farm_apn": "inter net\n"}, ("farm_apn is", "allowed")),
    Case("probe", {"farm_probe_url": "https://x/"}, ("farm_probe_url is 'https://x/'", "allowed")),
    Case(
        "second-probe-on-the-same-host",
        {
            "farm_probe_url": "http://ip.example.org/",
            "farm_second_probe_url": "http://IP.example.org:81/a",
        },
        ("farm_second_probe_url is 'http://IP.example.org:81/a'", "allowed", "another host"),
    ),
    Case(
        "second-probe-no-http",
        {"farm_second_probe_url": "https://x/"},
        ("farm_second_probe_url is 'https://x/'", "allowed", "or nothing"),
    ),
    Case(
        "modem-interfaces",
        {"routing_modem_interfaces": ["lan0"]},
        ("routing_modem_interfaces is", "allowed", "no interface of the LAN (lan0)"),
    ),
    Case("usb-ids", {"udev_usb_ids": ["2C7C"]}, ("udev_usb_ids is", "2C7C", "allowed")),
    Case("keep", {"farm_keep_events_days": 7}, ("farm_keep_events_days is 7", "events 30 to 3650")),
    Case("database", {"postgresql_database": "a b"}, ("postgresql_database is 'a b'", "allowed")),
    Case(
        "source",
        {"threeproxy_source": "floppy"},
        ("threeproxy_source", "must be one of: release, archive, apt", "got: floppy"),
    ),
    Case(
        "version", {"threeproxy_version": "0.8.13"}, ("threeproxy_version is '0.8.13'", "allowed")
    ),
    Case(
        "checksum",
        {"threeproxy_source_sha256": "0" * 64},
        ("threeproxy_archive is", "with checksum", "threeproxy_source_sha256 " + "0" * 64),
    ),
    Case(
        "no-archive",
        {"threeproxy_archive": "/nowhere/3proxy.tar.gz"},
        ("threeproxy_archive is '/nowhere/3proxy.tar.gz'", "allowed"),
    ),
    Case(
        "no-release",
        {"threeproxy_source": "release", "threeproxy_release_url": UNREACHABLE},
        ("threeproxy_source is 'release'", UNREACHABLE, "allowed", "proxy_engine v2ray"),
    ),
)
WELL = ("good", "good-v2ray", "good-second-probe", "good-listen")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .tar.gz that passes for a source archive."""
    path = tmp_path_factory.mktemp("source") / "3proxy-1.0.0.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        entry = tarfile.TarInfo("3proxy-1.0.0/README")
        entry.size = 5
        tar.addfile(entry, io.BytesIO(b"hello"))
    return path


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory, archive: Path) -> dict[str, Any]:
    """One run of all checks, with one host for each case."""
    sys.path.insert(0, str(ROOT / "filter_plugins"))
    try:
        from threeproxy_archive import source_digest
    finally:
        sys.path.pop(0)
    source = {
        "threeproxy_archive": str(archive),
        "threeproxy_source_sha256": source_digest(str(archive)),
        "threeproxy_cache": str(tmp_path_factory.mktemp("cache")),
    }
    good = GOOD | source
    hosts = {case.name: good | case.values for case in CASES}
    hosts |= {"good": good, "good-v2ray": GOOD | {"proxy_engine": "v2ray"}}
    hosts["good-listen"] = good | {
        "farm_listen_addresses": ["192.168.1.101"], "farm_policy": {"listen": "192.168.1.101"},
    }  # fmt: skip
    hosts["good-second-probe"] = good | {"farm_second_probe_url": "http://ip.example.org/"}
    extra = {
        "farm_host_addresses": [LAN, OTHER, MODEM],
        "farm_registered": "{{ test_registered | default([]) }}",
        "farm_passwd": "{{ test_passwd | default({}) }}",
        # Whatever this machine has at that place, the archive is to be looked at.
        "threeproxy_built": False,
    }
    playbook = Path(__file__).parent / "preflight.yml"
    return run_playbook(playbook, hosts, extra, tmp_path_factory.mktemp("run"), "--check")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input_is_refused_by_name_value_and_what_is_allowed(
    result: dict[str, Any], case: Case
) -> None:
    message = failures(result).get(case.name, "not refused")
    assert [part for part in case.says if part not in message] == [], message


def test_nothing_is_changed(result: dict[str, Any]) -> None:
    assert {name: stats["changed"] for name, stats in result["stats"].items()} == dict.fromkeys(
        [case.name for case in CASES] + list(WELL), 0
    )


@pytest.mark.parametrize("name", WELL)
def test_good_input_passes(result: dict[str, Any], name: str) -> None:
    assert failures(result).get(name) is None
    assert result["stats"][name]["failures"] == 0


def test_one_bad_host_stops_site_for_all(tmp_path: Path, archive: Path) -> None:
    hosts = {"good": GOOD, "bad": GOOD | {"farm_slots": 0}}
    extra = {"farm_host_addresses": [LAN], "threeproxy_archive": str(archive)}
    site = ROOT / "playbooks" / "site.yml"
    result = run_playbook(site, hosts, extra, tmp_path, "--check")
    assert result["rc"] != 0
    assert list(failures(result)) == ["bad"]
    assert [play["play"]["name"] for play in result["plays"]] == [
        "Check every host before anything is changed"
    ]
    assert {stats["changed"] for stats in result["stats"].values()} == {0}
