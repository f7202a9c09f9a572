# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a proxy alive, whatever its uplink does? It is asked for what it refuses by itself.

A stopped proxy and a dead uplink look alike from outside: the kernel accepts, nothing follows. But
a request for the loopback never leaves the proxy: 3proxy 1.0.0 answers 403 within 5 ms (measured),
v2ray drops the connection; a process that hangs does neither.
"""

from __future__ import annotations

from modemfarm.proxy.entrance import connect

PULSE_S = 5.0  # as long as a request may take: a busy host is slow to everybody
REFUSED = b"GET http://127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def answers(address: str, port: int) -> bool:
    """True when the proxy reacts at all: any answer or a hang-up."""
    try:
        with connect(address, port, PULSE_S) as connection:
            connection.sendall(REFUSED)
            connection.recv(1)
    except ConnectionResetError:
        return True
    except OSError:
        return False
    return True
