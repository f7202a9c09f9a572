# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts packets that reach the LAN gateway although they should not leave by the LAN at all."""

import asyncio
import contextlib
import ctypes
import socket
import struct
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import Any

from modemlab.carrier.addresses import SERVICES_V4, SERVICES_V6
from modemlab.carrier.counters import bump

ETH_P_IP, ETH_P_IPV6 = 0x0800, 0x86DD  # linux/if_ether.h
SO_ATTACH_FILTER = 26  # asm-generic/socket.h
SNAP = 64  # both IP headers fit
BURST = 64
RECEIVE_BUFFER = 4 * 1024 * 1024  # a burst of leaked packets is to be counted, not lost

_TRAPPED = frozenset(
    [IPv4Address(a).packed for a in SERVICES_V4] + [IPv6Address(a).packed for a in SERVICES_V6]
)


def lan_filter(network: IPv4Network) -> bytes:
    """Classic BPF program for IPv4 headers: drop what has both ends inside `network`.

    So the kernel throws ordinary LAN traffic away before it costs Python anything.
    """
    load, mask, equal, give = 0x20, 0x54, 0x15, 0x06  # LD|W|ABS, ALU|AND|K, JMP|JEQ|K, RET|K
    net, bits = int(network.network_address), int(network.netmask)
    program = [
        (load, 0, 0, 12),
        (mask, 0, 0, bits),
        (equal, 0, 3, net),
        (load, 0, 0, 16),
        (mask, 0, 0, bits),
        (equal, 1, 0, net),
        (give, 0, 0, SNAP),
        (give, 0, 0, 0),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in program)


class LeakCounter:
    """Reads the gateway's device; `is_wan` tells whether a source is some modem's WAN address."""

    def __init__(self, is_wan: Callable[[str], bool]) -> None:
        self._is_wan = is_wan
        self._sockets: list[socket.socket] = []
        self.reset()

    def reset(self) -> None:
        """Forget everything counted."""
        self.trapped: Counter[str] = Counter()  # "source > destination" to a carrier service
        self.wan_source: Counter[str] = Counter()  # by source: a modem's address on the LAN
        self.foreign_source: Counter[str] = Counter()  # by source: neither LAN nor modem
        self.elsewhere: Counter[str] = Counter()  # by destination: the host's other traffic

    def open(self, device: str, network: IPv4Network) -> None:
        """Open the sockets; call it inside the namespace of `device`."""
        self._network = network
        for protocol in (ETH_P_IP, ETH_P_IPV6):
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(protocol))
            self._sockets.append(tap)
            tap.setblocking(False)
            tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            if protocol == ETH_P_IP:
                _attach(tap, lan_filter(network))
            tap.bind((device, protocol))

    def start(self) -> None:
        """Read in the running event loop."""
        loop = asyncio.get_running_loop()
        for tap in self._sockets:
            loop.add_reader(tap, self._readable, tap)

    def stop(self) -> None:
        """Stop reading and close the sockets."""
        loop = asyncio.get_running_loop()
        for tap in self._sockets:
            loop.remove_reader(tap)
            tap.close()
        self._sockets.clear()

    def _readable(self, tap: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(BURST):
                self.count(tap.recv(SNAP))

    def count(self, packet: bytes) -> None:
        """Count one packet (raw IP, at least the header) that came from the host."""
        version = packet[0] >> 4 if packet else 0
        if version == 4 and len(packet) >= 20:
            source, target = packet[12:16], packet[16:20]
            inside = IPv4Address(source) in self._network or not any(source)
            names = str(IPv4Address(source)), str(IPv4Address(target))
            plain = target[0] >= 224
        elif version == 6 and len(packet) >= 40:
            source, target = packet[8:24], packet[24:40]
            inside = source[0] in (0xFC, 0xFD, 0xFE) or not any(source)
            names = str(IPv6Address(source)), str(IPv6Address(target))
            plain = target[0] in (0xFC, 0xFD, 0xFE, 0xFF)
        else:
            return
        if self._is_wan(names[0]):
            bump(self.wan_source, names[0])
        elif not inside:
            bump(self.foreign_source, names[0])
        if target in _TRAPPED:
            bump(self.trapped, f"{names[0]} > {names[1]}")
        elif inside and not plain:
            bump(self.elsewhere, names[1])

    def as_dict(self) -> dict[str, Any]:
        """Plain values; `leaks` is the number that has to be 0 in a farm without leaks."""
        return {
            "leaks": self.trapped.total() + self.wan_source.total() + self.foreign_source.total(),
            "trapped": dict(self.trapped),
            "wan_source": dict(self.wan_source),
            "foreign_source": dict(self.foreign_source),
            "elsewhere": dict(self.elsewhere),
        }


def _attach(tap: socket.socket, program: bytes) -> None:
    """SO_ATTACH_FILTER with struct sock_fprog (linux/filter.h)."""
    buffer = ctypes.create_string_buffer(program, len(program))
    fprog = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    tap.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, fprog)
