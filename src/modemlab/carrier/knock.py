# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody in the carrier's network sees of a host behind a modem: TCP ports."""

import asyncio
import errno
import socket
from functools import partial

from modemlab.carrier.addresses import HTTP_V4, line_v4
from modemlab.carrier.netns import Inside

KNOCK_MAX = 4096
AT_ONCE = 128  # sockets open together, well below the usual limit of 1024 descriptors
_REFUSALS = {
    errno.ECONNREFUSED: "refused",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
}


async def knock(inside: Inside, number: int, ports: list[int], timeout: float) -> dict[int, str]:
    """Try to connect to `ports` of modem `number` from the carrier's side.

    Each port is "open", "refused" (a TCP reset), "unreachable" (an ICMP error), "silent" (nothing
    within `timeout` seconds, what a closed firewall gives) or "error: …".
    """
    gate = asyncio.Semaphore(AT_ONCE)
    target = socket.inet_ntoa(line_v4(number))

    async def one(port: int) -> str:
        async with gate:
            return await _try(inside, target, port, timeout)

    return dict(zip(ports, await asyncio.gather(*map(one, ports)), strict=True))


async def _try(inside: Inside, target: str, port: int, timeout: float) -> str:
    raw = await inside.acall(partial(socket.socket, socket.AF_INET, socket.SOCK_STREAM))
    with raw:
        raw.setblocking(False)
        raw.bind((HTTP_V4, 0))
        try:
            async with asyncio.timeout(timeout):
                await asyncio.get_running_loop().sock_connect(raw, (target, port))
        except TimeoutError:
            return "silent"
        except OSError as error:
            return _REFUSALS.get(error.errno or 0, f"error: {error.strerror or error}")
    return "open"
