# SPDX-License-Identifier: GPL-3.0-or-later
"""The PAC server behind a socket that systemd's own tool has opened, asked by real clients."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
HOST, START_S = "127.0.0.1", 30
SERIAL = "867584030000017"
pytestmark = pytest.mark.skipif(
    shutil.which("systemd-socket-activate") is None, reason="needs systemd-socket-activate"
)


class Served:
    """A host's two files and the server; `port` is where it listens."""

    def __init__(self, folder):
        self.folder = folder
        with socket.create_server((HOST, 0)) as probe:
            self.port = probe.getsockname()[1]
        self.process = None

    def write(self, clients, *slots):
        farm = {
            "version": 1, "host": "h", "engine": "threeproxy", "lan_address": "192.168.1.100",
            "lan_interface": "lan0", "clients": clients, "nameservers": ["9.9.9.9"],
            "apn": "internet", "probe_url": "http://ip.lab.test/",
        }  # fmt: skip
        rows = [{"serial": f"8675840300000{n:02d}", "slot": n} for n in slots]
        for name, document in (
            ("farm.json", farm),
            ("modems.json", {"version": 1, "host": "h", "modems": rows}),
        ):
            (self.folder / "new").write_text(json.dumps(document))
            (self.folder / "new").rename(self.folder / name)

    def start(self, idle="300"):
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "MODEMFARM_SETTINGS": str(self.folder / "farm.json"),
            "MODEMFARM_SNAPSHOT": str(self.folder / "modems.json"),
            "MODEMFARM_PAC_IDLE_S": idle,
        }
        passed = [f"--setenv={name}" for name in environment if name.startswith(("MODEMF", "PYTH"))]
        self.process = subprocess.Popen(
            ["systemd-socket-activate", f"--listen={HOST}:{self.port}", *passed,
             sys.executable, "-m", "modemfarmd.pac.main"],
            env=environment, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + START_S
        while f"{HOST}:{self.port} " not in listening():
            assert time.monotonic() < end
            time.sleep(0.05)

    def get(self, path, **headers):
        """Status, content type, text."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=START_S)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        found = answer.status, answer.headers["Content-Type"], answer.read().decode()
        connection.close()
        return found


def is_cut_off(connection):
    """Whether a head that does not end is given up on before it is 200 kB."""
    try:
        for _ in range(200):
            connection.sendall(b"X: " + b"y" * 1000)
            time.sleep(0.001)
    except (ConnectionResetError, BrokenPipeError):
        return True
    return False


def listening():
    return subprocess.run(("ss", "-Hltn"), capture_output=True, text=True, check=True).stdout


@pytest.fixture
def served(tmp_path):
    made = Served(tmp_path)
    made.write(["127.0.0.0/8"], 1)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait(START_S)


def test_clients_get_what_is_true_now(served):
    served.start()
    status, kind, text = served.get("/wpad.dat")
    assert (status, kind) == (200, "application/x-ns-proxy-autoconfig")
    assert "192.168.1.100:3128" in text
    assert "192.168.1.100:3129" not in text
    assert served.get(f"/pac/{SERIAL}.pac")[0] == 200
    served.write(["127.0.0.0/8"], 1, 2)
    assert "192.168.1.100:3129" in served.get("/wpad.dat")[2]
    served.write(["192.168.1.0/24"], 1, 2)
    assert served.get("/wpad.dat")[0] == 403
    (served.folder / "farm.json").write_text("{")
    assert served.get("/wpad.dat")[0] == 403  # what was known is kept


def test_it_ends_when_nobody_asks(served):
    served.start(idle="0.5")
    assert served.get("/wpad.dat")[0] == 200
    assert served.process.wait(START_S) == 0


def test_slow_and_long_requests_do_not_hold_up_others(served):
    served.start()
    assert served.get("/wpad.dat")[0] == 200
    slow = [socket.create_connection((HOST, served.port)) for _ in range(8)]
    for connection in slow:
        connection.sendall(b"GET /wpad.dat HT")
    began = time.monotonic()
    assert served.get("/wpad.dat")[0] == 200
    assert time.monotonic() - began < 12  # one after another would be 8 times 3 s
    for connection in slow:
        connection.settimeout(START_S)
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
        connection.close()
    with socket.create_connection((HOST, served.port), START_S) as connection:
        assert is_cut_off(connection)
    assert served.get("/wpad.dat")[0] == 200


def test_without_a_socket_it_says_how_it_is_started():
    done = subprocess.run(
        [sys.executable, "-m", "modemfarmd.pac.main"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True, text=True, timeout=START_S, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "modemfarm-pac.socket" in done.stderr
