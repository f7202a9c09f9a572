# SPDX-License-Identifier: GPL-3.0-or-later
"""Every frame that comes out of the host, read at the far end of each wire (packet(7)).

Nothing here knows rules, tables or the guard: a packet belongs to the slot whose marker it carries
(the port that is asked, or the name), and a wire may carry the packets of one slot only.
"""

import contextlib
import selectors
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from ..conftest import inside

ALL_FRAMES = 3  # ETH_P_ALL
BUFFER = 8 << 20
SOL_PACKET, STATISTICS, IGNORE_OUTGOING = 263, 6, 23
RCVBUFFORCE = 33  # SO_RCVBUFFORCE, which Python does not name
ARP, IP4, IP6 = 0x0806, 0x0800, 0x86DD
TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
NEIGHBOURS = {130, 131, 132, 133, 134, 135, 136, 137, 143}  # of ICMPv6: no user's data
LAN = ip_network("192.168.1.0/24")
HOSTS = {ip_address("192.168.1.100"), ip_address("192.168.1.101")}  # the second in test_listen
TURN_S = 0.002
QUIET_S = 0.15  # a frame is at the far end of a veth pair within microseconds


@dataclass(frozen=True)
class Packet:
    """One IP packet; ports are 0 where there are none, `name` is that of a DNS question.

    `bare`: an ACK, FIN or RST without a byte of data, as the kernel sends it without any process.
    """

    wire: str
    source: IPv4Address | IPv6Address
    target: IPv4Address | IPv6Address
    protocol: int
    sport: int = 0
    dport: int = 0
    name: str = ""
    bare: bool = False
    data: bytes = field(default=b"", repr=False, compare=False)
    at: float = field(default_factory=time.monotonic, compare=False)

    @property
    def slot(self):
        """Whose it is by its marker, or None."""
        if self.name:
            return next((n for n in range(1, 5) if f"-s{n}-" in self.name), None)
        low = {TCP: 8000, UDP: 9000}.get(self.protocol, 0)
        return self.dport - low if low < self.dport <= low + 4 else None

    def __str__(self):
        ends = f"{self.source}:{self.sport} > {self.target}:{self.dport}"
        return f"{self.wire}: protocol {self.protocol} {ends} {self.name}".strip()


def parse(wire, frame):
    """The IP packet in an Ethernet frame; None for ARP and the neighbours' talk of IPv6."""
    (kind,) = struct.unpack_from(">H", frame, 12)
    if kind == ARP:
        return None
    if kind == IP4:
        length = (frame[14] & 15) * 4
        protocol, source, target = frame[23], ip_address(frame[26:30]), ip_address(frame[30:34])
        (total,) = struct.unpack_from(">H", frame, 16)
        body = frame[14 + length : 14 + total]
    else:
        assert kind == IP6, f"{wire}: a frame of type {kind:#x}"
        protocol, source, target = frame[20], ip_address(frame[22:38]), ip_address(frame[38:54])
        if protocol == 0:  # hop-by-hop, before MLD
            protocol, body = frame[54], frame[54 + 8 * (frame[55] + 1) :]
        else:
            body = frame[54:]
        if protocol == ICMP6 and body[0] in NEIGHBOURS:
            return None
    if protocol not in (TCP, UDP):
        return Packet(wire, source, target, protocol, dport=body[0])
    sport, dport = struct.unpack_from(">HH", body)
    data = body[8:] if protocol == UDP else body[(body[12] >> 4) * 4 :]
    name = _name(data) if protocol == UDP and dport == 53 else ""
    bare = protocol == TCP and not body[13] & 2 and not data
    return Packet(wire, source, target, protocol, sport, dport, name, bare, data)


def _name(question):
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode("ascii", "replace"))
        at += question[at] + 1
    return ".".join(labels)


class Wires:
    """Taps on the far ends: `add` each, then `packets` are all that came since `forget`."""

    def __init__(self):
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._packets = []
        self._stop = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def add(self, wire, namespace, device):
        """Listen at `device` in `namespace`, in the place of an earlier device of this wire."""
        with self._lock:
            for key in list(self._selector.get_map().values()):
                if key.data == wire:
                    self._drain(key.fileobj, wire)
                    self._selector.unregister(key.fileobj)
                    key.fileobj.close()
        with inside(namespace):
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_FRAMES))
            tap.setsockopt(SOL_PACKET, IGNORE_OUTGOING, 1)  # what the far side itself sends
            tap.bind((device, ALL_FRAMES))
        tap.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, BUFFER)
        tap.setblocking(False)
        with self._lock:
            self._selector.register(tap, selectors.EVENT_READ, wire)

    def _read(self):
        while not self._stop:
            with self._lock:
                for key, _ in self._selector.select(0):
                    self._drain(key.fileobj, key.data)
            time.sleep(TURN_S)

    def _drain(self, tap, wire):
        with contextlib.suppress(BlockingIOError, OSError):  # ENETDOWN: the device has gone
            while True:
                if (packet := parse(wire, tap.recv(65536))) is not None:
                    self._packets.append(packet)

    def packets(self):
        """What has come out of the host; AssertionError if the kernel has lost any of it."""
        time.sleep(QUIET_S)
        with self._lock:
            for key in self._selector.get_map().values():
                self._drain(key.fileobj, key.data)  # the reader may be late
                _, lost = struct.unpack("II", key.fileobj.getsockopt(SOL_PACKET, STATISTICS, 8))
                assert lost == 0, f"{key.data}: {lost} frames were not read"
            return tuple(self._packets)

    def forget(self):
        """Begin anew."""
        self.packets()
        with self._lock:
            self._packets.clear()

    def close(self):
        """End the reader."""
        self._stop = True
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()


def leaks(packets, addresses, served):
    """Those that are where they must not be.

    `addresses`: by wire `one`, `two` who says which source a packet may have; `served`: ports
    of the proxies on the LAN side, where nothing but answers to clients may be.
    """
    return [p for p in packets if not _may_be(p, addresses, served)]


def _may_be(packet, addresses, served):
    if packet.wire == "lan":
        answer = packet.source in HOSTS and packet.target in LAN
        return answer and (packet.protocol == ICMP or packet.sport in served)
    own = {"one": 1, "two": 2}[packet.wire]
    return packet.slot == own and addresses[packet.wire].allow(packet)
