# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m modemlab.bench.world.server COUNT PORT_BASE UID_BASE`: the bus and the proxies of a
farm, in a process of their own. Runs in the namespaces of `host`; says `ready`, ends with stdin.

A proxy here is a listener under the slot's uid that answers each request with the modem's address
after the time a carrier takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from modemfarm.dbus.connection import SYSTEM_BUS

from .bus import SystemBus
from .services import Services

Attend = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
ANSWER_S = 0.05  # one way out and back over LTE


def address(number: int) -> str:
    """The WAN address of modem `number`."""
    return f"10.{64 + number // 250}.{number % 250}.2"


def main() -> int:
    """Serve until stdin ends."""
    count, port_base, uid_base = (int(word) for word in sys.argv[1:4])

    def connected(number: int) -> None:
        """What NetworkManager does with an address: the default route of the modem's table."""
        route = f"ip route replace default dev wwan{number - 1} table {1000 + number}"
        subprocess.run(route.split(), check=True)

    bus = SystemBus(Path(SYSTEM_BUS), Services(count, connected))
    sockets = [_listener(port_base + n, uid_base + n) for n in range(1, count + 1)]
    asyncio.run(_serve(sockets))
    bus.close()
    return 0


def _listener(port: int, uid: int) -> socket.socket:
    """A socket belongs to the uid under which it was made; the farm looks at that."""
    os.seteuid(uid)
    try:
        listener = socket.create_server(("127.0.0.1", port), backlog=64)
    finally:
        os.seteuid(0)
    return listener


async def _serve(sockets: list[socket.socket]) -> None:
    for number, listener in enumerate(sockets, 1):
        body = f"{address(number)}\n"
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        await asyncio.start_server(_answerer((head + body).encode()), sock=listener)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def _answerer(answer: bytes) -> Attend:
    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")  # nothing comes from who only connects
            await asyncio.sleep(ANSWER_S)
            writer.write(answer)
            await writer.drain()
        writer.close()

    return attend


if __name__ == "__main__":
    sys.exit(main())
