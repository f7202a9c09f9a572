# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugging into a controller directory that a test lays out; the kernel's part is played here."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from modemlab.faces import vhci
from modemlab.modem.modem import Modem
from modemlab.modem.spec import ModemSpec

HEAD = "hub port sta spd dev      sockfd local_busid\n"


class Kernel:
    """vhci-hcd: status files, and what a write to `attach` and `detach` does."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.states = {0: "004", 1: "004", 8: "004"}
        self.attached: list[tuple[int, int, int]] = []
        self.sockets: dict[int, socket.socket] = {}
        self.refuse = False
        self.show()

    def show(self) -> None:
        rows = {port: f"hs  {port:04d} {state} 000 00000000 000000 0-0\n"
                for port, state in self.states.items()}  # fmt: skip
        super_speed = "ss  0004 004 000 00000000 000000 0-0\n"
        (self.root / "status").write_text(HEAD + rows[0] + rows[1] + super_speed)
        (self.root / "status.1").write_text(HEAD + rows[8])

    def write(self, path: Path, text: str) -> None:
        if self.refuse:
            raise OSError(22, "Invalid argument")
        if path.name == "attach":
            port, fd, devid, speed = (int(word) for word in text.split())
            assert self.states[port] == "004"
            self.attached.append((port, devid, speed))
            self.sockets[port] = socket.fromfd(fd, socket.AF_UNIX, socket.SOCK_STREAM)
            self.states[port] = "006"
        else:
            port = int(text)
            if self.states[port] == "004":
                raise OSError(22, "Invalid argument")
            self.sockets.pop(port).close()
            self.states[port] = "004"
        self.show()


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel(tmp_path)
    monkeypatch.setattr(vhci, "_write", kernel.write)
    return kernel


@pytest.fixture
def make() -> Callable[[int], Modem]:
    """Modems on the real clock that boot fast."""
    return lambda number: Modem(ModemSpec(number, registration_seconds=0, reboot_seconds=0.01))


def test_free_ports_are_the_high_speed_ones(kernel: Kernel) -> None:
    assert vhci.free_ports(kernel.root) == [0, 1, 8]


def test_no_controller(tmp_path: Path) -> None:
    with pytest.raises(vhci.VhciError, match="load the vhci-hcd module"):
        vhci.free_ports(tmp_path / "none")


def test_attach_takes_the_first_free_port_or_the_wished_one(kernel: Kernel, make) -> None:
    async def scenario() -> None:
        first, second = make(1), make(2)
        assert await vhci.attach(first, controller=kernel.root) == 0
        assert await vhci.attach(second, 8, kernel.root) == 8
        assert (first.plugged, first.port, second.port) == (True, 0, 8)
        assert kernel.attached == [(0, 65537, 3), (8, 65538, 3)]
        for port in (0, 8):
            vhci.detach(port, kernel.root)

    asyncio.run(scenario())


def test_attaching_is_a_boot(kernel: Kernel, make) -> None:
    async def scenario() -> None:
        modem = make(1)
        modem.start_session(1, 4, "")
        await vhci.attach(modem, controller=kernel.root)
        assert not modem.connected
        assert modem.counters.power_cycles == 1
        vhci.detach(0, kernel.root)

    asyncio.run(scenario())


def test_detach_is_at_once_and_the_same_modem_may_come_back(kernel: Kernel, make) -> None:
    async def scenario() -> None:
        modem = make(1)
        await vhci.attach(modem, controller=kernel.root)
        vhci.detach(0, kernel.root)
        assert (modem.plugged, modem.port, modem.on_qmi) == (False, None, None)
        assert await vhci.attach(modem, 1, kernel.root) == 1
        await asyncio.sleep(0)  # the old socket closes now, which must not touch the new plug
        assert (modem.plugged, modem.port) == (True, 1)
        vhci.detach(1, kernel.root)

    asyncio.run(scenario())


def test_the_kernel_letting_go_is_a_detach(kernel: Kernel, make) -> None:
    async def scenario() -> None:
        modem = make(1)
        await vhci.attach(modem, controller=kernel.root)
        kernel.write(kernel.root / "detach", "0")
        async with asyncio.timeout(5):
            while modem.plugged:
                await asyncio.sleep(0)

    asyncio.run(scenario())


def test_refusals(kernel: Kernel, make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vhci, "FREE_CAP_SECONDS", 0.05)

    async def scenario() -> None:
        modem = make(1)
        with pytest.raises(vhci.VhciError, match="port 5 is not free"):
            await vhci.attach(modem, 5, kernel.root)
        with pytest.raises(vhci.VhciError, match="port 0 cannot be detached"):
            vhci.detach(0, kernel.root)
        kernel.refuse = True
        with pytest.raises(vhci.VhciError, match="port 0 refused modem 1"):
            await vhci.attach(modem, controller=kernel.root)
        assert not modem.plugged
        kernel.refuse = False
        await vhci.attach(modem, controller=kernel.root)
        with pytest.raises(vhci.VhciError, match="plugged into port 0 already"):
            await vhci.attach(modem, controller=kernel.root)
        vhci.detach(0, kernel.root)

    asyncio.run(scenario())


def test_a_vanishing_modem_detaches_itself(kernel: Kernel, make) -> None:
    async def scenario() -> None:
        modem = make(1)
        await vhci.attach(modem, controller=kernel.root)
        modem.faults.set("vanish", "at")
        modem.at(3, b"AT\r")
        async with asyncio.timeout(5):
            while modem.plugged:
                await asyncio.sleep(0.001)
        assert kernel.states[0] == "004"

    asyncio.run(scenario())


def test_a_rebooting_modem_comes_back_into_its_port(kernel: Kernel, make) -> None:
    async def scenario() -> None:
        modem, other = make(1), make(2)
        await vhci.attach(modem, 8, kernel.root)
        modem.at(3, b"AT+CFUN=1,1\r")
        async with asyncio.timeout(5):
            while modem.counters.power_cycles < 2:
                await asyncio.sleep(0.001)
        assert modem.port == 8
        assert await vhci.attach(other, controller=kernel.root) == 0
        for port in (0, 8):
            vhci.detach(port, kernel.root)

    asyncio.run(scenario())
