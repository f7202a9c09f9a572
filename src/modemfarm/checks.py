# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of values from files and callers; each gives the typed value or InvalidValueError."""

from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError

from .errors import InvalidValueError


def integer(name: str, value: object, low: int, high: int) -> int:
    """A whole number from `low` to `high`, both inclusive."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidValueError(name, value, f"an integer from {low} to {high}")
    return value


def address(name: str, value: object) -> IPv4Address:
    """One host's IPv4 address."""
    try:
        found = IPv4Address(value if isinstance(value, str) else "")
    except AddressValueError as error:
        raise InvalidValueError(name, value, "an IPv4 address") from error
    if found.is_unspecified or found.is_multicast:
        raise InvalidValueError(name, value, "a unicast IPv4 address")
    return found


def network(name: str, value: object) -> IPv4Network:
    """An IPv4 network; a bare address is one of a single host."""
    try:
        return IPv4Network(value if isinstance(value, str) else "")
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        raise InvalidValueError(name, value, "an IPv4 network such as 192.168.1.0/24") from error


def items(name: str, value: object) -> list[object]:
    """A list that is not empty."""
    if not isinstance(value, list) or not value:
        raise InvalidValueError(name, value, "a list with at least one element")
    return value


def flag(name: str, value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise InvalidValueError(name, value, "true or false")
    return value
