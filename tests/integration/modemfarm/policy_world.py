# SPDX-License-Identifier: GPL-3.0-or-later
"""The namespaces of `conftest.Net` with servers to reach, victims not to reach, and one proxy."""

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from modemfarm.apply.plan import render_config
from modemfarm.proxy.plan import proxy_plan

from .conftest import Net, why_not

TOOL = Path(__file__).parent / "policy_tool.py"
LAN, FAR = "192.168.1.100", "203.0.113.10"
LISTEN_CAP_S = 10
METADATA = "169.254.169.254"
# Where something answers PIVOT that no client may reach: this host, its LAN, carrier, other modem.
HOST_VICTIMS = (
    "127.0.0.1:8443", "127.0.0.1:443", f"{LAN}:8443", f"{LAN}:3129", "10.64.1.2:8443",
    "10.64.2.2:8443",
)  # fmt: skip


@contextlib.contextmanager
def opened(engine, program):
    """The whole world, and its end."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    # Not below pytest's own folder: another run of it takes the right to read there away.
    folder = Path(tempfile.mkdtemp(prefix="modemfarm-policies-"))
    folder.chmod(0o755)
    net = Net(folder)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        stack.callback(net.destroy)
        net.build()
        net.serve(stack)
        net.converge(net.target(1, "wwan0"), net.target(2, "wwan1"))
        world = World(net, folder, engine, shutil.copy(program, folder))
        world.open(stack)
        yield world


class World:
    """One proxy in slot 1; `serve` starts it anew with a policy, `reload` lets it read another."""

    def __init__(self, net, folder, engine, program):
        self.net = net
        self.folder = folder
        self.program = program
        self.suffix = "json" if engine == "v2ray" else "cfg"
        self.settings = dataclasses.replace(
            net.settings, engine=engine, nameservers=(IPv4Address("203.0.113.54"),)
        )
        self.slot = self.settings.slot(1)
        self.process = None
        self.log = folder / "log"
        self.victims = []

    def open(self, stack):
        """Start the servers; `stack` ends them."""
        net = self.net
        for namespace in (net.one, net.lan):  # the second one for a proxy that no rule sends away
            for address in ("203.0.113.54", METADATA):
                net.sh(namespace, "ip", "address", "add", f"{address}/32", "dev", "lo")
            self._tool(stack, namespace, "world", "203.0.113.54")
        self._victims(stack, net.host, *HOST_VICTIMS)
        self._victims(stack, net.lan, "192.168.1.50:8443", f"{METADATA}:8443")
        self._victims(stack, net.one, "10.64.1.1:8443", f"{METADATA}:8443")
        stack.callback(self.stop)

    def _tool(self, stack, namespace, *arguments):
        server = stack.enter_context(
            subprocess.Popen(
                ("ip", "netns", "exec", namespace, sys.executable, str(TOOL), *arguments),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
        stack.callback(server.kill)
        assert server.stdout.readline() == "ready\n"
        return server

    def _victims(self, stack, namespace, *places):
        self.victims.append(self._tool(stack, namespace, "victims", *places))

    def hits(self):
        """How often a victim was reached, as the victims know it."""
        total = 0
        for victim in self.victims:
            victim.stdin.write("count\n")
            victim.stdin.flush()
            total += int(victim.stdout.readline())
        return total

    def text(self, own, users=None):
        """The configuration of a policy, as modem_apply renders it."""
        plan = proxy_plan(self.settings, self.slot, own, users, now=datetime.now(UTC))
        return render_config(self.settings, plan)

    def serve(self, own=None, users=None, change=lambda text: text, uid=None):
        """Start the engine anew; `uid` 0 is a user that neither rules nor guard concern."""
        self.stop()
        # Of another port: the kernel keeps a port of closed connections for the user that had it.
        self.slot = self.settings.slot(5 if uid == 0 else 1)
        path = self.folder / f"1.{self.suffix}"
        path.write_text(change(self.text(own or {}, users)))
        path.chmod(0o644)
        uid = self.slot.uid if uid is None else uid
        drop = ("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups")
        words = ("-config", str(path)) if self.suffix == "json" else (str(path),)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                ("ip", "netns", "exec", self.net.host, *drop, self.program, *words),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        ports = [port for port in (self.slot.port, self.slot.socks_port) if port]
        self.until(lambda: all(self._listens(port) for port in ports))

    def reload(self, own, users=None):
        """Let the running 3proxy read the configuration of another policy."""
        (self.folder / "1.cfg").write_text(self.text(own, users))
        os.kill(self._pid(), signal.SIGUSR1)

    def _pid(self):
        """`ip netns exec` and setpriv become the engine by exec."""
        return self.process.pid

    def _listens(self, port):
        assert self.process.poll() is None, self.log.read_text()
        return f"{LAN}:{port} " in self.net.sh(self.net.host, "ss", "-Hltn")

    def until(self, condition):
        deadline = time.monotonic() + LISTEN_CAP_S
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def tries(self, asked, namespace=None, source=None):
        """What came of each try, from a client in the LAN."""
        ports = [str(port) for port in (self.slot.port, self.slot.socks_port) if port]
        done = subprocess.run(
            ("ip", "netns", "exec", namespace or self.net.lan, sys.executable, str(TOOL), "tries",
             LAN, *ports),
            input=json.dumps(asked), capture_output=True, text=True, check=True, timeout=180,
        )  # fmt: skip
        return json.loads(done.stdout)

    def one(self, way, *, namespace=None, **values):
        """One try."""
        (found,) = self.tries([{"way": way, **values}], namespace)
        return found

    @contextlib.contextmanager
    def tunnel(self, host, port):
        """A connection through the proxy; a call of what it gives asks for two bytes by it."""
        with contextlib.ExitStack() as stack:
            client = self._tool(
                stack, self.net.lan, "tunnel", LAN, str(self.slot.port), host, str(port)
            )

            def ask():
                client.stdin.write("go\n")
                client.stdin.flush()
                return client.stdout.readline().strip()

            yield ask

    def lines(self):
        """The JSON lines of 3proxy's log, those about requests."""
        with contextlib.suppress(FileNotFoundError):
            rows = [json.loads(line) for line in self.log.read_text().splitlines() if line]
            return [row for row in rows if row["svc"] != "AUTO"]
        return []


# The ways that lead to a place that no client may reach: its address in every spelling, and names.
SPELLINGS = (
    "127.0.0.1", "127.1", "2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "0.0.0.0",
    "localhost", "a-127-0-0-1.test", LAN, "3232235876", "a-192-168-1-100.test", "192.168.1.50",
    "a-192-168-1-50.test", "10.64.1.2", "a-10-64-1-2.test", "10.64.2.2", "a-10-64-2-2.test",
    "10.64.1.1", "a-10-64-1-1.test", METADATA, "a-169-254-169-254.test",
)  # fmt: skip
SPELLINGS_6 = ("::1", "::ffff:127.0.0.1", "::ffff:192.168.1.100", "::127.0.0.1")
WAYS = ("get", "plain", "connect", "socks4", "socks5", "udp")


def pivots():
    """All the tries."""
    found = [{"way": way, "host": host, "port": 8443} for way in WAYS for host in SPELLINGS]
    found += [
        {"way": way, "host": host, "port": 8443}
        for way in ("socks5", "udp")
        for host in SPELLINGS_6
    ]
    found += [
        {"way": way, "host": f"[{host}]", "port": 8443}
        for way in ("get", "connect") for host in SPELLINGS_6
    ]  # fmt: skip
    found += [{"way": way, "host": LAN, "port": 3129} for way in WAYS]
    found += [{"way": "sni", "host": host} for host in ("localhost", "a-127-0-0-1.test")]
    found += [{"way": way, "host": FAR, "port": 80, "command": 2} for way in ("socks4", "socks5")]
    found += [{"way": "get", "scheme": "ftp", "host": host, "port": 8443} for host in SPELLINGS[:3]]
    # The first datagram to a place that is allowed, the second one to one that is not.
    found += [
        {"way": "udp", "first": [FAR, 7], "host": host, "port": 8443} for host in SPELLINGS[:12]
    ]
    return found
