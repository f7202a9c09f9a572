# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxies that are compared, each with as little configuration as lets the LAN through.

Ours has all of its own: access lists, limits, JSON log, resolvers, mark. Where a packaged one has a
worker setting it is left as the package has it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from modemfarm.proxy import threeproxy
from modemfarm.proxy.plan import proxy_plan

from ...host.errors import LabError
from .load import inside
from .stage import LAN, UID_BASE, UPLINK, Stage, settings

START_S = 20.0
OTHERS_UID = 60999  # beside the farm's
SBIN = "/usr/local/3proxy/sbin:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
OURS, BARE = "ours", "bare 3proxy"
HTTP_PORT, SOCKS_PORT, PORT_BASE = 8118, 1080, 3127


@dataclass(frozen=True)
class Engine:
    """One program. `ports` by protocol (http takes CONNECT as well); `write` makes its arguments.

    uid None: it has to be started as root and changes its user itself.
    """

    name: str
    program: str
    package: str
    ports: dict[str, int]
    write: Callable[[Path], list[str]]
    uid: int | None = OTHERS_UID

    def port(self, how: str) -> int | None:
        """Its port for a way of load.c; None for one that it has not."""
        way = how.removeprefix("keep-")
        return self.ports.get("socks" if way == "socks" else "http")


def ours(slot: int, program: str, connections: int = 500) -> Engine:
    """The farm's configuration of a slot, under its uid; any slot, also beyond those of a host."""
    farm = replace(settings(30), max_connections=connections)
    plan = replace(farm.slot(1), slot=slot, port=PORT_BASE + slot, uid=UID_BASE + slot)

    def write(folder: Path) -> list[str]:
        path = folder / f"{slot}.cfg"
        path.write_text(threeproxy.render(proxy_plan(farm, plan)))
        return [str(path)]

    return Engine(OURS, program, "", dict.fromkeys(("http", "socks"), plan.port), write, plan.uid)


def bare(program: str, port: int = 3200) -> Engine:
    """The same program with one line: no list, no limit, no log."""

    def write(folder: Path) -> list[str]:
        path = folder / f"bare-{port}.cfg"
        # Without maxconn 500 connections would be the most; the two options are ours as well:
        # without them Nagle's algorithm would be what is compared (44 ms a request).
        path.write_text(f"maxconn 2000\nauto -p{port} -i{LAN} -4 -ocTCP_NODELAY -osTCP_NODELAY\n")
        return [str(path)]

    return Engine(BARE, program, "", dict.fromkeys(("http", "socks"), port), write)


def _microsocks(_: Path) -> list[str]:
    return ["-i", LAN, "-p", str(SOCKS_PORT)]


def _dante(folder: Path) -> list[str]:
    path = folder / "danted.conf"
    path.write_text(
        f"logoutput: /dev/null\ninternal: {LAN} port = {SOCKS_PORT}\nexternal: {UPLINK}\n"
        "clientmethod: none\nsocksmethod: none\nuser.privileged: root\nuser.unprivileged: nobody\n"
        "client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n"
        "socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n"
    )
    return ["-f", str(path), "-p", str(folder / "danted.pid")]


def _squid(folder: Path) -> list[str]:
    path = folder / "squid.conf"
    path.write_text(
        f"http_port {LAN}:{HTTP_PORT}\nhttp_access allow all\ncache deny all\naccess_log none\n"
        f"cache_log /dev/null\ncache_store_log none\npid_filename none\nnetdb_filename none\n"
        f"coredump_dir {folder}\nshutdown_lifetime 0 seconds\ndns_nameservers 203.0.113.53\n"
        "max_filedescriptors 16384\n"
    )
    return ["-N", "-f", str(path)]


def _tinyproxy(folder: Path) -> list[str]:
    path = folder / "tinyproxy.conf"
    path.write_text(
        f'Port {HTTP_PORT}\nListen {LAN}\nTimeout 600\nMaxClients 2000\nLogFile "/dev/null"\n'
        "DisableViaHeader Yes\n"
    )
    return ["-d", "-c", str(path)]


def _privoxy(folder: Path) -> list[str]:
    path = folder / "privoxy.conf"
    path.write_text(
        f"confdir {folder}\nlogdir {folder}\nlisten-address {LAN}:{HTTP_PORT}\ntoggle 0\n"
        "max-client-connections 2000\nkeep-alive-timeout 300\nconnection-sharing 1\n"
    )
    return ["--no-daemon", str(path)]


def _v2ray(folder: Path) -> list[str]:
    path = folder / "v2ray.json"
    inbounds = [
        {"listen": LAN, "port": HTTP_PORT, "protocol": "http"},
        {"listen": LAN, "port": SOCKS_PORT, "protocol": "socks", "settings": {"auth": "noauth"}},
    ]
    document = {"log": {"loglevel": "none"}, "inbounds": inbounds,
                "outbounds": [{"protocol": "freedom"}]}  # fmt: skip
    path.write_text(json.dumps(document))
    return ["-config", str(path)]


_SOCKS, _HTTP = {"socks": SOCKS_PORT}, {"http": HTTP_PORT}
PEERS = (
    Engine("microsocks", "microsocks", "microsocks", _SOCKS, _microsocks),
    Engine("dante", "danted", "dante-server", _SOCKS, _dante, None),
    Engine("squid", "squid", "squid", _HTTP, _squid),
    Engine("tinyproxy", "tinyproxy", "tinyproxy", _HTTP, _tinyproxy),
    Engine("privoxy", "privoxy", "privoxy", _HTTP, _privoxy),
    Engine("v2ray", "v2ray", "v2ray", _SOCKS | _HTTP, _v2ray),
)


def find(program: str) -> str | None:
    """The full path of a program."""
    return shutil.which(program, path=SBIN)


def installed() -> tuple[list[Engine], list[str]]:
    """The peers that are here, and a note for each that is not."""
    there = [peer for peer in PEERS if find(peer.program)]
    notes = [f"{p.name}: left out, package {p.package} is not installed"
             for p in PEERS if p not in there]  # fmt: skip
    return there, notes


@contextmanager
def running(on: Stage, engine: Engine, folder: Path) -> Iterator[int]:
    """Start one on a stage and wait for its ports; its process id."""
    with ExitStack() as stack:
        process = begin(on, engine, folder)
        stack.callback(end, process)
        wait_for_ports(engine, process)
        yield process.pid


def begin(on: Stage, engine: Engine, folder: Path) -> subprocess.Popen[bytes]:
    """Start one, without waiting."""
    program = find(engine.program) or engine.program
    uid = engine.uid
    own = folder / f"{engine.name}-{max(engine.ports.values())}".replace(" ", "-")
    own.mkdir(exist_ok=True)
    os.chown(own, uid or 0, uid or 0)
    drop = [] if uid is None else [
        "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"
    ]  # fmt: skip
    command = inside(on.host, "prlimit", "--nofile=16384", *drop, program, *engine.write(own))
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        cwd=own,
    )  # fmt: skip


def wait_for_ports(engine: Engine, process: subprocess.Popen[bytes]) -> None:
    """LabError when it ends, or does not listen in time."""
    deadline = time.monotonic() + START_S
    wanted = set(engine.ports.values())
    while not wanted <= listening(process, engine.uid):
        if process.poll() is not None:
            raise LabError(f"{engine.name} ended with {process.returncode} at its start")
        if time.monotonic() > deadline:
            raise LabError(f"{engine.name} does not listen after {START_S:g} s")
        time.sleep(0.01)


def listening(process: subprocess.Popen[bytes], uid: int | None) -> set[int]:
    """Ports that `uid` (None: anybody) listens on in the namespace of a process; starts nothing."""
    try:
        told = Path(f"/proc/{process.pid}/net/tcp").read_text()
    except OSError:
        return set()  # it has just ended
    rows = (line.split() for line in told.splitlines()[1:])
    return {
        int(row[1].split(":")[1], 16)
        for row in rows
        if row[3] == "0A" and uid in (None, int(row[7]))
    }


def end(process: subprocess.Popen[bytes]) -> None:
    for pid in reversed(family(process.pid)):
        subprocess.run(["kill", "-KILL", str(pid)], check=False, capture_output=True)
    process.wait(10)


def family(pid: int) -> list[int]:
    """A process and its descendants; tinyproxy's and dante's workers are processes."""
    found = [pid]
    for parent in found:
        children = Path(f"/proc/{parent}/task/{parent}/children")
        if children.exists():
            found += [int(word) for word in children.read_text().split()]
    return found


def pss_mib(pid: int) -> float:
    """Memory of a process and its descendants, pages that are shared counted once (PSS)."""
    total = 0
    for one in family(pid):
        try:
            text = Path(f"/proc/{one}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(x.split()[1]) for x in text.splitlines() if x.startswith("Pss:"))
    return total / 1024
