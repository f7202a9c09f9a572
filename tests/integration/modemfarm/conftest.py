# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with a LAN and two carriers in network namespaces; each has its own small Internet.

All three own the same addresses 203.0.113.10 and .53, so what answers shows where a packet left.
veth pairs named wwan0 and wwan1 stand in for the modems' interfaces.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from modemfarm.apply.execute import Execution, run_barriers
from modemfarm.apply.host import Host
from modemfarm.apply.netlink import Netlink
from modemfarm.apply.plan import Current, Target, compute
from modemfarm.apply.steps import ChangeGuard, ChangeRules
from modemfarm.apply.tools import run
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import ModemRecord
from modemfarm.usb import UsbInterface, UsbModem

from .builds import archive, built

TOOL = Path(__file__).parent / "net_tool.py"
UIDS = (61001, 61032)
SERIALS = ("867584030000017", "867584030000025")

GUARD = f"""
table inet modemfarm_guard {{
 set uplinks {{
  type uid . ifname
 }}
 chain output {{
  type filter hook output priority filter; policy accept;
  meta skuid {UIDS[0]}-{UIDS[1]} ct direction original jump uplink
 }}
 chain uplink {{
  meta skuid . oifname @uplinks accept
  counter reject with icmpx admin-prohibited
 }}
}}
"""


def why_not():
    """Why namespaces cannot be used here, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [name for name in ("ip", "nft", "setpriv") if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


@contextlib.contextmanager
def inside(name):
    """This thread in a network namespace (setns(2); os.setns came with Python 3.12)."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{name}") as there:  # noqa: PTH123
        assert libc.setns(there.fileno(), 0) == 0
        try:
            yield
        finally:
            assert libc.setns(home.fileno(), 0) == 0


class Net:
    """The namespaces; names carry the process id, so runs do not meet."""

    def __init__(self, folder):
        tag = f"mf{os.getpid()}"
        self.host, self.lan, self.one, self.two = (f"{tag}{name}" for name in "hlab")
        self.settings = FarmSettings.from_dict(
            {
                "version": 1, "host": "lab", "engine": "threeproxy",
                "lan_address": "192.168.1.100", "lan_interface": "lan0",
                "clients": ["192.168.1.0/24"], "nameservers": ["203.0.113.53"],
                "apn": "internet", "probe_url": "http://203.0.113.10/",
            }
        )  # fmt: skip
        self.api = Host(folder, self._run, netlink=self._netlink)

    def _netlink(self):
        with inside(self.host):  # a socket belongs to the namespace in which it was made
            return Netlink()

    def _run(self, command, text="", timeout=20.0):
        return run(("ip", "netns", "exec", self.host, *command), text, timeout)

    def sh(self, namespace, *command, check=True):
        done = subprocess.run(
            ("ip", "netns", "exec", namespace, *command),
            capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
        assert not check or done.returncode == 0, (command, done.stderr)
        return done.stdout.strip()

    def tool(self, namespace, *arguments, uid=None):
        drop = (f"--reuid={uid}", f"--regid={uid}", "--clear-groups") if uid else ()
        return self.sh(namespace, "setpriv", *drop, sys.executable, str(TOOL), *map(str, arguments))

    def build(self):
        for name in (self.host, self.lan, self.one, self.two):
            subprocess.run(("ip", "netns", "add", name), check=True)
            self.sh(name, "ip", "link", "set", "lo", "up")
        self._wire("lan0", self.lan, "192.168.1.100/24", "192.168.1.1/24")
        self.sh(self.lan, "ip", "address", "add", "192.168.1.50/24", "dev", "p-lan0")
        self._wire("wwan0", self.one, "10.64.1.2/30", "10.64.1.1/30")
        self._wire("wwan1", self.two, "10.64.2.2/30", "10.64.2.1/30")
        self.sh(self.host, "ip", "route", "add", "default", "via", "192.168.1.1")
        self.sh(self.host, "ip", "-6", "route", "add", "default", "via", "fd00:1::1", "dev", "lan0")
        self.route(1001, "wwan0", "10.64.1.1")
        self.route(1002, "wwan1", "10.64.2.1")
        run(("ip", "netns", "exec", self.host, "nft", "-f", "-"), GUARD)

    def _wire(self, name, peer, address, far):
        self.sh(self.host, "ip", "link", "add", name, "type", "veth",
                "peer", "name", f"p-{name}", "netns", peer)  # fmt: skip
        ends = (
            (self.host, name, address, "fd00:1::2/64"),
            (peer, f"p-{name}", far, "fd00:1::1/64"),
        )
        for namespace, link, four, six in ends:
            self.sh(namespace, "ip", "address", "add", four, "dev", link)
            if name == "lan0":
                self.sh(namespace, "ip", "address", "add", six, "dev", link, "nodad")
            self.sh(namespace, "ip", "link", "set", link, "up")
        for extra in ("203.0.113.10/32", "203.0.113.53/32"):
            self.sh(peer, "ip", "address", "add", extra, "dev", "lo")
        self.sh(peer, "ip", "address", "add", "2001:db8::10/128", "dev", "lo", "nodad")

    def route(self, table, link, gateway):
        self.sh(self.host, "ip", "route", "replace", "default", "via", gateway,
                "dev", link, "table", str(table))  # fmt: skip

    def serve(self, stack):
        for namespace, view in ((self.lan, "lan"), (self.one, "one"), (self.two, "two")):
            server = stack.enter_context(
                subprocess.Popen(
                    ("ip", "netns", "exec", namespace, sys.executable, str(TOOL), "serve", view),
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                )
            )  # fmt: skip
            stack.callback(server.kill)
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"

    def target(self, slot, link):
        """A modem in `slot` whose network interface is `link`."""
        interface = UsbInterface(4, (255, 255, 255), "qmi_wwan", None, f"cdc-wdm{link[-1]}", link)
        usb = UsbModem(f"1-{slot}", Path("/sys"), "EC25", "", (interface,))
        record = ModemRecord(SERIALS[slot - 1], slot, f"1-{slot}", present=True)
        return Target(record, self.settings.slot(slot), usb)

    def converge(self, *targets):
        """Plan and carry out rules and guard; return the names of the steps."""
        current = Current(rules=self.api.read_rules(), guard=self.api.read_guard())
        steps = [
            step
            for step in compute(current, self.settings, targets).steps
            if isinstance(step, ChangeRules | ChangeGuard)
        ]
        execution = Execution()
        run_barriers(self.api, steps, execution)
        assert execution.errors == {}
        return [step.name for step in steps]

    def destroy(self):
        self.api.close()
        for name in (self.host, self.lan, self.one, self.two):
            subprocess.run(("ip", "netns", "delete", name), check=False, capture_output=True)


@pytest.fixture
def net(tmp_path):
    reason = why_not()
    if reason:
        pytest.skip(reason)
    built = Net(tmp_path)
    with contextlib.ExitStack() as stack:
        stack.callback(built.destroy)
        built.build()
        built.serve(stack)
        yield built


@pytest.fixture
def farm(net):
    """The namespaces with rules and guard for two modems."""
    targets = (net.target(1, "wwan0"), net.target(2, "wwan1"))
    net.converge(*targets)
    return net, targets


@pytest.fixture
def open_folder():
    """A folder that the uids of slots may read; pytest closes its own with each new run."""
    with tempfile.TemporaryDirectory(prefix="modemfarm-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def threeproxy():
    """A 3proxy 1.0.0: $THREEPROXY_PROGRAM, one in PATH, or the role's of $THREEPROXY_ARCHIVE."""
    found = os.environ.get("THREEPROXY_PROGRAM") or shutil.which("3proxy")
    return Path(found) if found else built(archive())


@pytest.fixture(scope="session")
def threeproxy_built():
    """What the role makes of $THREEPROXY_ARCHIVE."""
    return built(archive())
