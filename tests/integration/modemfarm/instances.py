# SPDX-License-Identifier: GPL-3.0-or-later
"""Real 3proxy processes in the host's namespace, where systemd would start them, and a stream."""

import contextlib
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

from modemfarm.errors import ToolError
from modemfarm.proxy import threeproxy
from modemfarm.proxy.plan import proxy_plan
from modemfarm.proxy.switch import Instance

from .conftest import inside

LAN = "192.168.1.100"
LISTEN_CAP_S = 10
TICK_S = 0.02


def config_text(settings, slot):
    """The configuration of a slot."""
    return threeproxy.render(proxy_plan(settings, settings.slot(slot)))


class Instances:
    """`switch.Units` without systemd: each instance runs what `link` leads to, as its own uid."""

    def __init__(self, net, link, folder):
        self.net, self.link, self.folder = net, Path(link), folder
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        self.streams: list[Stream] = []
        self.before_restart = lambda unit: None
        self.ends_by = signal.SIGKILL  # 3proxy sleeps three seconds when it is told to end

    def config(self, slot):
        return self.folder / f"{slot}.cfg"

    def write(self, slot, text=None):
        self.config(slot).write_text(text or config_text(self.net.settings, slot))

    def start(self, slot, wait=True):
        plan = self.net.settings.slot(slot)
        process = subprocess.Popen(
            ("ip", "netns", "exec", self.net.host, "setpriv", f"--reuid={plan.uid}",
             f"--regid={plan.uid}", "--clear-groups", str(self.link), str(self.config(slot))),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.processes[slot] = process
        deadline = time.monotonic() + LISTEN_CAP_S
        while wait and f":{plan.port} " not in self.net.sh(self.net.host, "ss", "-Hltn"):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return process

    def stop(self, slot, with_signal=signal.SIGKILL):
        process = self.processes.pop(slot)
        process.send_signal(with_signal)
        process.wait(10)

    def stream(self, slot):
        """A stream through a port, which ends with the test at the latest."""
        self.streams.append(Stream(self.net, self.net.settings.slot(slot).port))
        return self.streams[-1]

    def close(self):
        for stream in self.streams:
            stream.close()
        for slot in list(self.processes):
            self.stop(slot)

    # switch.Units

    def running(self):
        return [
            Instance(f"3proxy@{slot}.service", process.pid, self.config(slot))
            for slot, process in sorted(self.processes.items())
            if process.poll() is None
        ]

    def restart(self, unit):
        self.before_restart(unit)
        slot = int(unit.removeprefix("3proxy@").removesuffix(".service"))
        self.stop(slot, self.ends_by)
        process = self.start(slot, wait=False)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.3)  # one that cannot run at all has ended by then
            raise ToolError(f"restart of {unit}: failed (exit-code)", "see the journal")

    def program(self, instance):
        return Path(f"/proc/{instance.pid}/exe")


class Stream:
    """A SOCKS connection through a port that says something each 20 ms and hears it back."""

    def __init__(self, net, port, target=("203.0.113.10", 7)):
        with inside(net.lan):
            self._socket = socket.create_connection((LAN, port), 5)
        self._socket.settimeout(5)
        self._socket.sendall(b"\x05\x01\x00")
        assert self._socket.recv(2) == b"\x05\x00"
        address = socket.inet_aton(target[0])
        self._socket.sendall(b"\x05\x01\x00\x01" + address + struct.pack(">H", target[1]))
        reply = self._socket.recv(10)
        assert reply[1] == 0, reply
        self.ticks, self.slowest, self.error = 0, 0.0, None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(TICK_S):
            word, began = struct.pack(">Q", self.ticks), time.monotonic()
            try:
                self._socket.sendall(word)
                back = b""
                while len(back) < len(word):
                    chunk = self._socket.recv(64)
                    if not chunk:
                        raise ConnectionError("closed")
                    back += chunk
            except OSError as error:
                self.error = error
                return
            if back != word:
                self.error = AssertionError(f"{word!r} came back as {back!r}")
                return
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.ticks += 1

    def alive(self):
        """That nothing was lost so far, and that it still moves."""
        before, deadline = self.ticks, time.monotonic() + 5
        while self.ticks == before and self.error is None and time.monotonic() < deadline:
            time.sleep(TICK_S)
        assert self.error is None, self.error
        assert self.ticks > before
        return True

    def close(self):
        self._stop.set()
        self._thread.join(6)
        self._socket.close()


@contextlib.contextmanager
def echo(net, *namespaces):
    """An echo service on 203.0.113.10:7 of each carrier."""
    servers = []
    stop = threading.Event()

    def answer(connection):
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(65536):
                connection.sendall(data)

    def accept(server):
        with contextlib.suppress(OSError):
            while not stop.is_set():
                connection, _ = server.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    for name in namespaces:
        with inside(name):
            server = socket.create_server(("203.0.113.10", 7), backlog=512)
        servers.append(server)
        threading.Thread(target=accept, args=(server,), daemon=True).start()
    try:
        yield
    finally:
        stop.set()
        for server in servers:
            server.shutdown(socket.SHUT_RDWR)
            server.close()


def put(program, folder, name):
    """A copy that any uid may run, as a version of its own."""
    target = folder / name / "3proxy"
    target.parent.mkdir()
    shutil.copy(program, target)
    target.chmod(0o755)
    target.parent.chmod(0o755)
    return target
