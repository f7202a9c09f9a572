# SPDX-License-Identifier: GPL-3.0-or-later
"""A modem host in namespaces: the kernel's own routing, nftables and files, at native speed.

`enter` belongs into a process started by `unshare --mount --net`: it hides /sys, /dev, /run, /etc
and /var/lib behind folders of its own, so the real plays run on their real paths and touch nothing.
"""

from __future__ import annotations

import grp
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modemfarm.settings import DEFAULT_PATH as SETTINGS
from modemfarm.snapshot import DEFAULT_PATH as SNAPSHOT

from ...modem.identity import default_iccid, default_imei
from .server import address

PORT_BASE, UID_BASE = 21000, 60100
PREFIX = 30
LAST_UID = UID_BASE + 900
# The routing role's table, as far as the plays look at it.
GUARD = f"""
table inet modemfarm_guard {{
 set uplinks {{ type uid . ifname; }}
 chain output {{
  type filter hook output priority filter; policy accept;
  meta skuid {UID_BASE + 1}-{LAST_UID} ct direction original jump uplink
 }}
 chain uplink {{ meta skuid . oifname @uplinks accept; counter reject; }}
}}
"""
GROUPS = ("farm-px", "modemfarm")
ANSWER_S = 0.03  # of an AT command
APNS = ("internet", "internet.other")
CLIENTS = (["127.0.0.0/8"], ["127.0.0.0/8", "192.0.2.0/24"])
NODES = ("null", "zero", "random", "urandom", "full", "tty")
FOLDERS = (
    SETTINGS.parent / "proxy", SNAPSHOT.parent / "spool", Path("/run/modemfarm/udev"),
    Path("/run/dbus"), Path("/run/lock"), Path("/etc/NetworkManager/system-connections"),
)  # fmt: skip


@dataclass
class World:
    """A host with `count` modems; `change` alters what the settings and the registry say."""

    root: Path
    count: int
    database: str = "dbname=none"
    _clients: int = 0
    _apn: int = 0

    @property
    def serials(self) -> list[str]:
        """The IMEIs by slot."""
        return [default_imei(number) for number in range(1, self.count + 1)]

    def change(self, *, proxies: bool = False, bearers: bool = False) -> None:
        """Other clients for each proxy, another APN for each bearer; the same again to and fro."""
        self._clients ^= proxies
        self._apn ^= bearers
        self.write()

    def write(self) -> None:
        """Settings and snapshot."""
        SETTINGS.write_text(json.dumps(self.settings()))
        rows = [
            {"serial": serial, "slot": slot, "usb_path": f"1-{slot}", "present": True,
             "iccid": default_iccid(slot), "apn": APNS[self._apn], "sim_open": True}
            for slot, serial in enumerate(self.serials, 1)
        ]  # fmt: skip
        SNAPSHOT.write_text(json.dumps({"version": 1, "host": "bench", "modems": rows}))

    def settings(self) -> dict[str, Any]:
        """The document of farm.json."""
        return {
            "version": 1, "host": "bench", "engine": "threeproxy", "lan_address": "127.0.0.1",
            "lan_interface": "lo", "clients": CLIENTS[self._clients],
            "nameservers": ["203.0.113.53"], "apn": "internet", "port_base": PORT_BASE,
            "probe_url": "http://ip.lab.test/",
            "uid_base": UID_BASE, "slots": max(8, self.count), "database": self.database,
        }  # fmt: skip


@contextmanager
def enter(root: Path, count: int, database: str = "dbname=none") -> Iterator[World]:
    """The host below `root`, an empty folder. CalledProcessError where namespaces do not work."""
    world = World(root, count, database)
    with ExitStack() as stack:
        stack.enter_context(_process("modemlab.bench.modems", root, count, ANSWER_S))
        _hide(root)
        _interfaces(count)
        stack.enter_context(_process("modemlab.bench.world.server", count, PORT_BASE, UID_BASE))
        world.write()
        yield world


def _hide(root: Path) -> None:
    run("mount", "--make-rprivate", "/")
    run("cp", "-a", "/etc", root / "etc")
    for group in GROUPS:
        if group not in {entry.gr_name for entry in grp.getgrall()}:
            with (root / "etc/group").open("a") as stream:
                stream.write(f"{group}:x:{60900 + GROUPS.index(group)}:\n")
    run("mount", "--bind", root / "etc", "/etc")
    run("mount", "--bind", root / "sys", "/sys")
    _devices(root / "dev")
    for folder in ("/run", "/var/lib"):
        run("mount", "-t", "tmpfs", "-o", "mode=0755", "bench", folder)
    for path in FOLDERS:
        path.mkdir(parents=True, exist_ok=True)


def _devices(folder: Path) -> None:
    """Beside the modems' ports what every program needs, then all of it in place of /dev."""
    for name in NODES:
        (folder / name).touch()
        run("mount", "--bind", f"/dev/{name}", folder / name)
    for name in ("pts", "shm"):
        (folder / name).mkdir()
    run("mount", "--bind", "/dev/pts", folder / "pts")
    run("mount", "-t", "tmpfs", "-o", "mode=1777", "bench", folder / "shm")
    (folder / "ptmx").symlink_to("pts/ptmx")
    (folder / "fd").symlink_to("/proc/self/fd")
    run("mount", "--rbind", folder, "/dev")


def _interfaces(count: int) -> None:
    lines = ["link set lo up"]
    for number in range(1, count + 1):
        name, table = f"wwan{number - 1}", 1000 + number
        lines += [
            f"link add {name} type veth peer name far{number}",
            f"address add {address(number)}/{PREFIX} dev {name}",
            f"link set {name} up",
            f"link set far{number} up",
            f"route add default dev {name} table {table}",
        ]
    run("ip", "-batch", "-", text="\n".join(lines) + "\n")
    run("nft", "-f", "-", text=GUARD)


@contextmanager
def _process(module: str, *arguments: object) -> Iterator[None]:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None  # noqa: S101 - PIPE above
        assert process.stdout is not None  # noqa: S101
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"{module} did not start")
        try:
            yield
        finally:
            process.stdin.close()
            process.wait(30)


def run(*command: object, text: str = "") -> str:
    """Run a tool; CalledProcessError when it fails."""
    words = [str(word) for word in command]
    return subprocess.run(words, input=text, check=True, text=True, stdout=subprocess.PIPE).stdout
