# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of role `farm`: addresses of the host, CIDR checks, users of the slots."""

from __future__ import annotations

import ipaddress
import re
from typing import Any


def farm_addresses(interfaces: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Turn the parsed output of `ip -j address` into [{interface, address, network}].

    Only IPv4, loopback left out; older iproute2 prints `{}` for an interface it filters.
    """
    found: list[dict[str, str]] = []
    for interface in interfaces:
        for entry in interface.get("addr_info", []):
            if entry.get("family") != "inet":
                continue
            address = ipaddress.IPv4Interface(f"{entry['local']}/{entry['prefixlen']}")
            if not address.is_loopback:
                found.append(
                    {
                        "interface": interface["ifname"],
                        "address": str(address.ip),
                        "network": str(address.network),
                    }
                )
    return found


def farm_address_label(entry: dict[str, str]) -> str:
    """Say an entry of `farm_addresses` to a person: `192.168.1.100 (lan0)`."""
    return f"{entry['address']} ({entry['interface']})"


def farm_bad_networks(values: Any) -> list[Any]:
    """Return what of `values` is not an IPv4 network such as 192.168.1.0/24."""
    return [value for value in _as_list(values) if not _parses(ipaddress.IPv4Network, value)]


def farm_bad_addresses(values: Any) -> list[Any]:
    """Return what of `values` is not a usable IPv4 address (loopback and 0.0.0.0 are not)."""
    return [value for value in _as_list(values) if not _usable(value)]


def farm_user(slot: int, uid_base: int) -> dict[str, Any]:
    """Name and uid of the user that the proxy of `slot` runs as."""
    return {"slot": slot, "name": f"farm-px-{slot}", "uid": uid_base + slot}


def farm_user_conflicts(passwd: dict[str, list[str]], users: list[dict[str, Any]]) -> list[str]:
    """Say which users of the slots cannot be made: a name or a uid is taken by something else."""
    wanted = {user["name"]: user["uid"] for user in users}
    uids = set(wanted.values())
    return [
        f"{name} has uid {fields[1]}"
        for name, fields in sorted(passwd.items())
        if (name in wanted and int(fields[1]) != wanted[name])
        or (int(fields[1]) in uids and name not in wanted and not _former(name))
    ]


def _former(name: str) -> bool:
    return re.fullmatch(r"farm-px-[0-9]+", name) is not None


def _usable(value: Any) -> bool:
    if not _parses(ipaddress.IPv4Address, value):
        return False
    address = ipaddress.IPv4Address(value)
    return not (address.is_loopback or address.is_unspecified or address.is_multicast)


def _parses(kind: type, value: Any) -> bool:
    # An int is an address to ipaddress; in an inventory it is a mistake.
    try:
        return isinstance(value, str) and bool(kind(value))
    except ValueError:
        return False


def _as_list(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, object]:
        """Names and functions of the filters in this file."""
        return {
            "farm_address_label": farm_address_label,
            "farm_addresses": farm_addresses,
            "farm_bad_addresses": farm_bad_addresses,
            "farm_bad_networks": farm_bad_networks,
            "farm_user": farm_user,
            "farm_user_conflicts": farm_user_conflicts,
        }
