# SPDX-License-Identifier: GPL-3.0-or-later
"""One TUN device, raw IP packets without the four-byte prefix."""

import fcntl
import os
import struct

TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
PACKET_MAX = 65536


def open_tun(name: str) -> int:
    """Create TUN device `name` in the calling thread's network namespace.

    Returns a non-blocking descriptor; the device is gone when it is closed. Raises OSError when
    /dev/net/tun is missing or the caller lacks CAP_NET_ADMIN.
    """
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    except OSError:
        os.close(handle)
        raise
    return handle
