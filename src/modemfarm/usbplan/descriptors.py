# SPDX-License-Identifier: GPL-3.0-or-later
"""What a device would use, from its raw descriptors (sysfs `descriptors`, USB 2.0 chapter 9).

Needed for one the kernel could not configure: it has no interfaces in sysfs.
"""

CONFIGURATION, INTERFACE, ENDPOINT = 2, 4, 5
DEVICE_BYTES = 18
MOST_BYTES = 1 << 16  # a configuration's length is 16 bits


def declared_endpoints(raw: bytes) -> int:
    """Endpoints of the first configuration, endpoint 0 included.

    Of an interface with alternate settings the largest counts: the driver may choose it. Garbage
    ends the count where it begins.
    """
    most: dict[int, int] = {}
    interface, count, configurations = -1, 0, 0
    at = DEVICE_BYTES
    while at + 2 <= min(len(raw), MOST_BYTES):
        length, kind = raw[at], raw[at + 1]
        if length < 2:
            break
        if kind == CONFIGURATION:
            configurations += 1
            if configurations > 1:
                break
        elif kind == INTERFACE and at + 3 <= len(raw):
            interface, count = raw[at + 2], 0
        elif kind == ENDPOINT:
            count += 1
            most[interface] = max(most.get(interface, 0), count)
        at += length
    return 1 + sum(most.values())
