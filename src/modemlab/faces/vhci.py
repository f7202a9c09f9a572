# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugging a modem into the kernel's virtual host controller (vhci-hcd), as root.

The kernel takes one end of a socketpair; no usbip tool and no TCP are needed. Ports are numbered
as `status` files number them; only high-speed ones are used, for a modem is a high-speed device.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from pathlib import Path

from modemlab.faces.usbip import UsbipSession
from modemlab.modem.errors import LabError
from modemlab.modem.modem import Modem

CONTROLLER = Path("/sys/devices/platform/vhci_hcd.0")
HIGH_SPEED = 3
FREE = "004"  # VDEV_ST_NULL
# A detached port is freed by a kernel thread that first takes the drivers down.
FREE_CAP_SECONDS, FREE_POLL_SECONDS = 10.0, 0.02


logger = logging.getLogger(__name__)


class VhciError(LabError):
    """The controller is not there, has no free port, or refused."""


def free_ports(controller: Path = CONTROLLER) -> list[int]:
    """Free high-speed ports in order. Raises VhciError without a controller."""
    files = sorted(controller.glob("status*"), key=lambda path: (len(path.name), path.name))
    if not files:
        raise VhciError(f"{controller} is missing: load the vhci-hcd module")
    ports = []
    for file in files:
        for line in file.read_text().splitlines()[1:]:
            hub, port, state, *_ = line.split()
            if hub == "hs" and state == FREE:
                ports.append(int(port))
    return ports


async def attach(modem: Modem, port: int | None = None, controller: Path = CONTROLLER) -> int:
    """Plug `modem` into `port` (the first free one when None); the port number.

    Raises VhciError when the modem is plugged already or the port does not become free.
    """
    if modem.plugged:
        raise VhciError(f"modem {modem.number} is plugged into port {modem.port} already")
    port = await _free_port(port, controller)
    ours, kernels = socket.socketpair()
    ours.setblocking(False)
    modem.plugged, modem.port = True, port
    modem.power_cycle()
    session = UsbipSession(modem, modem.power_off)
    await asyncio.get_running_loop().create_unix_connection(lambda: session, sock=ours)
    try:
        devid = 1 << 16 | modem.number
        _write(controller / "attach", f"{port} {kernels.fileno()} {devid} {HIGH_SPEED}")
    except OSError as error:
        session.close()
        raise VhciError(f"port {port} refused modem {modem.number}: {error}") from error
    finally:
        kernels.close()
    _sessions[port] = session
    modem.on_vanish = lambda: detach(port, controller)
    modem.on_reboot = lambda: _reboot(modem, port, controller)
    return port


def detach(port: int, controller: Path = CONTROLLER) -> None:
    """Unplug whatever is in `port`. Raises VhciError when nothing is.

    The modem is off at once; the kernel frees the port a moment later.
    """
    try:
        _write(controller / "detach", str(port))
    except OSError as error:
        raise VhciError(f"port {port} cannot be detached: {error}") from error
    session = _sessions.pop(port, None)
    if session is not None:
        session.leave()


_sessions: dict[int, UsbipSession] = {}
_reboots: set[asyncio.Task[None]] = set()  # tasks need a reference that outlives their creator


def _reboot(modem: Modem, port: int, controller: Path) -> None:
    """Leave the bus and come back into the same port after the modem's boot time."""

    async def return_later() -> None:
        await asyncio.sleep(modem.spec.reboot_seconds)
        try:
            await attach(modem, port, controller)
        except VhciError as error:
            logger.warning("modem %d does not come back: %s", modem.number, error)

    detach(port, controller)
    task = asyncio.get_running_loop().create_task(return_later())
    _reboots.add(task)
    task.add_done_callback(_reboots.discard)


async def _free_port(wish: int | None, controller: Path) -> int:
    deadline = asyncio.get_running_loop().time() + FREE_CAP_SECONDS
    while True:
        ports = free_ports(controller)
        if wish is None and ports:
            return ports[0]
        if wish is not None and wish in ports:
            return wish
        if asyncio.get_running_loop().time() > deadline:
            what = "no port" if wish is None else f"port {wish}"
            raise VhciError(f"{what} is not free after {FREE_CAP_SECONDS:g} s")
        await asyncio.sleep(FREE_POLL_SECONDS)


def _write(path: Path, text: str) -> None:
    """One write call, as sysfs attributes want it. Raises OSError."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
