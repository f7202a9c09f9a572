# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's daemon: virtual modems on the bus, a carrier behind them, a LAN before them.

Runs as root in the lab host: `python3 -m modemlab.daemon`.
"""

import argparse
import asyncio
import contextlib
import grp
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from modemlab.bus import VhciBus
from modemlab.carrier.network import Carrier, CarrierPlan
from modemlab.commands.server import ControlServer
from modemlab.commands.verbs import Verbs
from modemlab.control import SOCKET
from modemlab.farm import Bus, Farm
from modemlab.lan import Lan, LanPlan
from modemlab.modem.modem import Modem

_log = logging.getLogger("modemlab")


class Daemon:
    """All parts, started and stopped together."""

    def __init__(
        self,
        path: Path,
        group: str | None,
        bus: Bus,
        carrier_plan: CarrierPlan | None = None,
        lan_plan: LanPlan | None = None,
    ) -> None:
        self.carrier = Carrier(carrier_plan)
        self.farm = Farm(Modem, bus, self.carrier)
        self.lan = Lan(lan_plan or LanPlan(), self.farm.is_wan)
        self.verbs = Verbs(self.farm, self.carrier, self.lan)
        self._server = ControlServer(path, self.verbs.run, group)

    async def run(self, stopped: asyncio.Event) -> None:
        """Start, say so, wait for `stopped`, and take everything down but the LAN's devices.

        The LAN stays because the host's proxies are bound to its address.
        """
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self.lan.stop)
            await self.lan.start()
            stack.push_async_callback(self.carrier.stop)
            await self.carrier.start()
            stack.push_async_callback(self.farm.clear)
            stack.push_async_callback(self.verbs.close)
            stack.push_async_callback(self._server.stop)
            await self._server.start()
            notify_ready()
            _log.info("ready")
            await stopped.wait()


def notify_ready() -> None:
    """Tell systemd (sd_notify(3)), when it started us."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notice:
        notice.connect(address)
        notice.sendall(b"READY=1")


async def serve(path: Path, group: str | None) -> None:
    """Run until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await Daemon(path, group, VhciBus()).run(stopped)


def group_name(text: str) -> str:
    """A group that exists on this machine."""
    try:
        return grp.getgrnam(text).gr_name
    except KeyError:
        raise argparse.ArgumentTypeError(f"no group {text!r} on this machine") from None


def main(arguments: list[str] | None = None) -> int:
    """Command line entry. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="modemlab.daemon", description=__doc__)
    parser.add_argument("--socket", type=Path, default=SOCKET)
    parser.add_argument(
        "--group", type=group_name, default=None, help="group that may use the control socket"
    )
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO, format="%(name)s: %(message)s"
    )
    asyncio.run(serve(options.socket, options.group))
    return 0


if __name__ == "__main__":
    sys.exit(main())
