# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon as a whole, asked over its socket: real modems, a real kernel as the host.

Only USB and QMI are left out: each modem's packets go to a TUN device in the host's namespace
instead of `qmi_wwan`, and its bearer is started by a call. A small proxy per modem stands in for
3proxy, bound to its modem's device.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from modemlab.carrier.addresses import DNS_V4
from modemlab.carrier.dns import encode_query, parse_answer
from modemlab.carrier.netns import Inside, ip_batch
from modemlab.carrier.network import CarrierPlan
from modemlab.carrier.tun import PACKET_MAX, open_tun
from modemlab.control import call
from modemlab.daemon import Daemon
from modemlab.lan import LanPlan
from modemlab.modem.modem import Modem

WAIT_S = 10.0
CONNECT_S = 1.0  # everything is on this machine
PORT_BASE = 3127


class TunBus:
    """Plugs a modem in by a TUN device wwan<port> in the host's namespace."""

    def __init__(self, host: Inside) -> None:
        self._host = host
        self._open: dict[int, int] = {}

    async def attach(self, modem: Modem, port: int | None) -> int:
        port = modem.number - 1 if port is None else port
        name = f"wwan{port}"
        handle = await self._host.acall(lambda: open_tun(name))
        ip_batch(
            [
                f"addr add {modem.wan.address}/32 dev {name}",
                f"link set {name} addrgenmode none",
                f"link set {name} up",
                f"route add default dev {name} metric {1000 + port}",
            ],
            self._host.name,
        )
        self._open[port] = handle
        modem.port, modem.plugged = port, True
        modem.on_packet = partial(_write, handle)
        asyncio.get_running_loop().add_reader(handle, _read, handle, modem)
        modem.start_session(1, 4, "internet")
        return port

    async def detach(self, modem: Modem) -> None:
        assert modem.port is not None
        handle = self._open.pop(modem.port)
        asyncio.get_running_loop().remove_reader(handle)
        os.close(handle)
        modem.port, modem.plugged, modem.on_packet = None, False, None
        modem.bearers.stop_all()

    def port_of(self, modem: Modem) -> int | None:
        return modem.port

    def usb_paths(self) -> dict[int, str]:
        return {}


def _write(handle: int, packet: bytes) -> None:
    with contextlib.suppress(OSError):
        os.write(handle, packet)


def _read(handle: int, modem: Modem) -> None:
    with contextlib.suppress(BlockingIOError):
        while True:
            modem.from_host(os.read(handle, PACKET_MAX))


class Proxies:
    """HTTP proxies 192.168.1.100:3127+n, each using device wwan<n-1> and nothing else."""

    def __init__(self, host: Inside) -> None:
        self._host = host
        self._servers: list[asyncio.Server] = []
        self._serving: set[asyncio.Task[None] | None] = set()

    async def open(self, number: int) -> None:
        address = ("192.168.1.100", PORT_BASE + number)
        bound = await self._host.acall(partial(socket.create_server, address))
        serve = partial(self._serve, f"wwan{number - 1}")
        self._servers.append(await asyncio.start_server(serve, sock=bound))

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        async with asyncio.timeout(WAIT_S):
            while self._serving:
                await asyncio.sleep(0.01)

    async def _bound(self, device: str, kind: socket.SocketKind) -> socket.socket:
        raw = await self._host.acall(partial(socket.socket, socket.AF_INET, kind))
        raw.setblocking(False)
        try:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        except OSError:
            raw.close()
            raise
        return raw

    async def _connect(self, device: str, host: str) -> socket.socket:
        loop = asyncio.get_running_loop()
        with await self._bound(device, socket.SOCK_DGRAM) as asking:
            await loop.sock_connect(asking, (DNS_V4, 53))
            await loop.sock_sendall(asking, encode_query(1, host))
            _, _, found = parse_answer(await loop.sock_recv(asking, 512))
        raw = await self._bound(device, socket.SOCK_STREAM)
        await loop.sock_connect(raw, (found[0], 80))
        return raw

    async def _serve(
        self, device: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        self._serving.add(task)
        try:
            with contextlib.closing(writer), contextlib.suppress(OSError, TimeoutError):
                await self._exchange(device, reader, writer)
        finally:
            self._serving.discard(task)

    async def _exchange(
        self, device: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        host = head.split(b" ")[1].split(b"/")[2].decode()
        async with asyncio.timeout(CONNECT_S):
            raw = await self._connect(device, host)
        async with asyncio.timeout(WAIT_S):
            up_reader, up_writer = await asyncio.open_connection(sock=raw)
            with contextlib.closing(up_writer):
                up_writer.write(head)
                while data := await up_reader.read(65536):
                    writer.write(data)
                    await writer.drain()


class Lab:
    """What a test gets: `ask` sends a verb over the socket and gives the answer."""

    def __init__(self, path: Path, host: Inside, proxies: Proxies) -> None:
        self.path, self.host, self.proxies = path, host, proxies

    async def ask(self, verb: str, **fields: Any) -> dict[str, Any]:
        answer = await asyncio.to_thread(call, {"verb": verb, **fields}, self.path, 60.0)
        assert answer["ok"], answer
        return answer

    async def plug(self, number: int, **fields: Any) -> None:
        await self.ask("add", n=number, registration_seconds=0, **fields)
        await self.ask("plug", modem=number)
        await self.proxies.open(number)

    async def request(self, number: int, path: str = "/", **fields: Any) -> dict[str, Any]:
        url = f"http://ip.lab.test{path}"
        answer = await self.ask("request", port=PORT_BASE + number, url=url, **fields)
        return dict(answer["answer"])


Play = Callable[[Lab], Awaitable[None]]
Run = Callable[[Play], None]


@pytest.fixture
def run(tmp_path: Path, carrier_plan: CarrierPlan, lan_plan: LanPlan) -> Run:
    """Runs a play in a lab of its own."""

    def go(play: Play) -> None:
        asyncio.run(_play(play, tmp_path / "control.sock", carrier_plan, lan_plan))

    return go


async def _play(play: Play, path: Path, carrier: CarrierPlan, lan: LanPlan) -> None:
    host = Inside(lan.host_netns)
    proxies = Proxies(host)
    stopped = asyncio.Event()
    daemon = Daemon(path, None, TunBus(host), carrier, lan)
    running = asyncio.create_task(daemon.run(stopped))
    try:
        async with asyncio.timeout(WAIT_S):
            while not path.exists() and not running.done():
                await asyncio.sleep(0.01)
        await play(Lab(path, host, proxies))
    finally:
        await proxies.close()
        stopped.set()
        await running
        host.close()
    assert not path.exists()


def test_two_modems_with_one_address_are_told_apart(run: Run) -> None:
    async def play(lab: Lab) -> None:
        for number in (1, 2):
            await lab.plug(number, wan="10.64.9.2/30")
        for number in (1, 2):
            answer = await lab.request(number)
            assert (answer["error"], answer["body"]) == (None, "10.64.9.2")
            assert answer["modem"] == str(number)
        counted = await lab.ask("counters")
        for number in ("1", "2"):
            assert counted["modems"][number]["http_requests"] == 1
            assert counted["modems"][number]["dns_names"] == ["ip.lab.test"]
            assert counted["modems"][number]["wrong_source"] == {}
        assert counted["lan"]["leaks"] == 0

    run(play)


def test_a_download_through_the_kernels_own_tcp_is_whole(run: Run) -> None:
    async def play(lab: Lab) -> None:
        await lab.plug(1)
        answer = await lab.request(1, "/bytes/4000000", timeout=30)
        assert (answer["error"], answer["size"]) == (None, 4_000_000)
        assert len(answer["body"]) <= 65536
        counted = (await lab.ask("counters", modem=1))["modems"]["1"]
        assert counted["bytes_down"] > 4_000_000

    run(play)


def test_an_unplugged_modem_fails_and_its_neighbour_answers_all_the_while(run: Run) -> None:
    async def play(lab: Lab) -> None:
        await lab.plug(1)
        await lab.plug(2)
        ports = {str(PORT_BASE + 2): "10.64.2.2"}
        await lab.ask("watch-start", ports=ports, interval=0.1, timeout=5)
        assert (await lab.request(1))["body"] == "10.64.1.2"
        assert (await lab.ask("unplug", modem=1))["unplugged"] == [1]
        assert (await lab.request(1))["error"] is not None
        await lab.ask("plug", modem=1)
        assert (await lab.request(1))["body"] == "10.64.1.2"
        async with asyncio.timeout(WAIT_S):
            while (await lab.ask("watch-report"))["report"]["ok_count"] < 5:
                await asyncio.sleep(0.05)
        report = (await lab.ask("watch-stop"))["report"]
        assert (report["failed_count"], report["wrong_count"]) == (0, 0)
        assert (await lab.ask("counters"))["lan"]["leaks"] == 0

    run(play)


def test_an_address_change_makes_the_old_address_a_wrong_source(run: Run) -> None:
    async def play(lab: Lab) -> None:
        await lab.plug(1)
        await lab.ask("set", modem=1, wan="10.99.0.7/24", drop=False)
        assert (await lab.request(1, timeout=0.5))["error"] == "time-out after 0.5 s"
        counted = (await lab.ask("counters"))["modems"]["1"]
        assert counted["wan"] == "10.99.0.7"
        assert list(counted["wrong_source"]) == ["10.64.1.2"]
        assert counted["http_requests"] == 0

    run(play)


def test_what_the_host_leaves_open_is_seen_from_the_carrier(run: Run) -> None:
    async def play(lab: Lab) -> None:
        await lab.plug(1)
        back = ["route add default dev wwan0 table 101", "rule add from 10.64.1.2 lookup 101"]
        ip_batch(back, lab.host.name)
        opened = await lab.host.acall(partial(socket.create_server, ("10.64.1.2", 2222)))
        with opened:
            found = (await lab.ask("knock", modem=1, ports=[2222, 2223], timeout=2))["ports"]
        assert found == {"2222": "open", "2223": "refused"}

    run(play)


def test_a_proxy_that_uses_the_lan_is_caught(run: Run) -> None:
    async def play(lab: Lab) -> None:
        await lab.plug(1)
        await lab.ask("unplug", modem=1)
        with await lab.host.acall(
            partial(socket.create_connection, ("203.0.113.10", 80), WAIT_S)
        ) as leaking:
            leaking.setblocking(False)
            reader, writer = await asyncio.open_connection(sock=leaking)
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            assert (await reader.read()).endswith(b"\r\n\r\nview=lan\n")
            writer.close()
        lan = (await lab.ask("counters"))["lan"]
        assert lan["http_requests"] == 1
        assert list(lan["trapped"]) == ["192.168.1.100 > 203.0.113.10"]

    run(play)


def test_bad_requests_change_nothing(run: Run) -> None:
    async def play(lab: Lab) -> None:
        for request, said in (
            ({"verb": "add", "wan": "10.0.0.1"}, "wan is '10.0.0.1': allowed is an IPv4 address"),
            ({"verb": "add", "faults": {"loud": True}}, "no fault 'loud'"),
            ({"verb": "add", "composition": "x"}, "allowed is qmi, ecm, mbim, rndis"),
            ({"verb": "plug", "modem": 9}, "modem is 9: allowed is one of none"),
            ({"verb": "watch-stop"}, "watch-start first"),
            ({"verb": "request", "port": 0}, "port is 0"),
            ({"verb": "request", "port": 1, "method": "ftp"}, "allowed is http, connect, socks5"),
        ):
            answer = await asyncio.to_thread(call, request, lab.path, 10.0)
            assert answer["ok"] is False
            assert said in answer["error"]
        assert (await lab.ask("hello"))["modems"] == 0

    run(play)
