# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at the lab host: what the kernel, the guard, the files and the carrier say now.

Three process starts a look (`ip`, `nft`): under emulation each costs a tenth of a second.
"""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modemlab import control

SNAPSHOT = Path("/var/lib/modemfarm/modems.json")
SETTINGS = Path("/etc/modemfarm/farm.json")
JOBS = Path("/var/lib/modemfarm-apply")
DEVICES = Path("/sys/bus/usb/devices")
DATA_INTERFACE = 4  # of an EC25
LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp, linux include/net/tcp_states.h
ASK = b"rule show\nroute show table all\n"
TOOL_S = 60.0  # a busy emulated host; a look that late is still a look
CLOSED, LAN_REPLY = 2999, 2000
Object = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """The numbers of farm.json."""

    slots: int
    port_base: int
    uid_base: int
    table_base: int
    rule_base: int
    lan_address: str

    @classmethod
    def read(cls) -> "Plan":
        """From the settings on the host."""
        known = json.loads(SETTINGS.read_text())
        return cls(**{name: known[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Listener:
    """A socket that listens, and whose it is."""

    address: str
    port: int
    uid: int


@dataclass
class World:
    """What was seen; `truth` is the lab daemon's own list of modems, by IMEI."""

    rules: dict[int, list[Object]] = field(default_factory=dict)  # by family
    routes: list[Object] = field(default_factory=list)
    guard: list[Object] | None = None  # None: there is no such table
    listeners: list[Listener] = field(default_factory=list)
    slots: dict[str, int] = field(default_factory=dict)  # serial -> slot, of the snapshot
    truth: dict[str, Object] = field(default_factory=dict)
    interfaces: dict[str, str] = field(default_factory=dict)  # network interface -> IMEI
    lines: dict[str, Object] = field(default_factory=dict)  # carrier's counters by modem number
    leaks: int = 0
    problems: list[str] = field(default_factory=list)  # files that do not parse
    jobs: int = 0  # of the apply service: each has a working folder while it runs


def look(parse_files: Any) -> World:
    """Everything at once; `parse_files` gives the problems of the configurations."""
    seen = World()
    told = control.call({"verb": "list"})["modems"]
    counters = control.call({"verb": "counters"})
    seen.truth = {modem["imei"]: modem for modem in told}
    seen.lines, seen.leaks = counters["modems"], counters["lan"]["leaks"]
    seen.interfaces = {
        name: imei for imei, modem in seen.truth.items() for name in interfaces_at(modem)
    }
    rules, seen.routes = _ip("-4", "-batch", "-")
    seen.rules = {4: rules, 6: _ip("-6", "rule")[0]}
    seen.guard = guard()
    seen.listeners = listeners()
    seen.problems = parse_files()
    seen.jobs = sum(1 for _ in JOBS.glob("job-*"))
    try:
        rows = json.loads(SNAPSHOT.read_text())["modems"]
        seen.slots = {row["serial"]: row["slot"] for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        seen.problems.append(f"{SNAPSHOT}: {error!r}")
    return seen


def interfaces_at(modem: Object) -> list[str]:
    """Names of the network interfaces of a plugged modem, straight from sysfs."""
    path = modem["usb_path"] if modem["plugged"] else None
    if path is None:
        return []
    folder = DEVICES / f"{path}:1.{DATA_INTERFACE}" / "net"
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []  # it is just coming or going


def guard() -> list[Object] | None:
    """The guard's table as nft shows it."""
    done = subprocess.run(
        ["nft", "-j", "list", "table", "inet", "modemfarm_guard"],
        capture_output=True, timeout=TOOL_S, check=False,
    )  # fmt: skip
    if done.returncode:
        return None
    items: list[Object] = json.loads(done.stdout)["nftables"]
    return items


def listeners() -> list[Listener]:
    """All listening IPv4 and IPv6 TCP sockets of the host's own namespace."""
    found = []
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == LISTENING:
                address, port = columns[1].rsplit(":", 1)
                found.append(Listener(_address(address), int(port, 16), int(columns[7])))
    return found


def _address(text: str) -> str:
    if len(text) != 8:
        return f"v6:{text}"
    return ".".join(str(byte) for byte in reversed(bytes.fromhex(text)))


def _ip(*words: str) -> list[list[Object]]:
    done = subprocess.run(
        ["ip", "-j", "-N", *words], input=ASK, capture_output=True, timeout=TOOL_S, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
