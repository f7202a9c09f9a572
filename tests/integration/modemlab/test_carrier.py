# SPDX-License-Identifier: GPL-3.0-or-later
"""The carrier with real namespaces; a fake modem's uplink and downlink are driven packet by packet.

The packets are built and read by a user-space host of the test's own, not by the code under test.
"""

import asyncio
import itertools
import socket
import struct
from collections.abc import Awaitable, Callable

from modemlab.carrier import addresses as adr
from modemlab.carrier.dns import AAAA, NXDOMAIN, A, encode_query, parse_answer
from modemlab.carrier.knock import knock
from modemlab.carrier.netns import ensure, exists, ip_batch
from modemlab.carrier.network import Carrier, CarrierPlan
from modemlab.modem.spec import Wan, Wan6

WAIT_S = 5.0
PORTS = itertools.count(4321)
Play = Callable[[Carrier], Awaitable[None]]


def ones(data: bytes) -> int:
    """The internet checksum, by the textbook."""
    data += b"\0" * (len(data) % 2)
    total = sum(data[i] * 256 + data[i + 1] for i in range(0, len(data), 2))
    return ~(total % 0xFFFF or (0xFFFF if total else 0)) & 0xFFFF


def packet(source: str, target: str, protocol: int, body: bytes, at: int) -> bytes:
    """IPv4 or IPv6 packet with every checksum right; `at` is where the transport's sum sits."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    ends = socket.inet_pton(family, source) + socket.inet_pton(family, target)
    if protocol != 1:
        total = ones(ends + struct.pack(">HH", protocol, len(body)) + body)
    else:
        total = ones(body)
    body = body[:at] + struct.pack(">H", total or 0xFFFF) + body[at + 2 :]
    if family == socket.AF_INET6:
        return struct.pack(">IHBB", 6 << 28, len(body), protocol, 64) + ends + body
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, protocol, 0) + ends
    return head[:10] + struct.pack(">H", ones(head)) + head[12:] + body


def sums_hold(data: bytes) -> bool:
    """Whether header and transport checksums of an IPv4 or IPv6 packet are right."""
    if data[0] >> 4 == 4:
        ends, body, protocol = data[12:20], data[20:], data[9]
        if ones(data[:20]):
            return False
    else:
        ends, body, protocol = data[8:40], data[40:], data[6]
    pseudo = b"" if protocol == 1 else ends + struct.pack(">HH", protocol, len(body))
    return ones(pseudo + body) == 0


class Host:
    """A fake modem and the host behind it, in one."""

    def __init__(self, number: int, wan: str, ipv6: Wan6 | None = None) -> None:
        self.number = number
        self.wan = Wan(wan, "10.64.0.1", 16)
        self.ipv6 = ipv6
        self.connected = True
        self.uplink: Callable[[bytes], None] | None = None
        self.inbox: asyncio.Queue[bytes] = asyncio.Queue()

    def downlink(self, data: bytes) -> None:
        self.inbox.put_nowait(data)

    def send(self, data: bytes) -> None:
        assert self.uplink is not None
        self.uplink(data)

    def udp(self, target: str, port: int, body: bytes, source: str | None = None) -> None:
        source = source or (self.ipv6.address if ":" in target and self.ipv6 else self.wan.address)
        datagram = struct.pack(">HHHH", 40000 + self.number, port, 8 + len(body), 0) + body
        self.send(packet(source, target, 17, datagram, 6))

    async def receive(self) -> bytes:
        data = await asyncio.wait_for(self.inbox.get(), WAIT_S)
        assert sums_hold(data)
        return data

    async def resolve(self, name: str, kind: int = A, server: str = adr.DNS_V4) -> object:
        self.udp(server, 53, encode_query(self.number, name, kind))
        data = await self.receive()
        start = 28 if data[0] >> 4 == 4 else 48
        ident, code, found = parse_answer(data[start:])
        assert ident == self.number
        return found if code == 0 else code


class Tcp:
    """Just enough TCP for one exchange over a lossless path: no windows, no resending."""

    def __init__(self, host: Host, target: str) -> None:
        self.host, self.target = host, target
        self.source = host.ipv6.address if ":" in target and host.ipv6 else host.wan.address
        self.sent, self.seen, self.data = 1000, 0, b""
        self.port = next(PORTS)

    def segment(self, flags: int, body: bytes = b"") -> None:
        head = struct.pack(">HHII", self.port, 80, self.sent, self.seen)
        head += struct.pack(">BBHHH", 0x50, flags, 65535, 0, 0)
        self.host.send(packet(self.source, self.target, 6, head + body, 16))
        self.sent = self.sent + len(body) + (flags & 3 != 0)

    async def absorb(self) -> int:
        body = b""
        while body[2:4] != struct.pack(">H", self.port):  # the end of an earlier connection
            data = await self.host.receive()
            body = data[20:] if data[0] >> 4 == 4 else data[40:]
        number, flags, offset = struct.unpack_from(">I", body, 4)[0], body[13], (body[12] >> 4) * 4
        payload = body[offset:]
        if flags & 2 or number == self.seen:
            self.seen = (number + len(payload) + (flags & 3 != 0)) & 0xFFFFFFFF
            self.data += payload
        return flags

    async def get(self, path: str) -> bytes:
        self.segment(2)
        assert await self.absorb() & 0x12 == 0x12
        self.segment(16)
        request = f"GET {path} HTTP/1.1\r\nHost: ip.lab.test\r\nConnection: close\r\n\r\n"
        self.segment(24, request.encode())
        while not await self.absorb() & 1:
            self.segment(16)
        self.segment(17)
        return self.data


def play(plan: CarrierPlan, act: Play) -> None:
    """Run `act` with a started carrier."""

    async def go() -> None:
        carrier = Carrier(plan)
        try:
            await carrier.start()
            await act(carrier)
        finally:
            await carrier.stop()

    asyncio.run(go())


def test_dns_goes_there_and_back_with_right_checksums(carrier_plan: CarrierPlan) -> None:
    async def act(carrier: Carrier) -> None:
        host = Host(3, "10.64.3.2")
        carrier.connect(host)
        assert await host.resolve("ip.lab.test") == [adr.HTTP_V4]
        assert await host.resolve("ip.lab.test", AAAA) == [adr.HTTP_V6]
        assert await host.resolve("nowhere.example") == NXDOMAIN
        counted = carrier.counters()[3]
        assert counted["dns_names"] == ["ip.lab.test", "ip.lab.test", "nowhere.example"]
        assert (counted["packets_up"], counted["packets_down"]) == (3, 3)

    play(carrier_plan, act)


def test_http_tells_two_modems_with_one_address_apart(carrier_plan: CarrierPlan) -> None:
    async def act(carrier: Carrier) -> None:
        first, second = Host(1, "10.64.9.9"), Host(2, "10.64.9.9")
        for host in (first, second):
            carrier.connect(host)
        answers = await asyncio.gather(
            Tcp(first, adr.HTTP_V4).get("/"), Tcp(second, adr.HTTP_V4).get("/")
        )
        for number, answer in enumerate(answers, 1):
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert answer.endswith(b"\r\n\r\n10.64.9.9\n")
            assert f"\r\nX-Lab-Modem: {number}\r\n".encode() in answer
        assert [c["http_requests"] for c in carrier.counters().values()] == [1, 1]

    play(carrier_plan, act)


def test_an_answer_of_several_segments_is_whole(carrier_plan: CarrierPlan) -> None:
    async def act(carrier: Carrier) -> None:
        host = Host(5, "10.64.5.2")
        carrier.connect(host)
        answer = await Tcp(host, adr.HTTP_V4).get("/bytes/9000")
        assert len(answer.partition(b"\r\n\r\n")[2]) == 9000
        assert carrier.counters()[5]["bytes_down"] > 9000

    play(carrier_plan, act)


def test_ping_is_answered(carrier_plan: CarrierPlan) -> None:
    async def act(carrier: Carrier) -> None:
        host = Host(7, "10.64.7.2")
        carrier.connect(host)
        echo = struct.pack(">BBHHH", 8, 0, 0, 99, 1) + b"payload"
        host.send(packet("10.64.7.2", adr.HTTP_V4, 1, echo, 2))
        data = await host.receive()
        assert data[16:20] == socket.inet_aton("10.64.7.2")
        assert data[20] == 0
        assert data[24:] == echo[4:]

    play(carrier_plan, act)


def test_a_closed_udp_port_answers_about_the_hosts_own_packet(carrier_plan: CarrierPlan) -> None:
    async def act(carrier: Carrier) -> None:
        host = Host(7, "10.64.7.2")
        carrier.connect(host)
        host.udp(adr.HTTP_V4, 9, b"nobody there")
        data = await host.receive()
        assert tuple(data[20:22]) == (3, 3)
        quoted = data[28:]
        assert quoted[12:16] == socket.inet_aton("10.64.7.2")
        assert ones(quoted[:20]) == 0

    play(carrier_plan, act)


def test_an_address_change_shows_in_the_next_answer(carrier_plan: CarrierPlan) -> None:
    async def act(carrier: Carrier) -> None:
        host = Host(4, "10.64.4.2")
        carrier.connect(host)
        assert (await Tcp(host, adr.HTTP_V4).get("/")).endswith(b"\n10.64.4.2\n")
        host.wan = Wan("10.77.0.5", "10.77.0.1", 24)
        assert (await Tcp(host, adr.HTTP_V4).get("/")).endswith(b"\n10.77.0.5\n")
        host.udp(adr.DNS_V4, 53, encode_query(1, "ip.lab.test"), source="10.64.4.2")
        assert carrier.counters()[4]["wrong_source"] == {"10.64.4.2": 1}

    play(carrier_plan, act)


def test_a_wrong_source_gets_no_answer(carrier_plan: CarrierPlan) -> None:
    async def act(carrier: Carrier) -> None:
        thief, owner = Host(1, "10.64.1.2"), Host(2, "10.64.2.2")
        carrier.connect(thief)
        carrier.connect(owner)
        thief.udp(adr.DNS_V4, 53, encode_query(1, "ip.lab.test"), source="10.64.2.2")
        assert await owner.resolve("other.lab.test") == [adr.HTTP_V4]
        counted = carrier.counters()
        assert counted[1]["wrong_source"] == {"10.64.2.2": 1}
        assert counted[2]["dns_names"] == ["other.lab.test"]
        assert thief.inbox.empty()

    play(carrier_plan, act)


def test_ipv6_variant(carrier_plan: CarrierPlan) -> None:
    async def act(carrier: Carrier) -> None:
        wan6 = Wan6("2001:db8:64:3::beef", "2001:db8:64:3::1")
        host = Host(3, "10.64.3.2", wan6)
        carrier.connect(host)
        assert await host.resolve("ip.lab.test", AAAA, adr.DNS_V6) == [adr.HTTP_V6]
        answer = await Tcp(host, adr.HTTP_V6).get("/")
        assert answer.endswith(b"\r\n\r\n2001:db8:64:3::beef\n")
        assert b"\r\nX-Lab-Modem: 3\r\n" in answer

    play(carrier_plan, act)


def test_a_lan_resolved_name_is_told_from_a_good_one(carrier_plan: CarrierPlan) -> None:
    async def act(carrier: Carrier) -> None:
        host = Host(3, "10.64.3.2")
        carrier.connect(host)
        answer = await Tcp(host, adr.LAN_DNS_V4).get("/")
        assert answer.endswith(b"\r\n\r\nview=lan-dns\n")

    play(carrier_plan, act)


def test_knocking_arrives_at_the_modems_own_address(carrier_plan: CarrierPlan) -> None:
    async def act(carrier: Carrier) -> None:
        host = Host(6, "10.64.6.2")
        carrier.connect(host)
        waiting = asyncio.create_task(knock(carrier.inside, 6, [22], 0.5))
        data = await host.receive()
        assert data[16:20] == socket.inet_aton("10.64.6.2")
        assert struct.unpack_from(">H", data, 22)[0] == 22
        assert await waiting == {22: "silent"}

    play(carrier_plan, act)


def test_a_namespace_left_behind_is_used_again(carrier_plan: CarrierPlan) -> None:
    async def act(carrier: Carrier) -> None:
        host = Host(8, "10.64.8.2")
        carrier.connect(host)
        assert await host.resolve("ip.lab.test") == [adr.HTTP_V4]

    ensure(carrier_plan.netns)
    ip_batch([f"addr add {adr.HTTP_V4}/32 dev lo"], carrier_plan.netns)
    play(carrier_plan, act)
    assert not exists(carrier_plan.netns)
