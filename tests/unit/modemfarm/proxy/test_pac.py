# SPDX-License-Identifier: GPL-3.0-or-later
"""PAC files in a real JavaScript engine, as a browser runs them: what they say, and never more."""

import json
import shutil
import subprocess
from collections import Counter
from ipaddress import IPv4Address

import pytest

from modemfarm.proxy.pac import NOWHERE, farm_script, modem_script, nowhere_script
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import ModemRecord

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
FARM = {
    "version": 1, "host": "h", "engine": "threeproxy", "lan_address": "192.168.1.100",
    "lan_interface": "lan0", "clients": ["192.168.1.0/24", "10.8.0.0/24"],
    "nameservers": ["9.9.9.9"], "apn": "internet", "probe_url": "http://ip.lab.test/",
    "listen_addresses": ["192.168.1.101"],
}  # fmt: skip
AT = "192.168.1.100"
# Nothing of a browser's is there: no isPlainHostName, no dnsResolve. Strict, as a module would be.
RUNNER = """
const vm = require("vm"), input = JSON.parse(require("fs").readFileSync(0, "utf8"));
const world = vm.createContext({});
vm.runInContext('"use strict";' + input.script, world, {timeout: 5000});
const said = input.asked.map(([url, host]) => world.FindProxyForURL(url, host));
process.stdout.write(JSON.stringify({said, names: Object.keys(world)}));
"""
# What a page or a user may ask for: all has to have an answer.
HOSTS = (
    "example.com", "WWW.Example.COM", "example.com.", "a.b.c.example.co.uk", "ai", "localhost",
    "x.localhost", "printer.local", "nas.home.arpa", "git.internal", "notlocal", "evil-local.com",
    "local.example.com", "192.168.1.7", "192.168.2.7", "10.8.0.255", "127.0.0.1", "127.255.255.254",
    "8.8.8.8", "0x7f.0.0.1", "2130706433", "0177.0.0.1", "127.1", "010.8.0.1", "192.168.1.999",
    "169.254.169.254", "100.64.0.1", "172.16.0.1", "::1", "[::1]", "[2001:db8::1]", "fe80::1%eth0",
    "xn--bcher-kva.example", "bücher.example", "", ".", "..", "a..b", "a" * 300, "x y", "%00",
    "__proto__", "constructor", "a\nb", 'a"b', "a\\b", "😀.example",
)  # fmt: skip
URLS = ("http://{}/", "https://{}/", "ws://{}/", "wss://{}/x", "ftp://{}/", "HTTP://{}/", "{}", "")


def settings(**values):
    return FarmSettings.from_dict(FARM | values)


def modems(count, **policies):
    """Records of slots 1 to `count`; s2={...}: the policy of slot 2."""
    return [
        ModemRecord(f"8675840300000{n:02d}", n, policy=policies.get(f"s{n}"))
        for n in range(1, count + 1)
    ]


def ask(script, *asked):
    """What the script answers to each (url, host); it may leave nothing behind but its function."""
    done = subprocess.run(
        ("node", "-e", RUNNER), input=json.dumps({"script": script, "asked": asked}),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["names"] == ["FindProxyForURL"]
    return found["said"]


def everything(script):
    asked = [(url.replace("{}", host), host) for host in HOSTS for url in URLS]
    return dict(zip(asked, ask(script, *asked), strict=True))


def near(host):
    """What the farm's file may answer with DIRECT."""
    literal = {"192.168.1.7", "10.8.0.255", "127.0.0.1", "127.255.255.254"}
    return host in literal | {"localhost", "x.localhost", "printer.local", "nas.home.arpa",
                              "git.internal"}  # fmt: skip


def test_a_modem_is_the_only_way():
    farm = settings()
    said = everything(modem_script(farm, modems(2)[1]))
    assert set(said.values()) == {f"PROXY {AT}:3129"}
    assert "DIRECT" not in modem_script(farm, modems(2)[1])


def test_a_modem_that_listens_elsewhere():
    record = modems(1, s1={"listen": "192.168.1.101"})[0]
    assert ask(modem_script(settings(), record), ("http://a.example/", "a.example")) == [
        "PROXY 192.168.1.101:3128"
    ]


@pytest.mark.parametrize(
    ("engine", "protocols", "plain", "tunnel"),
    [
        ("threeproxy", ["http", "connect"], f"PROXY {AT}:3128", f"PROXY {AT}:3128"),
        ("threeproxy", ["socks"], f"SOCKS5 {AT}:3128", f"SOCKS5 {AT}:3128"),
        ("threeproxy", ["http", "socks"], f"PROXY {AT}:3128", f"SOCKS5 {AT}:3128"),
        ("threeproxy", ["connect", "socks"], f"SOCKS5 {AT}:3128", f"PROXY {AT}:3128"),
        ("v2ray", ["socks"], f"SOCKS5 {AT}:4128", f"SOCKS5 {AT}:4128"),
        # Its port refuses; nothing would be DIRECT.
        ("threeproxy", ["http"], f"PROXY {AT}:3128", f"PROXY {AT}:3128"),
        ("threeproxy", ["udp"], f"PROXY {AT}:3128", f"PROXY {AT}:3128"),
    ],
)
def test_protocols_that_the_policy_has(engine, protocols, plain, tunnel):
    record = modems(1, s1={"protocols": protocols})[0]
    script = modem_script(settings(engine=engine), record)
    assert ask(
        script, ("http://a.example/", "a.example"), ("https://a.example/", "a.example"),
        ("wss://a.example/", "a.example"), ("ws://a.example/", "a.example"),
    ) == [plain, tunnel, tunnel, tunnel]  # fmt: skip


def test_the_farm_never_lets_out_what_may_be_outside():
    for (_, host), answer in everything(farm_script(settings(), modems(5))).items():
        if near(host):
            assert answer == "DIRECT", host
        else:
            proxies = answer.split("; ")
            assert len(set(proxies)) == 3, host
            assert all(proxy.startswith(f"PROXY {AT}:31") for proxy in proxies), host


def test_networks_that_are_public_or_everything_are_not_near():
    script = farm_script(settings(clients=["0.0.0.0/0"]), modems(1))
    hosts = ("8.8.8.8", "192.168.1.7", "127.0.0.1")
    said = ask(script, *((f"http://{host}/", host) for host in hosts))
    assert said == [f"PROXY {AT}:3128", f"PROXY {AT}:3128", "DIRECT"]


def test_a_site_stays_with_its_modem_and_all_get_their_share():
    script = farm_script(settings(), modems(8))
    sites = [f"site{n}.example" for n in range(800)]
    said = ask(script, *((f"https://{site}/", site) for site in sites))
    shares = Counter(answer.split("; ")[0] for answer in said)
    assert len(shares) == 8
    assert min(shares.values()) > 60 < max(shares.values()) < 140
    again = ask(script, *((f"https://cdn.{site}/x", f"cdn.{site}") for site in sites))
    assert again == said
    two = ("a.example.co.uk", "b.example.co.uk", "b.other.co.uk", "c.third.co.uk", "d.four.co.uk")
    found = ask(script, *((f"https://{host}/", host) for host in two))
    assert found[0] == found[1]
    assert len(set(found[1:])) > 1


def test_a_modem_that_comes_or_goes_moves_no_other_site():
    sites = [(f"https://site{n}.example/", f"site{n}.example") for n in range(200)]
    many = ask(farm_script(settings(), modems(6)), *sites)
    fewer = ask(farm_script(settings(), modems(5)), *sites)
    gone = f"PROXY {AT}:3133"
    for before, after in zip(many, fewer, strict=True):
        kept = [proxy for proxy in before.split("; ") if proxy != gone]
        assert after.split("; ")[: len(kept)] == kept


def test_only_modems_that_serve_this_client_without_a_login():
    farm = settings()
    records = modems(3, s1={"clients": ["10.8.0.0/24"]}, s2={"users": ["alice"]})
    site = ("https://a.example/", "a.example")
    lan = farm_script(farm, records, IPv4Address("192.168.1.7"))
    assert ask(lan, site) == [f"PROXY {AT}:3130"]
    (both,) = ask(farm_script(farm, records, IPv4Address("10.8.0.7")), site)
    assert set(both.split("; ")) == {f"PROXY {AT}:3128", f"PROXY {AT}:3130"}


def test_a_farm_without_a_modem_leads_nowhere():
    for records in ([], modems(1, s1={"users": ["alice"]}), modems(1, s1={"protocols": ["udp"]})):
        script = farm_script(settings(), records)
        for (_, host), answer in everything(script).items():
            assert answer == ("DIRECT" if near(host) else NOWHERE), host


def test_a_policy_that_does_not_fit_and_a_slot_beyond_the_last_do_no_harm():
    farm = settings(slots=2)
    records = modems(3, s1={"clients": ["172.16.0.0/12"]})
    (said,) = ask(farm_script(farm, records), ("https://a.example/", "a.example"))
    assert set(said.split("; ")) == {f"PROXY {AT}:3128", f"PROXY {AT}:3129"}


def test_nowhere_is_nowhere():
    assert set(everything(nowhere_script("no modem of this farm")).values()) == {NOWHERE}


def test_the_largest_farm_is_small_and_quick():
    script = farm_script(settings(slots=120), modems(99))
    assert len(script) < 10_000
    sites = [(f"https://s{n}.example/", f"s{n}.example") for n in range(2000)]
    assert len(set(ask(script, *sites))) > 1000
