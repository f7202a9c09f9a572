# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of files and simulated tools: it answers and changes as the real ones do."""

import contextlib
import http.server
import json
import re
import select
import threading
import time
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from modemfarm.apply.host import Host
from modemfarm.apply.kernel import KernelState
from modemfarm.apply.rules import Rule
from modemfarm.dbus import wire
from modemfarm.dbus.connection import BusError, LateError
from modemfarm.errors import ToolError

SERIALS = [f"8675840300000{n:02d}" for n in range(100)]
DEVICE_ID = "0a" * 20


NM = "org.freedesktop.NetworkManager"
MM = "org.freedesktop.ModemManager1"
SYSTEMD = "org.freedesktop.systemd1"
OBJECTS = "a{oa{sa{sv}}}"
TYPES = {
    "Device": "s", "EquipmentIdentifier": "s", "DeviceIdentifier": "s", "State": "i",
    "StateFailedReason": "u", "UnlockRequired": "u", "PrimaryPort": "s", "RegistrationState": "u",
    "Ports": "a(su)", "Filename": "s", "Id": "s", "Interface": "s", "IpInterface": "s",
    "ActiveConnection": "o", "Bearers": "ao", "dns1": "s", "dns2": "s", "dns3": "s",
}  # fmt: skip


def variants(values, **types):
    return {name: (types.get(name, TYPES[name]), value) for name, value in values.items()}


def message(kind, signature="", values=(), **fields):
    """A message as it comes from the wire."""
    names = {"path": wire.PATH, "interface": wire.INTERFACE, "member": wire.MEMBER,
             "error": wire.ERROR_NAME}  # fmt: skip
    head = {names[name]: value for name, value in fields.items()}
    return wire.decode(wire.encode(kind, 1, head, signature, values))


class World:
    """The tools, the kernel and the bus of a host, as they answer and change. `fail` maps a word
    of a command or call to the message it is refused with; `calls` holds all of them as text."""

    def __init__(self):
        self.calls = []
        self.fail = {}
        self.rules = {Rule(family, 32766, table=254) for family in (4, 6)}
        self.elements = set()
        self.stopped = set()  # None: a guard from before there were stops
        self.units = {}
        self.modems = {}
        self.devices = {}
        self.profiles = set()
        self.actives = {}
        self.addresses = {}
        self.routes = set()
        self.bearers = {}  # Ip4Config of a bearer by its object
        self.refuse_activation = {}
        self.signals = []
        self.jobs = 0
        self.chains = ["output", "uplink"]  # those with a rule in them; none: no guard at all
        self.routing_unit = None  # what modemfarm-routing.service does, where there is one
        self.listening = {}  # uid by port
        self.ports = {}  # what a unit will listen on: uid by port
        self.publish = lambda: None  # shows `listening` to those who read /proc
        self.refuse_config = "what no configuration has"

    def late(self, call):
        """True for a call that is carried out and answered too late."""
        return False

    def say(self, line):
        self.calls.append(line)
        for word, words in self.fail.items():
            if word in line:
                raise ToolError(words, "look")

    def listen(self, unit, listens=True):
        """The processes of a unit have their ports, or lose them."""
        for port, uid in self.ports.get(unit, {}).items():
            self.listening.pop(port, None)
            if listens:
                self.listening[port] = uid
        self.publish()

    def count(self, *words):
        return sum(all(word in line for word in words) for line in self.calls)

    def add_modem(self, serial, usb_path, index, state=8, **extra):
        """ModemManager and NetworkManager have seen a modem."""
        self.modems[usb_path] = {
            "Device": f"/sys/devices/platform/vhci_hcd.0/usb1/{usb_path}",
            "EquipmentIdentifier": serial,
            "DeviceIdentifier": DEVICE_ID,
            "State": state,
            "PrimaryPort": f"cdc-wdm{index}",
            "Ports": [(f"cdc-wdm{index}", 6), (f"wwan{index}", 2)],
        } | extra
        self.devices[f"cdc-wdm{index}"] = {"State": 30, "IpInterface": "", "profile": None}

    def connect(self, serial, index, table, address=None):
        """NetworkManager has brought a bearer up."""
        device = self.devices[f"cdc-wdm{index}"]
        device.update(State=100, IpInterface=f"wwan{index}", profile=f"modem-{serial}")
        self.actives[f"/Active/cdc_wdm{index}"] = 2
        self.addresses[f"wwan{index}"] = (IPv4Address(address or f"10.64.{index}.2"),)
        self.routes.add((int(table), f"wwan{index}"))


class Tools:
    """Stand-in for `tools.run`: nft only."""

    def __init__(self, world):
        self.world = world

    def __call__(self, command, text="", timeout=0.0):
        self.world.say(" ".join(command) + "\n" + text)
        assert command[0] == "nft"
        if "list" in command:
            if not self.world.chains:
                raise ToolError("nft list: No such file or directory", "look")
            elements = [{"concat": list(item)} for item in sorted(self.world.elements)]
            items = [{"set": {"name": "uplinks", "elem": elements}}]
            if self.world.stopped is not None:
                ports = {"elem": sorted(self.world.stopped)} if self.world.stopped else {}
                items.append({"set": {"name": "stopped"} | ports})
            items += [{"rule": {"chain": name}} for name in self.world.chains]
            return json.dumps({"nftables": items})
        for verb, uid, name in re.findall(r'(\w+) element .*\{ (\d+) \. "(\S+)" \}', text):
            elements = self.world.elements
            (elements.add if verb == "add" else elements.remove)((int(uid), name))
        for verb, ports in re.findall(r"(\w+) element .* stopped \{ ([0-9, ]+) \}", text):
            found = set(map(int, ports.split(",")))
            self.world.stopped ^= found
            assert (verb == "add") is (found <= self.world.stopped)
        return ""


class FakeNetlink:
    """Stand-in for the kernel's routing."""

    def __init__(self, world):
        self.world = world

    def rules(self):
        return frozenset(self.world.rules)

    def change_rule(self, rule, add):
        self.world.say(f"rule {'add' if add else 'delete'} {rule.arguments()}")
        (self.world.rules.add if add else self.world.rules.discard)(rule)

    def kernel(self):
        return KernelState(dict(self.world.addresses), frozenset(self.world.routes))

    def close(self):
        pass


class FakeBus:
    """Stand-in for the system bus: answers are encoded and decoded as on the wire."""

    def __init__(self, world):
        self.world = world

    def close(self):
        pass

    def subscribe(self, rules):
        assert all("type='signal'" in rule for rule in rules)

    def signals(self, timeout, wake=None):
        if not self.world.signals:
            ready, _, _ = select.select([wake] if wake else [], [], [], min(timeout, 0.02))
            if ready:
                wake.recv(100)
        found, self.world.signals = self.world.signals, []
        return found

    def call(self, call, timeout=0.0):
        answer = self.call_all([call])[0]
        if isinstance(answer, ToolError):
            raise answer
        return answer

    def call_all(self, calls, timeout=0.0):
        return [self._one(call) for call in calls]

    def _one(self, call):
        wire.Writer().write(call.signature, call.values)
        try:
            self.world.say(f"{call.destination} {call.member} {call.values}")
            signature, values = getattr(self, f"_{call.member}")(call)
        except ToolError as error:
            return BusError("x.Failed", error.message)
        if self.world.late(call):
            return LateError("x.NoReply", f"{call.destination} gives no answer", "wait")
        return message(wire.RETURN, signature, values)

    def _Subscribe(self, call):  # noqa: N802
        return "", ()

    def _GetManagedObjects(self, call):  # noqa: N802
        objects = self._modems() if call.destination == MM else self._network()
        return OBJECTS, (objects,)

    def _modems(self):
        objects = {}
        for number, modem in enumerate(self.world.modems.values()):
            registration = {"RegistrationState": modem.get("RegistrationState", 1)}
            modem = {name: value for name, value in modem.items() if name != "RegistrationState"}
            objects[f"/Modem/{number}"] = {
                f"{MM}.Modem.Location": {"Location": ("a{uv}", {1: ("s", "x")})},
                f"{MM}.Modem": variants(modem),
                f"{MM}.Modem.Modem3gpp": variants(registration),
            }
        return objects

    def _network(self):
        objects = {"/Settings": {f"{NM}.Settings": {"CanModify": ("b", True)}}}
        for name, device in self.world.devices.items():
            active = f"/Active/{name.replace('-', '_')}" if device["profile"] else "/"
            values = {"Interface": name, "State": device["State"], "ActiveConnection": active,
                      "IpInterface": device["IpInterface"]}  # fmt: skip
            objects[f"/Device/{name.replace('-', '_')}"] = {
                f"{NM}.Device": variants(values, State="u")
            }
            if device["profile"]:
                objects[active] = {
                    f"{NM}.Connection.Active": variants(
                        {"Id": device["profile"], "State": self.world.actives.get(active, 0)},
                        State="u",
                    )
                }
        for number, path in enumerate(sorted(self.world.profiles)):
            objects[f"/Settings/{number}"] = {
                f"{NM}.Settings.Connection": variants({"Filename": path})
            }
        return objects

    def _LoadConnections(self, call):  # noqa: N802
        self.world.profiles.update(call.values[0])
        return "bas", (True, [])

    def _GetConnectionByUuid(self, call):  # noqa: N802
        for number, path in enumerate(sorted(self.world.profiles)):
            if f"uuid={call.values[0]}" in Path(path).read_text():
                return "o", (f"/Settings/{number}",)
        raise ToolError("unknown connection", "look")

    def _ActivateConnection(self, call):  # noqa: N802
        profile, device = call.values[:2]
        path = sorted(self.world.profiles)[int(profile.rpartition("/")[2])]
        serial = re.search(r"modem-(\d+)", path).group(1)
        name = device.rpartition("/")[2].replace("_", "-")
        active = f"/Active/{device.rpartition('/')[2]}"
        if serial in self.world.refuse_activation:
            reason = self.world.refuse_activation[serial]
            if isinstance(reason, str):
                raise ToolError(reason, "look")
            self.world.signals.append(
                message(wire.SIGNAL, "uuu", (120, 50, reason), path=device,
                        interface=f"{NM}.Device", member="StateChanged")
            )  # fmt: skip
            return "o", ("/Active/gone",)
        table = re.search(r"route-table=(\d+)", Path(path).read_text()).group(1)
        self.bring_up(serial, int(name.removeprefix("cdc-wdm")), table)
        return "o", (active,)

    def bring_up(self, serial, index, table):
        self.world.connect(serial, index, table)

    def _DeactivateConnection(self, call):  # noqa: N802
        name = call.values[0].rpartition("/")[2].replace("_", "-")
        self.world.devices[name].update(State=30, profile=None, IpInterface="")
        return "", ()

    def _ListUnitsByNames(self, call):  # noqa: N802
        rows = []
        for name in call.values[0]:
            state = self.world.units.get(name, {}).get("active", "inactive")
            path = "/unit/" + name.replace("@", "_").replace(".", "_")
            rows.append((name, "", "loaded", state, "", "", path, 0, "", "/"))
        return "a(ssssssouso)", (rows,)

    def _GetUnitFileState(self, call):  # noqa: N802
        enabled = self.world.units.get(call.values[0], {}).get("enabled")
        return "s", ("enabled" if enabled else "disabled",)

    def _Get(self, call):  # noqa: N802
        if call.values[1] == "Result":
            return "v", (("s", "exit-code"),)
        if call.values[1] == "Ip4Config":
            return "v", (("a{sv}", variants(self.world.bearers.get(call.path, {}))),)
        for name, unit in self.world.units.items():
            if call.path == "/unit/" + name.replace("@", "_").replace(".", "_"):
                return "v", (("t", int(unit.get("changed", 0) * 1e6)),)
        return "v", (("t", 0),)

    def _GetUnit(self, call):  # noqa: N802
        return "o", ("/unit/x",)

    def _EnableUnitFiles(self, call):  # noqa: N802
        for name in call.values[0]:
            self.world.units.setdefault(name, {})["enabled"] = True
        return "ba(sss)", (True, [])

    def _ResetFailedUnit(self, call):  # noqa: N802
        return "", ()

    def _job(self, call):
        name = call.values[0]
        self.world.jobs += 1
        job = f"/job/{self.world.jobs}"
        unit = self.world.units.setdefault(name, {})
        bad = unit.get("broken")
        bad = bad(call.member) if callable(bad) else bad
        if bad:
            unit |= {"active": "failed", "changed": time.time()}
        else:
            unit |= {"active": "active", "changed": time.time()}
        if call.member != "ReloadUnit":
            self.world.listen(name, not bad and not unit.get("deaf"))
        self.world.signals.append(
            message(wire.SIGNAL, "uoss", (self.world.jobs, job, name, "failed" if bad else "done"),
                    interface=f"{SYSTEMD}.Manager", member="JobRemoved")
        )  # fmt: skip
        return "o", (job,)

    def _StartTransientUnit(self, call):  # noqa: N802
        properties = dict(call.values[2])
        (command,) = properties["ExecStart"][1]
        assert command[0] == "/usr/libexec/modemfarm/proxy-check"
        text = Path(command[1][1]).read_text()
        self.world.jobs += 1
        result = "failed" if self.world.refuse_config in text else "done"
        self.world.signals.append(
            message(wire.SIGNAL, "uoss", (1, f"/job/{self.world.jobs}", call.values[0], result),
                    interface=f"{SYSTEMD}.Manager", member="JobRemoved")
        )  # fmt: skip
        return "o", (f"/job/{self.world.jobs}",)

    def _ReloadOrRestartUnit(self, call):  # noqa: N802
        if self.world.routing_unit is None:
            raise ToolError(f"Unit {call.values[0]} not found.", "look")
        self.world.routing_unit()
        return self._job(call)

    _StartUnit = _ReloadUnit = _RestartUnit = _job


class _Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"10.64.7.2\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Farm:
    """A fake host below a folder; `apply` runs the real batch on it."""

    def __init__(self, root, make_modem, port_base, engine="threeproxy"):
        self.root = root
        self.world = World()
        self.bus = FakeBus(self.world)
        self.host = Host(root, Tools(self.world), lambda: self.bus, lambda: FakeNetlink(self.world))
        self._make_modem = make_modem
        self.settings = {
            "version": 1, "host": "lab", "engine": engine, "lan_address": "127.0.0.1",
            "lan_interface": "lo", "clients": ["127.0.0.0/8"], "nameservers": ["203.0.113.53"],
            "apn": "internet", "probe_url": "http://ip.lab.test/", "port_base": port_base,
            "slots": 8,
        }  # fmt: skip
        self.rows = []
        for folder in ("etc/modemfarm/proxy", "run/modemfarm/udev",
                       "etc/NetworkManager/system-connections", "proc/net"):  # fmt: skip
            (root / folder).mkdir(parents=True)
        self.world.publish = self._publish
        two = engine == "v2ray"
        self.world.ports = {
            f"{'v2ray-proxy' if two else '3proxy'}@{slot}.service": {port_base + slot: 61000 + slot}
            for slot in range(1, 9)
        }

    def _publish(self):
        """Listening sockets as /proc/net/tcp shows them."""
        row = "{}: 0100007F:{:04X} 00000000:0000 0A 0:0 00:0 0 {} 0 {} 1 x 100 0 0 10 0"
        rows = [
            row.format(number, port, uid, 4000 + number)
            for number, (port, uid) in enumerate(self.world.listening.items())
        ]
        (self.root / "proc/net/tcp").write_text("\n".join(["head", *rows, ""]))

    def plug(self, slot, *, seen=True, present=True, **sysfs):
        """A modem in `slot` at USB path 1-<slot>, index slot-1; `seen`: the managers know it."""
        serial = SERIALS[slot]
        if present:
            self._make_modem(f"1-{slot}", slot - 1, **sysfs)
        self.rows.append({"serial": serial, "slot": slot, "usb_path": f"1-{slot}",
                          "present": present})  # fmt: skip
        if seen and present:
            self.world.add_modem(serial, f"1-{slot}", slot - 1)
        return serial

    def apply(self, *serials, check_mode=False, wait=5, prove=True):
        from modemfarm.apply.batch import apply_batch

        settings, snapshot = self.root / "farm.json", self.root / "modems.json"
        settings.write_text(json.dumps(self.settings))
        snapshot.write_text(json.dumps({"version": 1, "host": "lab", "modems": self.rows}))
        self.world.calls.clear()
        result = apply_batch(
            serials, str(settings), str(snapshot), wait, check_mode, self.host, prove
        ).as_dict()
        return result, {row["serial"]: row for row in result["modems"]}

    def forget_refusals(self):
        """As if the back-off of each refused configuration were over."""
        for path in (self.root / "etc/modemfarm/proxy/last-good").glob("*.refused"):
            path.write_text(json.dumps(json.loads(path.read_text()) | {"until": 1.0}))

    def files(self):
        """All files with their text, to see that check mode wrote nothing."""
        return {
            str(path.relative_to(self.root)): path.read_text()
            for folder in ("etc", "run")
            for path in sorted((self.root / folder).rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def proxies():
    """HTTP servers on three neighbouring ports: stand-ins for the proxies of slots 1 to 3."""
    for base in range(21000, 22000, 10):
        with contextlib.ExitStack() as stack:
            try:
                servers = [
                    stack.enter_context(
                        http.server.ThreadingHTTPServer(("127.0.0.1", base + slot), _Answers)
                    )
                    for slot in (1, 2, 3)
                ]
            except OSError:
                continue
            for server in servers:
                threading.Thread(target=server.serve_forever, args=(0.05,)).start()
            yield base
            for server in servers:
                server.shutdown()
            return
    pytest.fail("no three free ports")


@pytest.fixture
def farm(tmp_path, make_modem, proxies, monkeypatch):
    monkeypatch.setattr("modemfarm.apply.host.PROXY_GROUP", "root")
    monkeypatch.setattr("modemfarm.apply.wait.PORTS_S", 0.02)
    return Farm(tmp_path, make_modem, proxies)
