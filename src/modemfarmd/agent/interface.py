# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel has of one network interface: its address and what came in by it."""

from __future__ import annotations

import fcntl
import socket
import struct
from pathlib import Path

_GET_ADDRESS = 0x8915  # SIOCGIFADDR, netdevice(7)
_REQUEST = struct.Struct("16s24x")  # struct ifreq: the name; the kernel writes a sockaddr_in


def address_of(interface: str) -> str | None:
    """Its IPv4 address, None when it has none or is gone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            answer = fcntl.ioctl(any_socket, _GET_ADDRESS, _REQUEST.pack(interface.encode()))
        except OSError:
            return None
    return socket.inet_ntoa(answer[20:24])


def received_packets(interface: str, sys: Path = Path("/sys")) -> int | None:
    """How many packets came in by it, None when it is gone."""
    try:
        return int((sys / "class/net" / interface / "statistics/rx_packets").read_text())
    except (OSError, ValueError):
        return None
