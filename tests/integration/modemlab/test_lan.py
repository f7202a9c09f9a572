# SPDX-License-Identifier: GPL-3.0-or-later
"""The LAN side with real namespaces: the trap, its counters, and requests through small proxies."""

import asyncio
import contextlib
import json
import socket
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from modemlab import lan as lan_module
from modemlab.carrier import addresses as adr
from modemlab.carrier.dns import encode_query, parse_answer
from modemlab.carrier.netns import Inside, ip_batch
from modemlab.lan import Lan, LanPlan
from modemlab.request import Client
from modemlab.watch import Watch

WAN = "10.64.3.2"
PORT = 3128
WAIT_S = 5.0
Play = Callable[[Lan, Inside, Client], Awaitable[None]]


def play(plan: LanPlan, act: Play) -> None:
    """Run `act` with a started LAN, the inside of its host, and its client."""

    async def go() -> None:
        lan = Lan(plan, lambda address: address == WAN)
        host = Inside(plan.host_netns)
        try:
            await lan.start()
            await act(lan, host, Client(lan.inside, plan.client, plan.host))
        finally:
            await lan.stop(remove_devices=True)
            host.close()

    asyncio.run(go())


def listening(address: str, port: int) -> socket.socket:
    bound = socket.create_server((address, port))
    bound.setblocking(False)
    return bound


@contextlib.asynccontextmanager
async def proxy(
    host: Inside, serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
) -> AsyncIterator[None]:
    """A server at the host's proxy port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            await serve(reader, writer)

    bound = await host.acall(lambda: listening("192.168.1.100", PORT))
    server = await asyncio.start_server(handle, sock=bound)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


def falling_through(
    host: Inside,
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """A proxy with the fault the trap is for: it uses the host's ordinary uplink."""

    def connected() -> socket.socket:
        return socket.create_connection((adr.HTTP_V4, 80), WAIT_S)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(1)
        if first == b"\x05":
            await reader.readexactly(2)
            writer.write(b"\x05\x00")
            head = await reader.readexactly(5)
            await reader.readexactly(head[4] + 2)
            writer.write(b"\x05\x00\x00\x01" + bytes(6))
            first = b""
        request = first + await reader.readuntil(b"\r\n\r\n")
        if request.startswith(b"CONNECT"):
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            request = await reader.readuntil(b"\r\n\r\n")
        upstream = await host.acall(connected)
        up_reader, up_writer = await asyncio.open_connection(sock=upstream)
        up_writer.write(request)
        writer.write(await up_reader.read())
        up_writer.close()
        await writer.drain()

    return serve


@pytest.mark.parametrize("method", ["http", "connect", "socks5"])
def test_a_proxy_that_falls_through_to_the_lan_is_seen(lan_plan: LanPlan, method: str) -> None:
    async def act(lan: Lan, host: Inside, client: Client) -> None:
        async with proxy(host, falling_through(host)):
            answer = await client.request(PORT, "http://ip.lab.test/", method)
        assert (answer.status, answer.body, answer.error) == (200, "view=lan", None)
        counted = lan.counters()
        assert counted["http_requests"] == 1
        assert list(counted["trapped"]) == ["192.168.1.100 > 203.0.113.10"]
        assert counted["leaks"] >= 3

    play(lan_plan, act)


def test_ordinary_lan_traffic_is_no_leak(lan_plan: LanPlan) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n10.64.3.2\n")
        await writer.drain()

    async def act(lan: Lan, host: Inside, client: Client) -> None:
        async with proxy(host, serve):
            answer = await client.request(PORT, "http://ip.lab.test/")
        assert (answer.status, answer.body, answer.size) == (200, "10.64.3.2", 10)
        counted = lan.counters()
        assert counted["leaks"] == 0
        assert counted["elsewhere"] == {}

    play(lan_plan, act)


def test_a_modems_address_on_the_lan_is_a_leak(lan_plan: LanPlan) -> None:
    async def act(lan: Lan, host: Inside, client: Client) -> None:
        ip_batch([f"addr add {WAN}/32 dev lo"], lan_plan.host_netns)

        def send() -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.bind((WAN, 0))
                sender.sendto(b"x", ("198.51.100.1", 9))
                sender.sendto(b"x", ("198.51.100.1", 9))

        await host.acall(send)
        await until(lambda: lan.counters()["leaks"] == 2)
        assert lan.counters()["wan_source"] == {WAN: 2}
        lan.reset_counters()
        assert lan.counters()["leaks"] == 0

    play(lan_plan, act)


def test_dns_over_the_lan_gives_the_telltale_address(lan_plan: LanPlan) -> None:
    async def act(lan: Lan, host: Inside, client: Client) -> None:
        asked = await host.acall(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        with asked:
            asked.setblocking(False)
            loop = asyncio.get_running_loop()
            for server in (adr.DNS_V4, lan_plan.gateway):
                await loop.sock_sendto(asked, encode_query(9, "ip.lab.test"), (server, 53))
                data = await asyncio.wait_for(loop.sock_recv(asked, 512), WAIT_S)
                assert parse_answer(data) == (9, 0, [adr.LAN_DNS_V4])
        assert lan.counters()["dns_names"] == {"ip.lab.test": 2}

    play(lan_plan, act)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.01)


def test_nobody_listening_is_an_answer_not_an_exception(lan_plan: LanPlan) -> None:
    async def act(lan: Lan, host: Inside, client: Client) -> None:
        answer = await client.request(PORT, "http://ip.lab.test/")
        assert answer.status is None
        assert answer.error is not None
        assert "refused" in answer.error.lower()
        assert answer.seconds < 1

    play(lan_plan, act)


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def _garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-nothing\r\n\r\n")
    await reader.read()


async def _half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")


async def _reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _endless_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000)
    await writer.drain()
    await reader.read()


@pytest.mark.parametrize(
    ("serve", "said"),
    [
        (_silent, "time-out after 0.5 s"),
        (_hang_up, "closed before"),
        (_garbage, "not an HTTP answer"),
        (_half, "ended after 4 of 10 bytes"),
        (_reset, "reset"),
        (_endless_head, "head is longer"),
    ],
)
def test_every_fault_of_a_proxy_is_told_in_words(
    lan_plan: LanPlan,
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    said: str,
) -> None:
    async def act(lan: Lan, host: Inside, client: Client) -> None:
        async with proxy(host, serve):
            answer = await client.request(PORT, "http://ip.lab.test/", timeout=0.5)
        assert answer.error is not None
        assert said in answer.error
        assert answer.seconds < 2

    play(lan_plan, act)


def test_a_socks_refusal_is_told_by_its_code(lan_plan: LanPlan) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(3)
        writer.write(b"\x05\x00")
        await reader.readexactly(5)
        writer.write(b"\x05\x05\x00\x01" + bytes(6))
        await reader.read()

    async def act(lan: Lan, host: Inside, client: Client) -> None:
        async with proxy(host, refuse):
            answer = await client.request(PORT, "http://ip.lab.test/", "socks5")
        assert answer.error == "socks: 5 connection refused"

    play(lan_plan, act)


def test_a_watch_tells_ok_wrong_and_failed_apart(lan_plan: LanPlan) -> None:
    answers = iter([b"10.64.3.2", b"10.64.3.2", b"view=lan", b"10.64.3.2"])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = next(answers, None)
        if body is not None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    async def act(lan: Lan, host: Inside, client: Client) -> None:
        async with proxy(host, serve):
            watch = Watch(
                lambda port: client.request(port, "http://ip.lab.test/", timeout=1),
                {PORT: None},
                0.05,
            )
            await until(lambda: watch.report()["failed_count"] >= 1)
            report = await watch.stop()
        assert (report["ok_count"], report["wrong_count"]) == (3, 1)
        failures = report["ports"][str(PORT)]["failures"]
        assert failures[0]["reason"] == "wrong answer 'view=lan'"
        assert "closed before" in failures[1]["reason"]

    play(lan_plan, act)


def test_setup_completes_what_is_there_and_teardown_leaves_nothing(lan_plan: LanPlan) -> None:
    lan_module.setup(lan_plan)
    ip_batch([f"addr del {lan_plan.client}/24 dev {lan_plan.gateway_device}"], lan_plan.netns)
    lan_module.setup(lan_plan)
    shown = subprocess.run(
        ["ip", "-n", lan_plan.netns, "-json", "addr"], capture_output=True, check=True
    ).stdout
    addresses = [a["local"] for link in json.loads(shown) for a in link["addr_info"]]
    assert addresses.count(lan_plan.client) == 1
    lan_module.teardown(lan_plan)
    lan_module.teardown(lan_plan)
    names = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout
    assert lan_plan.netns not in names
