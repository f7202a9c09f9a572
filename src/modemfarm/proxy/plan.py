# SPDX-License-Identifier: GPL-3.0-or-later
"""What a proxy instance has to do, as typed values: the only input of the config writers.

Text from people, modems or carriers never reaches a proxy configuration: a newline in one value
would be a command to 3proxy (`system ...`), so nothing but numbers, addresses and checked names
is let in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ..settings import FarmSettings, SlotPlan
from .policy import MAX_NAMESERVERS, Policy, complete
from .users import User

# Never through a modem: this host, its LANs, carrier-internal and link-local nets (cloud metadata
# too), protocol and benchmark nets, multicast and what is reserved (RFC 6890).
PRIVATE_NETWORKS = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/3",
    )
)


@dataclass(frozen=True)
class ProxyPlan:
    """One instance: where it listens, its policy, whom it asks for names, who may log in now.

    users: those of the policy that exist and whose time is not over.
    """

    listen: IPv4Address
    port: int
    socks_port: int | None
    policy: Policy
    nameservers: tuple[IPv4Address, ...]
    users: tuple[User, ...] = ()

    @property
    def own(self) -> IPv4Network:
        """This host: health is a request through the port, so it may always make one."""
        return IPv4Network(self.listen)

    @property
    def denied_targets(self) -> tuple[IPv4Network, ...]:
        """Private networks, the listen address where it is public, and what the policy adds."""
        found = list(PRIVATE_NETWORKS)
        for network in (self.own, *self.policy.denied_networks):
            if not any(network.subnet_of(denied) for denied in found):
                found.append(network)
        return tuple(found)


def proxy_plan(
    settings: FarmSettings,
    slot: SlotPlan,
    own: Mapping[str, Any] | None = None,
    users: Mapping[str, User] | None = None,
    carrier: tuple[IPv4Address, ...] = (),
    now: datetime | None = None,
) -> ProxyPlan:
    """The plan of one slot of this host; InvalidValueError for a policy that cannot be.

    own: the modem's own policy. carrier: its bearer's name servers; while none are known the
    farm's are asked, by the same uplink.
    """
    policy = complete(settings, own)
    known = users or {}
    return ProxyPlan(
        listen=policy.listen,
        port=slot.port,
        socks_port=slot.socks_port,
        policy=policy,
        nameservers=policy.nameservers or carrier[:MAX_NAMESERVERS] or settings.nameservers,
        users=tuple(
            known[name]
            for name in policy.users
            if name in known and (now is None or known[name].valid(now))
        ),
    )
