# SPDX-License-Identifier: GPL-3.0-or-later
"""The look itself, on the host of files and simulated tools that an apply is tested on.

Faults are planted in the host, not in the facts. What the tests' own machine decides (a right
clock, owners of files, a database) is left out by name.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from modemfarm.apply.rules import Rule
from modemfarm.errors import FarmError
from modemfarm.usbplan.journal import KernelLog
from modemfarmd.doctor.checks.services import UNITS
from modemfarmd.doctor.expected import expected_files
from modemfarmd.doctor.facts import known
from modemfarmd.doctor.judge import chosen, judge
from modemfarmd.doctor.look import Eyes, look
from modemfarmd.doctor.look_files import disks, synchronised
from modemfarmd.line.server import LineServer, listen

from ...modemfarm.apply.conftest import Farm
from ...modemfarm.apply.conftest import proxies as proxies

SKIP = ("database", "clock", "file-mode", "disk-full", "disk-low")
STATUS = {"unwritten": 0, "snapshot_written": True, "devices": {}, "serials": {}}


class World:
    """The fake host with two modems that serve, and the doctor's view of it."""

    def __init__(self, farm: Farm, agent: Path) -> None:
        self.farm, self.root, self.agent = farm, farm.root, agent
        farm.settings["database"] = f"host={farm.root} dbname=none"
        self.one, self.two = farm.plug(1), farm.plug(2)
        for name in UNITS:
            farm.world.units[name] = {"active": "active", "enabled": True}
        farm.apply()
        farm.world.addresses["lo"] = (IPv4Address("127.0.0.1"),)
        for serial, index in ((self.one, 0), (self.two, 1)):
            self.link(serial, "at", f"ttyUSB{4 * index + 3}")
            self.link(serial, "qmi", f"cdc-wdm{index}")
        self.write("proc/sys/net/ipv4/ip_nonlocal_bind", "1")
        for device in ("1-1", "1-2"):  # usb-plan wants more of a device than an apply does
            self.write(f"sys/bus/usb/devices/{device}/bConfigurationValue", "1")
        nobody_knows = FarmError("", "")
        for expected in expected_files(nobody_knows, nobody_knows):
            path = self.root / expected.path.lstrip("/")
            if path.exists() or expected.optional:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if expected.path.startswith(("/run", "/var/lib")):
                path.mkdir()
            else:
                path.touch()
        farm.world.units["modemfarm-agent.service"]["changed"] = time.time()

    def link(self, serial: str, name: str, target: str) -> None:
        """What udev makes."""
        path = self.root / "dev/modems" / serial / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(f"../../{target}")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")

    def eyes(self, requests: bool = True) -> Eyes:
        return Eyes(
            self.root / "farm.json", self.root / "modems.json", self.farm.host, requests,
            self.agent, lambda: KernelLog("none"),
        )  # fmt: skip

    def found(self, *, requests: bool = True, skip: tuple[str, ...] = SKIP) -> set[tuple[str, str]]:
        """(check, about) of each finding."""
        return {(f.check, f.about) for f in judge(look(self.eyes(requests)), chosen(skip))}


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An agent that answers `status`; in a folder whose name is short enough for a socket."""
    monkeypatch.setattr("modemfarmd.line.server.POLL_S", 0.02)
    stop = threading.Event()
    with tempfile.TemporaryDirectory(prefix="mf-") as folder:
        path = Path(folder) / "agent.sock"
        server = LineServer(
            listen(path, "no-such-group"), lambda *_: {"status": STATUS}, lambda _: None, stop
        )
        server.start()
        yield path
        stop.set()
        server.join(5)


@pytest.fixture
def world(
    tmp_path: Path, make_modem: Any, proxies: int, agent: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    monkeypatch.setattr("modemfarm.apply.host.PROXY_GROUP", "root")
    monkeypatch.setattr("modemfarm.apply.wait.PORTS_S", 0.02)
    return World(Farm(tmp_path, make_modem, proxies), agent)


def test_a_healthy_host_gives_nothing_and_is_not_touched(world: World) -> None:
    before = world.farm.files()
    world.farm.world.calls.clear()
    assert world.found() == set()
    assert world.farm.files() == before
    words = ("rule add", "rule delete", "element", "StartUnit", "EnableUnitFiles", "Activate")
    assert not any(word in call for call in world.farm.world.calls for word in words)


def _no_rule(world: World) -> None:
    world.farm.world.rules = {r for r in world.farm.world.rules if r.preference != 2001}


def _open_rules(world: World) -> None:
    world.farm.world.rules = {r for r in world.farm.world.rules if r.preference != 2999}


def _no_guard(world: World) -> None:
    world.farm.world.chains.clear()


def _strict(world: World) -> None:
    world.write("proc/sys/net/ipv4/conf/wwan0/rp_filter", "1")
    world.write("proc/sys/net/ipv4/conf/all/rp_filter", "0")


def _foreign(world: World) -> None:
    port, uid = world.farm.settings["port_base"] + 1, 33
    world.farm.world.listening[port] = uid
    world.farm.world.publish()


def _stopped(world: World) -> None:
    world.farm.world.units["ModemManager.service"]["active"] = "failed"


def _no_sim(world: World) -> None:
    world.farm.world.modems["1-1"] |= {"State": -1, "StateFailedReason": 2}


def _settings(world: World) -> None:
    (world.root / "farm.json").write_text("{")


def _unit(world: World) -> None:
    world.farm.world.units["3proxy@1.service"]["active"] = "inactive"
    world.farm.world.listening.pop(world.farm.settings["port_base"] + 1)
    world.farm.world.publish()


def _profile(world: World) -> None:
    path = f"etc/NetworkManager/system-connections/modem-{world.one}.nmconnection"
    (world.root / path).write_text("[connection]\n")


def _unbound(world: World) -> None:
    for link in (world.root / "sys/bus/usb/devices/1-1").resolve().glob("1-1:1.4/driver"):
        link.unlink()


# what is done to the host: what is found
PLANTS: dict[str, tuple[Callable[[World], object], set[str]]] = {
    "a rule is flushed": (_no_rule, {"modem-rule"}),
    "the closing rules are flushed": (_open_rules, {"closed-rules"}),
    "the guard is gone": (_no_guard, {"guard", "modem-guard"}),
    "an element of the guard is gone": (
        lambda w: w.farm.world.elements.discard((61001, "wwan0")), {"modem-guard"},
    ),
    "a table is flushed": (lambda w: w.farm.world.routes.discard((1001, "wwan0")), {"modem-route"}),
    "a modem's route is in the main table": (
        lambda w: w.farm.world.routes.add((254, "wwan0")), {"main-route", "modem-route"},
    ),
    "the bearer is down": (
        lambda w: w.farm.world.devices["cdc-wdm0"].update(State=30, profile=None),
        {"modem-bearer"},
    ),
    "reverse paths are filtered": (_strict, {"modem-filter"}),
    "a foreign program has the port": (_foreign, {"port-conflict"}),
    "a proxy is stopped": (_unit, {"modem-proxy"}),
    "a proxy's configuration is edited": (
        lambda w: w.write("etc/modemfarm/proxy/1.cfg", "auto -p1"), {"modem-proxy"},
    ),
    "a profile is edited": (_profile, {"modem-profile", "modem-bearer"}),
    "a foreign rule": (
        lambda w: w.farm.world.rules.add(Rule(4, 1500, table=51820)), {"foreign-rule"},
    ),
    "ModemManager has failed": (_stopped, {"unit-failed"}),
    "a unit is disabled": (
        lambda w: w.farm.world.units["modemfarm-agent.service"].update(enabled=False),
        {"unit-disabled"},
    ),
    "a SIM is missing": (_no_sim, {"modem-failed"}),
    "udev's link leads elsewhere": (lambda w: w.link(w.one, "at", "ttyUSB7"), {"link-target"}),
    "udev's link is gone": (
        lambda w: (w.root / f"dev/modems/{w.one}/qmi").unlink(), {"modem-link"},
    ),
    "a folder is gone": (lambda w: (w.root / "run/modemfarm/undo").rmdir(), {"file-missing"}),
    "the LAN address is gone": (lambda w: w.farm.world.addresses.pop("lo"), {"lan-address"}),
    "the settings are damaged": (_settings, {"settings"}),
    "the snapshot is gone": (lambda w: (w.root / "modems.json").unlink(), {"snapshot"}),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTS)
def test_what_is_done_to_the_host_is_found(world: World, name: str) -> None:
    plant, wanted = PLANTS[name]
    plant(world)
    assert {check for check, _ in world.found()} == wanted


def test_a_driver_that_is_missing(world: World) -> None:
    _unbound(world)
    assert ("driver", "1-1:1.4") in world.found()


def test_a_port_that_does_not_serve_is_found_by_a_request_only(world: World) -> None:
    """Its process listens and is of the right user, and nothing comes of a request."""
    world.farm.settings["probe_url"] = "http://ip.lab.test/"
    port = world.farm.settings["port_base"] + 4
    world.farm.rows[0]["slot"] = 4  # nobody answers at that slot's port
    world.farm.world.listening[port] = 61004
    world.farm.apply(prove=False)
    asked, unasked = world.found(), world.found(requests=False)
    assert ("modem-failed", world.one) in asked
    assert ("modem-failed", world.one) not in unasked


def test_an_agent_that_is_away(world: World) -> None:
    world.agent.unlink()
    assert world.found() == {("agent-silent", "modemfarm-agent.service")}


def test_a_database_that_is_away(world: World) -> None:
    assert world.found(skip=SKIP[1:]) == {("database", "postgresql")}


def test_a_modem_without_a_row(world: World) -> None:
    snapshot = world.root / "modems.json"
    document = json.loads(snapshot.read_text())
    del document["modems"][1]
    snapshot.write_text(json.dumps(document))
    assert ("unregistered", "1-2") in world.found()


def test_certificates_are_read(world: World) -> None:
    folder = world.root / "etc/modemfarm/tls"
    folder.mkdir(parents=True)
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )  # fmt: skip
    (folder / "key.pem").write_bytes(pem)
    for name, days in (("good.crt", 300), ("soon.crt", 3), ("old.pem", -1)):
        (folder / name).write_bytes(_certificate(key, days))
    (folder / "junk.crt").write_text("junk")
    assert world.found() == {
        ("certificate-expires", "/etc/modemfarm/tls/soon.crt"),
        ("certificate-expired", "/etc/modemfarm/tls/old.pem"),
        ("certificate", "/etc/modemfarm/tls/junk.crt"),
    }


def _certificate(key: ec.EllipticCurvePrivateKey, days: int) -> bytes:
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lab")])
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=9),
        now + timedelta(days=days),
    )  # fmt: skip
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_the_clock_is_asked_of_the_kernel(world: World) -> None:
    facts = look(world.eyes())
    assert synchronised() in (True, False)
    assert facts.clock.synchronised is synchronised()
    assert facts.clock.now > facts.clock.built > 0


def test_each_disk_is_told_once() -> None:
    found = disks(Path("/"))
    assert found[0].path == "/"
    assert all(disk.size > 0 and 0 <= disk.free <= disk.size for disk in found)
    assert len({disk.path for disk in found}) == len(found)


def test_modes_and_owners_are_read(world: World) -> None:
    pins = world.root / "etc/modemfarm/pins.json"
    pins.touch()
    pins.chmod(0o644)
    facts = look(world.eyes())
    assert facts.files["/etc/modemfarm/pins.json"].mode == 0o644
    assert facts.files["/etc/modemfarm/pins.json"].owner
    assert known(facts.settings) is not None
