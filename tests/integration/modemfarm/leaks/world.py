# SPDX-License-Identifier: GPL-3.0-or-later
"""A modem host in network namespaces with what the roles write, two modems and real proxies."""

import contextlib
import dataclasses
import fnmatch
import itertools
import os
import signal
import subprocess
import sys
import time
from ipaddress import IPv4Address
from pathlib import Path

from modemfarm.apply.plan import render_config
from modemfarm.proxy.plan import proxy_plan
from modemfarm.proxy.policy import listen_address
from modemfarm.settings import FarmSettings

from ..conftest import inside
from .client import CLOSED, KINDS, OWN, PATIENT_S, Client
from .scan import Scanner
from .wire import Wires, leaks

HOST = "192.168.1.100"
INTERNET = Path(__file__).with_name("internet.py")
LISTEN_CAP_S = 10
# Slot: (far side, interface, address, gateway)
MODEMS = {
    1: ("one", "wwan0", "10.64.1.2", "10.64.1.1"),
    2: ("two", "wwan1", "10.64.2.2", "10.64.2.1"),
}


class Addresses:
    """What a modem's wire may carry as source address, and when."""

    def __init__(self, first):
        self.now, self._before, self._since = first, first, 0.0

    def change(self, address):
        """Another one, or None, from this moment on: the host has it already."""
        if address != self.now:
            self._before, self.now, self._since = self.now, address, time.monotonic()

    def allow(self, packet):
        """Whether a packet may have its source; that of before the change may come until then."""
        source = str(packet.source)
        return source == self.now or (source == self._before and packet.at < self._since)


COUNT = itertools.count()


class World:
    """`rendered`: folder with the roles' files. `program`: the engine, readable for every uid."""

    def __init__(self, rendered, folder, engine, program):
        self.rendered, self.folder, self.engine, self.program = rendered, folder, engine, program
        self.settings = dataclasses.replace(
            FarmSettings.load(rendered / "etc/modemfarm/farm.json"),
            nameservers=(IPv4Address("203.0.113.53"),),
        )
        tag = f"ml{os.getpid()}{engine[0]}{next(COUNT)}"  # one run may have several at once
        self.names = {name: f"{tag}{name}" for name in ("host", "lan", "one", "two")}
        self.wires = Wires()
        self.addresses = {"one": Addresses("10.64.1.2"), "two": Addresses("10.64.2.2")}
        self.own = {}  # what the policy of a slot has of its own
        self.proxies = {}
        self.clients = []
        self.replug = False  # a state has given the modems' interfaces other names
        self._stack = contextlib.ExitStack()
        self.routing = folder / "routing"
        text = (rendered / "usr/libexec/modemfarm/routing").read_text()
        own = folder / "nftables.conf"
        own.write_text("flush ruleset\ntable inet filter { }\n")  # as Debian's: it flushes first
        self.routing.write_text(
            text.replace("/etc/modemfarm/", f"{rendered}/etc/modemfarm/").replace(
                "/etc/nftables.conf", str(own)
            )
        )

    # -- commands

    def sh(self, script, where="host", check=True):
        """Run lines of shell in one of the namespaces; standard output."""
        done = subprocess.run(
            ("nsenter", f"--net=/run/netns/{self.names[where]}", "sh", "-euc", script),
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert not check or done.returncode == 0, (script, done.stderr)
        return done.stdout.strip()

    def load(self):
        """What modemfarm-routing.service runs."""
        self.sh(f"sh {self.routing}")

    # -- building

    def build(self):
        """Namespaces, wires and the Internets; rules and guard before any modem, as at boot."""
        for name in self.names.values():
            subprocess.run(("ip", "netns", "add", name), check=True)
        for where in self.names:
            self.sh("ip link set lo up", where)
        for where in ("lan", "one", "two"):
            self.sh(
                "ip address add 203.0.113.10/32 dev lo; ip address add 203.0.113.53/32 dev lo\n"
                "ip address add 2001:db8::10/128 dev lo nodad\n"
                "ip route add unreachable default metric 9999", where,
            )  # fmt: skip
        # Strict, as hardening wants it for all; what modems need is in the role's own file.
        self.sh("for n in all default; do echo 1 >/proc/sys/net/ipv4/conf/$n/rp_filter; done")
        self._wire("lan0", "lan")
        self.sh(f"ip address add {HOST}/24 dev lan0; ip address add fd00:1::2/64 dev lan0 nodad\n"
                "ip route add default via 192.168.1.1\n"
                "ip -6 route add default via fd00:1::1")  # fmt: skip
        self.sh(f"ip address add 192.168.1.1/24 dev p-lan0; ip address add {OWN}/24 dev p-lan0\n"
                "ip address add fd00:1::1/64 dev p-lan0 nodad\n"
                "ip route add 10.64.0.0/16 via 192.168.1.100", "lan")  # fmt: skip
        for address in self.settings.listen_addresses:
            self.sh(f"ip address add {address}/24 dev lan0")
        self.load()
        for slot in MODEMS:
            self.plug(slot)
        for where in ("lan", "one", "two"):
            self._serve(where)

    def _wire(self, device, far):
        self.sh(f"ip link add {device} type veth peer name p-{device} netns {self.names[far]}")
        self.sysctl(device)
        self.sh(f"ip link set p-{device} up", far)
        self.sh(f"ip link set {device} up")
        self.wires.add(far, self.names[far], f"p-{device}")

    def sysctl(self, device):
        """What udev has systemd-sysctl do for an interface that appears."""
        lines = (self.rendered / "etc/sysctl.d/80-modemfarm.conf").read_text().splitlines()
        for line in lines:
            key, _, value = line.partition(" = ")
            parts = key.split(".", 3)
            if parts[0] == "net" and len(parts) == 4 and parts[2] == "conf":
                pattern, _, name = parts[3].rpartition(".")
                if fnmatch.fnmatch(device, pattern):
                    path = f"/proc/sys/net/{parts[1]}/conf/{device}/{name}"
                    self.sh(f"echo {value} >{path}")

    def plug(self, slot):
        """A modem's interface with address and routes, and the guard's element."""
        far, device, _, gateway = MODEMS[slot]
        self._wire(device, far)
        self.sh(f"ip address replace {gateway}/30 dev p-{device}", far)
        self.bearer(slot)
        self.element(slot)

    def bearer(self, slot, address=None, gateway=None, prefix=30):
        """Address and routes as NetworkManager sets them: in the slot's table only."""
        far, device, own, via = MODEMS[slot]
        address, gateway = address or own, gateway or via
        table = 1000 + slot
        self.sh(f"ip address replace {address}/{prefix} dev {device} noprefixroute\n"
                f"ip route replace {gateway} dev {device} table {table} scope link src {address}\n"
                f"ip route replace default via {gateway} dev {device} table {table}")  # fmt: skip
        self.addresses[far].change(address)

    def element(self, slot):
        """What the apply does to the guard."""
        uid, device = 61000 + slot, MODEMS[slot][1]
        self.sh(f"nft add element inet modemfarm_guard uplinks '{{ {uid} . \"{device}\" }}'")

    def _serve(self, where):
        server = self._stack.enter_context(
            subprocess.Popen(
                ("nsenter", f"--net=/run/netns/{self.names[where]}", sys.executable,
                 str(INTERNET), where),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
        self._stack.callback(server.kill)
        assert server.stdout.readline() == "ready\n"

    # -- proxies

    def ports(self, slot):
        """(HTTP, SOCKS) of a slot."""
        plan = self.settings.slot(slot)
        return plan.port, plan.socks_port or plan.port

    def listen(self, slot):
        """Where the proxy of a slot is to be asked."""
        return str(listen_address(self.settings, self.own.get(slot)))

    @property
    def kinds(self):
        """What clients ask: v2ray's configuration has no UDP ASSOCIATE."""
        return tuple(k for k in KINDS if self.udp or not k.startswith("udp"))

    @property
    def udp(self):
        """Whether the engine does UDP ASSOCIATE."""
        return self.engine == "threeproxy"

    def start(self, slot, change=lambda text: text, own=None):
        """Run the proxy of a slot as its uid, with the policy `own`.

        `change` alters the written configuration.
        """
        plan = self.settings.slot(slot)
        # UDP is a modem's option: here the matrix needs it.
        udp = {"protocols": ["http", "connect", "socks", "udp"]} if self.udp else {}
        own = udp | self.own.get(slot, {}) | (own or {})
        text = render_config(self.settings, proxy_plan(self.settings, plan, own))
        path = self.folder / plan.config_path.name
        path.write_text(change(text))
        said = path.with_suffix(".log")
        option = ("-config",) if self.engine == "v2ray" else ()
        with said.open("w") as log:
            process = subprocess.Popen(
                ("nsenter", f"--net=/run/netns/{self.names['host']}", "setpriv",
                 f"--reuid={plan.uid}", f"--regid={plan.uid}", "--clear-groups",
                 str(self.program), *option, str(path)),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.proxies[slot] = process
        deadline = time.monotonic() + LISTEN_CAP_S
        for port in set(self.ports(slot)):
            while f"{self.listen(slot)}:{port} " not in self.sh("ss -Hltn"):
                assert process.poll() is None, said.read_text()
                assert time.monotonic() < deadline, said.read_text()
                time.sleep(0.02)

    def stop(self, slot):
        """End the proxy of a slot."""
        process = self.proxies.pop(slot)
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    def client(self, slot, timeout=PATIENT_S, kinds=None):
        """A LAN client of a slot's proxy; `timeout` in seconds for each answer."""
        kinds = kinds or self.kinds
        found = Client(self.names["lan"], self.listen(slot), slot, self.ports(slot), kinds, timeout)
        self.clients.append(found)
        return found

    def scanner(self, far, device):
        """Who sends frames of his own making to the host's `device` from its far end."""
        mac = self.sh(f"ip -o link show {device}").split("link/ether ")[1].split()[0]
        with inside(self.names[far]):
            return contextlib.closing(Scanner(f"p-{device}", mac))

    # -- judging

    def served(self):
        """Ports of the LAN side from which answers to clients may come."""
        ports = {port for slot in MODEMS for port in self.ports(slot)}
        return ports.union(*(client.udp_ports for client in self.clients))

    def leaks(self, bare=False):
        """What was where it must not be since the wires forgot; `bare`: without bare packets."""
        found = leaks(self.wires.packets(), self.addresses, self.served())
        return [packet for packet in found if not (bare and packet.bare)]

    def expected(self, slot):
        """The answers when all is well."""
        far, _, _, _ = MODEMS[slot]
        good = f"{far} {self.addresses[far].now}"
        return {kind: "" if kind in CLOSED else good for kind in self.kinds}

    # -- afterwards

    def heal(self):
        """Everything as `build` left it, whatever a state has broken."""
        for client in self.clients:
            client.close()
        self.clients.clear()
        self.load()  # closed before open: nothing gets out meanwhile
        self.sh("for t in 1001 1002; do ip route flush table $t; done\n"
                "for n in 0 1; do ip route del default dev wwan$n 2>&- || :; done")  # fmt: skip
        if self.replug:
            devices = "ip -o link | sed -n 's/.* \\(wwan[0-9]\\)@.*/link delete \\1/p'"
            self.sh(f"{devices} | ip -batch -")
            self.replug = False
        links = self.sh("ip -o link")
        for slot, (far, device, _, gateway) in MODEMS.items():
            if f" {device}@" not in links:
                self._wire(device, far)
            self.sh(f"ip link set {device} up; ip -4 address flush dev {device}")
            self.sh(f"ip link set p-{device} up; ip -4 address flush dev p-{device}\n"
                    f"ip address replace {gateway}/30 dev p-{device}", far)  # fmt: skip
            self.bearer(slot)
            self.element(slot)

    def close(self):
        """Remove all of it."""
        for client in self.clients:
            client.close()
        for slot in list(self.proxies):
            self.stop(slot)
        self._stack.close()
        self.wires.close()
        for name in self.names.values():
            subprocess.run(("ip", "netns", "delete", name), check=False, capture_output=True)
