# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens on a TCP port of this host, from /proc/net/tcp: no process, no guessing.

3proxy stays alive beside a foreign listener and waits, so the state of its unit says nothing.
"""

import contextlib
import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

_LISTEN = "0A"  # TCP_LISTEN in hex (include/net/tcp_states.h)
_ANY = IPv4Address(0)


@dataclass(frozen=True)
class Listener:
    """One listening socket; address None stands for one of IPv6, which takes IPv4 as well."""

    address: IPv4Address | None
    port: int
    uid: int
    inode: int


def read_listeners(proc: Path = Path("/proc")) -> tuple[Listener, ...]:
    """All listening TCP sockets of this network namespace."""
    found: list[Listener] = []
    for name in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / name).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue  # a kernel without IPv6
        found += (item for line in lines if (item := _listener(line)) is not None)
    return tuple(found)


def _listener(line: str) -> Listener | None:
    fields = line.split()
    if len(fields) < 10 or fields[3] != _LISTEN:
        return None
    address, port = fields[1].split(":")
    if len(address) == 32 and address.strip("0"):
        return None  # one IPv6 address only: no client of an IPv4 address ends up there
    return Listener(_address(address), int(port, 16), int(fields[7]), int(fields[9]))


def _address(text: str) -> IPv4Address | None:
    if len(text) != 8:
        return None
    # The kernel prints the word in the byte order of the machine.
    return IPv4Address(socket.inet_ntoa(struct.pack("=I", int(text, 16))))


def owners(listeners: tuple[Listener, ...], address: IPv4Address, port: int) -> frozenset[int]:
    """The uids that listen where a client of address:port would end up."""
    return frozenset(
        item.uid
        for item in listeners
        if item.port == port and item.address in (None, _ANY, address)
    )


def describe_holders(listeners: Iterable[Listener], proc: Path = Path("/proc")) -> dict[int, str]:
    """Who has these sockets, by port: `pid 4711 (nginx), uid 33`.

    Only the uid where the processes' descriptors may not be read (the apply service's sandbox).
    """
    wanted = {f"socket:[{item.inode}]": item for item in listeners}
    found = {item.port: f"uid {item.uid}" for item in wanted.values()}
    for folder in proc.glob("[0-9]*"):
        for target in _descriptors(folder / "fd"):
            item = wanted.get(target)
            if item is not None:
                found[item.port] = f"pid {folder.name} ({_name(folder)}), uid {item.uid}"
    return found


def _descriptors(folder: Path) -> Iterator[str]:
    try:
        for entry in folder.iterdir():
            with contextlib.suppress(OSError):
                yield str(entry.readlink())
    except OSError:
        return  # it has ended, or is none of ours


def _name(folder: Path) -> str:
    try:
        text = (folder / "comm").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "?"
    return "".join(c for c in text if c.isprintable())[:20]
