# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a running 3proxy serve with the configuration on disk? Asked through its port."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from ..apply.probe import ProbeError, probe, status
from ..errors import ConfigRefusedError
from . import mark, threeproxy

RETRY_S = 0.1
LOOPBACK = "127.0.0.1"  # refused by every configuration; what one without a mark is asked for


@dataclass(frozen=True)
class Port:
    """Where an instance listens, and the name that it must know."""

    address: IPv4Address
    port: int
    name: str

    @classmethod
    def of(cls, text: str) -> "Port":
        """From the text of its configuration; ConfigRefusedError for one of another writer."""
        places = sorted(threeproxy.places(text))
        if not places:
            raise ConfigRefusedError(
                "the configuration starts no service", "apply the modem: `modemfarm apply`"
            )
        address, port = places[0]
        return cls(IPv4Address(address), int(port), mark.name_in(text) or LOOPBACK)


@dataclass(frozen=True)
class Reach:
    """What came back: the proxy took its configuration; the address that a probe's target saw."""

    took: bool
    address: str | None = None


def look(port: Port, urls: Sequence[str]) -> Reach:
    """One look, without patience; `urls` are probe targets, asked in turn until one answers."""
    try:
        took = status(port.address, port.port, f"http://{port.name}/") in mark.KNOWN
    except (OSError, ProbeError):
        return Reach(took=False)
    for url in urls if took else ():
        try:
            return Reach(took, probe(port.address, port.port, url, time.monotonic()))
        except ProbeError:
            continue
    return Reach(took)


def wait_for(port: Port, before: Reach, urls: Sequence[str], seconds: float) -> Reach:
    """Look until it does at least what it did `before`; what was seen last after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look(port, urls if before.address else ())
        if as_good(seen, before) or time.monotonic() > deadline:
            return seen
        time.sleep(RETRY_S)


def as_good(seen: Reach, before: Reach) -> bool:
    """True when nothing that worked before has stopped to."""
    return (seen.took or not before.took) and (seen.address is not None or not before.address)
