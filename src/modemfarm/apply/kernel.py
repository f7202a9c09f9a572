# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel has of addresses and routes, as far as the farm compares it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

MAIN_TABLE = 254  # /etc/iproute2/rt_tables


@dataclass(frozen=True)
class KernelState:
    """IPv4 addresses and networks by interface, and (table, interface) of each default route."""

    addresses: Mapping[str, tuple[IPv4Address, ...]] = field(default_factory=dict)
    defaults: frozenset[tuple[int, str]] = frozenset()
    networks: Mapping[str, tuple[IPv4Network, ...]] = field(default_factory=dict)

    def default_interfaces(self, table: int) -> frozenset[str]:
        """The interfaces that `table` sends everything to."""
        return frozenset(name for number, name in self.defaults if number == table)
