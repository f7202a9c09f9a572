# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the wireless data service (WDS): the bearer, its settings and its counters.

Our qmicli is a client of its own, and the bearer is ModemManager's. What a modem tells a client
without a call depends on its firmware: the shared call, or OutOfCall.
"""

from dataclasses import dataclass

from .text import Node
from .values import address, integer, state, text


@dataclass(frozen=True)
class PacketServiceStatus:
    """`status`: connected, disconnected, suspended or authenticating."""

    status: str
    connected: bool


@dataclass(frozen=True)
class BearerTechnology:
    """What carries the bearer: `network` 3gpp or 3gpp2, `technologies` such as ("lte",)."""

    network: str | None
    technologies: tuple[str, ...]


@dataclass(frozen=True)
class PacketStatistics:
    """Counters of the bearer; tx is from the host to the network. None where not told.

    Packets are counted in 32 bits by the modem and may start again at 0; bytes in 64.
    """

    tx_packets: int | None
    rx_packets: int | None
    tx_bytes: int | None
    rx_bytes: int | None
    tx_errors: int | None
    rx_errors: int | None
    tx_overflows: int | None
    rx_overflows: int | None
    tx_dropped: int | None
    rx_dropped: int | None


@dataclass(frozen=True)
class IpSettings:
    """What the network gave the bearer for one IP family. `netmask` is IPv4's."""

    address: str
    prefix: int | None
    netmask: str | None
    gateway: str | None
    dns: tuple[str, ...]


@dataclass(frozen=True)
class CurrentSettings:
    """`ipv4` and `ipv6` are None for a family that the call does not have; MTU in bytes."""

    ipv4: IpSettings | None
    ipv6: IpSettings | None
    mtu: int | None


def packet_service_status(tree: Node) -> PacketServiceStatus:
    """wds-get-packet-service-status."""
    status = state(tree, "Connection status")
    return PacketServiceStatus(status, status == "connected")


def current_bearer(tree: Node) -> BearerTechnology:
    """wds-get-current-data-bearer-technology."""
    return BearerTechnology(
        text(tree, "Network type"), _words(state(tree, "Radio Access Technology"))
    )


def bearer(tree: Node) -> BearerTechnology:
    """wds-get-data-bearer-technology, which modems before 2011 have instead."""
    return BearerTechnology(None, _words(state(tree, "Data bearer technology (current)")))


def packet_statistics(tree: Node) -> PacketStatistics:
    """wds-get-packet-statistics."""
    return PacketStatistics(
        tx_packets=integer(tree, "TX packets OK"),
        rx_packets=integer(tree, "RX packets OK"),
        tx_bytes=integer(tree, "TX bytes OK"),
        rx_bytes=integer(tree, "RX bytes OK"),
        tx_errors=integer(tree, "TX packets error"),
        rx_errors=integer(tree, "RX packets error"),
        tx_overflows=integer(tree, "TX overflows"),
        rx_overflows=integer(tree, "RX overflows"),
        tx_dropped=integer(tree, "TX packets dropped"),
        rx_dropped=integer(tree, "RX packets dropped"),
    )


def current_settings(tree: Node) -> CurrentSettings:
    """wds-get-current-settings."""
    return CurrentSettings(_settings(tree, 4), _settings(tree, 6), integer(tree, "MTU", high=65535))


def _settings(tree: Node, family: int) -> IpSettings | None:
    name = f"IPv{family}"
    own, prefix = address(tree, f"{name} address")
    if own is None:
        return None
    mask, _ = address(tree, f"{name} subnet mask")
    if mask is not None:
        _, prefix = address(_pair(own, mask), "pair")
    servers = (address(tree, f"{name} {rank} DNS")[0] for rank in ("primary", "secondary"))
    gateway, _ = address(tree, f"{name} gateway address")
    return IpSettings(own, prefix, mask, gateway, tuple(dns for dns in servers if dns))


def _pair(own: str, mask: str) -> Node:
    """Address and netmask as one line, for the prefix length; a mask with holes has none."""
    return Node(children=[Node("pair", value=f"{own}/{mask}")])


def _words(value: str) -> tuple[str, ...]:
    """The names in 'hsdpa, hsupa'; none for what no bearer and no name stand for."""
    words = (word.strip() for word in value.split(","))
    return tuple(word for word in words if word not in ("", "none", "unknown", "null-bearer"))
