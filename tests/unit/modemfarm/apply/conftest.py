# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of files and simulated tools: it answers and changes as the real ones do."""

import contextlib
import http.server
import json
import re
import threading
import time
from pathlib import Path

import pytest

from modemfarm.apply.host import Host
from modemfarm.errors import ToolError

SERIALS = [f"8675840300000{n:02d}" for n in range(100)]
DEVICE_ID = "0a" * 20


def typed(value):
    """A value as busctl --json prints it inside a variant."""
    return {"type": "?", "data": value}


class Tools:
    """Stand-in for `tools.run`. `calls` holds every command; `fail` maps a word to a message."""

    def __init__(self):
        self.calls = []
        self.fail = {}
        self.rules = {4: [{"priority": 0, "src": "all", "table": "255"}], 6: []}
        self.elements = set()
        self.units = {}
        self.modems = {}
        self.devices = {}
        self.profiles = set()
        self.addresses = {}
        self.routes = []
        self.refuse_activation = {}
        self.lock = threading.Lock()

    def __call__(self, command, text="", timeout=0.0):
        with self.lock:
            self.calls.append((tuple(command), text))
            line = " ".join(command) + "\n" + text
            for word, message in self.fail.items():
                if word in line:
                    raise ToolError(message, "look")
            handler = getattr(self, "_" + command[0])
            return handler(list(command[1:]), text) or ""

    def count(self, *words):
        return sum(all(word in command for word in words) for command, _ in self.calls)

    def add_modem(self, serial, usb_path, index, state=8, **extra):
        """ModemManager and NetworkManager have seen a modem."""
        self.modems[usb_path] = {
            "Device": f"/sys/devices/platform/vhci_hcd.0/usb1/{usb_path}",
            "EquipmentIdentifier": serial,
            "DeviceIdentifier": DEVICE_ID,
            "State": state,
            "PrimaryPort": f"cdc-wdm{index}",
            "Ports": [[f"cdc-wdm{index}", 6], [f"wwan{index}", 2]],
        } | extra
        self.devices[f"cdc-wdm{index}"] = {"State": 30, "IpInterface": "", "profile": None}

    def connect(self, serial, index, table, address=None):
        """NetworkManager has brought a bearer up."""
        device = self.devices[f"cdc-wdm{index}"]
        device.update(State=100, IpInterface=f"wwan{index}", profile=f"modem-{serial}")
        self.addresses[f"wwan{index}"] = address or f"10.64.{index}.2"
        self.routes.append({"dst": "default", "dev": f"wwan{index}", "table": str(table)})

    def _ip(self, args, text):
        if args[-1] == "rule":
            return json.dumps(self.rules[6 if args[0] == "-6" else 4])
        if "-batch" in args:
            family = 6 if args[0] == "-6" else 4
            for line in text.splitlines():
                self._rule(family, line.split())
            return None
        if "address" in args:
            rows = self.addresses.items()
            return json.dumps(
                [{"ifname": name, "addr_info": [{"local": address}]} for name, address in rows]
            )
        return json.dumps(self.routes)

    def _rule(self, family, words):
        values = dict(zip(words[2::2], words[3::2], strict=False))
        rule = {"priority": int(values["pref"]), "src": values.get("from", "all")}
        if "uidrange" in values:
            first, last = values["uidrange"].split("-")
            rule |= {"uid_start": int(first), "uid_end": int(last)}
        if "lookup" in values:
            rule["table"] = values["lookup"]
        else:
            rule["action"] = "7"
        if words[1] == "add":
            if rule in self.rules[family]:
                raise ToolError("RTNETLINK answers: File exists", "look")
            self.rules[family].append(rule)
        else:
            self.rules[family].remove(rule)

    def _nft(self, args, text):
        if "list" in args:
            elements = [{"concat": list(item)} for item in sorted(self.elements)]
            return json.dumps({"nftables": [{"set": {"name": "uplinks", "elem": elements}}]})
        for verb, uid, name in re.findall(r'(\w+) element .*\{ (\d+) \. "(\S+)" \}', text):
            change = self.elements.add if verb == "add" else self.elements.remove
            change((int(uid), name))
        return None

    def _systemctl(self, args, text):
        verb, names = args[0], [a for a in args[1:] if not a.startswith("-")]
        if verb == "show":
            return "\n".join(self._show(name) for name in names)
        for name in names:
            unit = self.units.setdefault(name, {"ActiveState": "inactive", "UnitFileState": ""})
            if verb == "enable":
                unit["UnitFileState"] = "enabled"
            elif verb in ("start", "restart", "reload"):
                stamp = f"@{int(time.time())}"
                unit |= {"ActiveState": "active", "StateChangeTimestamp": stamp}
                self.units[name] = unit
        return None

    def _show(self, name):
        unit = self.units.get(name, {"ActiveState": "inactive", "UnitFileState": "disabled"})
        values = {"Id": name, "LoadState": "loaded", "SubState": "running"} | unit
        return "".join(f"{key}={value}\n" for key, value in values.items())

    def _busctl(self, args, text):
        objects = {}
        if "org.freedesktop.ModemManager1" in args:
            for number, modem in enumerate(self.modems.values()):
                properties = {name: typed(value) for name, value in modem.items()}
                registration = properties.pop("RegistrationState", typed(1))
                objects[f"/Modem/{number}"] = {
                    "org.freedesktop.ModemManager1.Modem": properties,
                    "org.freedesktop.ModemManager1.Modem.Modem3gpp": {
                        "RegistrationState": registration
                    },
                }
            return json.dumps({"type": "a", "data": [objects]})
        prefix = "org.freedesktop.NetworkManager"
        for name, device in self.devices.items():
            active = f"/Active/{name}" if device["profile"] else "/"
            objects[f"/Device/{name}"] = {
                f"{prefix}.Device": {
                    "Interface": typed(name),
                    "State": typed(device["State"]),
                    "IpInterface": typed(device["IpInterface"]),
                    "ActiveConnection": typed(active),
                }
            }
            if device["profile"]:
                objects[active] = {f"{prefix}.Connection.Active": {"Id": typed(device["profile"])}}
        for number, path in enumerate(self.profiles):
            objects[f"/Settings/{number}"] = {
                f"{prefix}.Settings.Connection": {"Filename": typed(path)}
            }
        return json.dumps({"type": "a", "data": [objects]})

    def _nmcli(self, args, text):
        if "load" in args:
            self.profiles.update(args[2:])
        elif "up" in args:
            self._up(args[args.index("id") + 1], args[-1])
        elif "down" in args:
            name = args[-1]
            for device in self.devices.values():
                if device["profile"] == name:
                    device.update(State=30, profile=None, IpInterface="")

    def _up(self, profile, device):
        if profile in self.refuse_activation:
            raise ToolError(f"nmcli: {self.refuse_activation[profile]} (exit code 4)", "look")
        path = next((p for p in self.profiles if f"{profile}.nmconnection" in p), None)
        if path is None:
            raise ToolError(f"nmcli: unknown connection '{profile}' (exit code 10)", "look")
        table = re.search(r"route-table=(\d+)", Path(path).read_text()).group(1)
        self.connect(profile.removeprefix("modem-"), int(device.removeprefix("cdc-wdm")), table)

    def _udevadm(self, args, text):
        return None


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
        self.tools = Tools()
        self.host = Host(root, self.tools)
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

    def plug(self, slot, *, seen=True, present=True, **sysfs):
        """A modem in `slot` at USB path 1-<slot>, index slot-1; `seen`: the managers know it."""
        serial = SERIALS[slot]
        if present:
            self._make_modem(f"1-{slot}", slot - 1, **sysfs)
        self.rows.append({"serial": serial, "slot": slot, "usb_path": f"1-{slot}",
                          "present": present})  # fmt: skip
        if seen and present:
            self.tools.add_modem(serial, f"1-{slot}", slot - 1)
        return serial

    def apply(self, *serials, check_mode=False, wait=5):
        from modemfarm.apply.batch import apply_batch

        settings, snapshot = self.root / "farm.json", self.root / "modems.json"
        settings.write_text(json.dumps(self.settings))
        snapshot.write_text(json.dumps({"version": 1, "host": "lab", "modems": self.rows}))
        self.tools.calls.clear()
        result = apply_batch(
            serials, str(settings), str(snapshot), wait, check_mode, self.host
        ).as_dict()
        return result, {row["serial"]: row for row in result["modems"]}

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
    monkeypatch.setattr("modemfarm.apply.wait.POLL_S", 0.02)
    return Farm(tmp_path, make_modem, proxies)
