# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and routes as the kernel has them (`ip -N -j`), to compare with what should be."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

ROUTES_COMMAND = ("ip", "-N", "-j", "-4", "route", "show", "table", "all")
ADDRESSES_COMMAND = ("ip", "-N", "-j", "-4", "address", "show")
MAIN_TABLE = 254


@dataclass(frozen=True)
class KernelState:
    """IPv4 addresses by interface, and (table, interface) of each default route."""

    addresses: Mapping[str, tuple[IPv4Address, ...]] = field(default_factory=dict)
    defaults: frozenset[tuple[int, str]] = frozenset()

    def default_interfaces(self, table: int) -> frozenset[str]:
        """The interfaces that `table` sends everything to."""
        return frozenset(name for number, name in self.defaults if number == table)


def parse(addresses: str, routes: str) -> KernelState:
    """The outputs of the two commands."""
    links: list[dict[str, Any]] = json.loads(addresses or "[]")
    rows: list[dict[str, Any]] = json.loads(routes or "[]")
    return KernelState(
        {
            str(link.get("ifname")): tuple(
                IPv4Address(info["local"]) for info in link.get("addr_info", ()) if "local" in info
            )
            for link in links
        },
        frozenset(
            (int(row.get("table", MAIN_TABLE)), str(row["dev"]))
            for row in rows
            # A default route without "type" is a unicast one; blackhole and the like have no dev.
            if row.get("dst") == "default" and "dev" in row
        ),
    )
