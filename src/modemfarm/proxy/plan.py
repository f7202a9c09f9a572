# SPDX-License-Identifier: GPL-3.0-or-later
"""What a proxy instance has to do, as typed values: the only input of the config writers.

Text from people, modems or carriers never reaches a proxy configuration: a newline in one value
would be a command to 3proxy (`system ...`), so nothing but numbers and addresses is let in.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from ..settings import FarmSettings, SlotPlan

# Never through a modem: this host, its LANs, carrier-internal and link-local nets, multicast.
PRIVATE_NETWORKS = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
    )
)
# Mail submission: one abused client would put the SIM's number on every block list.
DENIED_PORTS = (25, 465, 587)


@dataclass(frozen=True)
class ProxyPlan:
    """One instance: where it listens, whom it serves, which resolvers it asks."""

    listen: IPv4Address
    port: int
    socks_port: int | None
    clients: tuple[IPv4Network, ...]
    nameservers: tuple[IPv4Address, ...]
    max_connections: int

    @property
    def allowed_sources(self) -> tuple[IPv4Network, ...]:
        """The clients, and this host itself: health is a request through the port."""
        return (*self.clients, IPv4Network(self.listen))

    @property
    def denied_targets(self) -> tuple[IPv4Network, ...]:
        """Private networks, and the listen address where it is a public one."""
        own = IPv4Network(self.listen)
        if any(own.subnet_of(network) for network in PRIVATE_NETWORKS):
            return PRIVATE_NETWORKS
        return (*PRIVATE_NETWORKS, own)


def proxy_plan(settings: FarmSettings, slot: SlotPlan) -> ProxyPlan:
    """The plan of one slot of this host."""
    return ProxyPlan(
        listen=settings.lan_address,
        port=slot.port,
        socks_port=slot.socks_port,
        clients=settings.clients,
        nameservers=settings.nameservers,
        max_connections=settings.max_connections,
    )
