# SPDX-License-Identifier: GPL-3.0-or-later
"""How this host itself comes to its proxies: from the very address that they listen on.

To a further address of an interface the kernel would come from the first one, and a proxy knows its
own host by the address that it listens on.
"""

import socket


def connect(address: str, port: int, timeout: float) -> socket.socket:
    """A connection to address:port of this host; OSError, TimeoutError. Times are seconds."""
    return socket.create_connection((address, port), timeout, source_address=(address, 0))
