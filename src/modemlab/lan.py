# SPDX-License-Identifier: GPL-3.0-or-later
"""The LAN of the lab host: a gateway, a client, and a trap for what must not come this way.

The host's uplink leads into namespace `lan`, which answers for the carrier's services too, but
says `view=lan`. A proxy that falls through to the host's ordinary uplink is so seen at once.
"""

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from modemlab.carrier import addresses as adr
from modemlab.carrier.counters import bump
from modemlab.carrier.dns import Query, Zone
from modemlab.carrier.http import Request, View
from modemlab.carrier.netns import IP_TIMEOUT_S, Inside, NetnsError, ensure, ip_batch, remove
from modemlab.carrier.services import Services
from modemlab.carrier.sniffer import LeakCounter

VIEW = "view=lan"


@dataclass(frozen=True, slots=True)
class LanPlan:
    """Names and addresses of the LAN. `host_netns` is None for the machine's own namespace."""

    netns: str = "lan"
    host_device: str = "lan0"
    gateway_device: str = "gw0"
    network: str = "192.168.1.0/24"
    host: str = "192.168.1.100"
    gateway: str = "192.168.1.1"
    client: str = "192.168.1.50"
    host_v6: str = "fd6d:6661:726d::100"
    gateway_v6: str = "fd6d:6661:726d::1"
    host_netns: str | None = None


def setup(plan: LanPlan) -> None:
    """Build the LAN, or complete what an earlier run left. Raises NetnsError.

    The host's default route (IPv4 and IPv6) leads to the LAN afterwards.
    """
    ensure(plan.netns)
    if not _has_device(plan):
        made = f"link add {plan.host_device} type veth peer name {plan.gateway_device}"
        ip_batch([f"{made} netns {plan.netns}"], plan.host_netns)
    length = IPv4Network(plan.network).prefixlen
    host, gateway = plan.host_device, plan.gateway_device
    ip_batch(
        [
            f"addr replace {plan.gateway}/{length} dev {gateway}",
            f"addr replace {plan.client}/{length} dev {gateway}",
            f"addr replace {plan.gateway_v6}/64 dev {gateway} nodad",
            *(f"addr replace {a}/32 dev lo" for a in adr.SERVICES_V4),
            *(f"addr replace {a}/128 dev lo nodad" for a in adr.SERVICES_V6),
            f"link set {gateway} up",
            f"route replace default via {plan.host} dev {gateway} onlink",
        ],
        plan.netns,
    )
    ip_batch(
        [
            f"addr replace {plan.host}/{length} dev {host}",
            f"addr replace {plan.host_v6}/64 dev {host} nodad",
            f"link set {host} up",
            f"route replace default via {plan.gateway} dev {host}",
            f"route replace ::/0 via {plan.gateway_v6} dev {host}",
        ],
        plan.host_netns,
    )


def teardown(plan: LanPlan) -> None:
    """Remove namespace and devices; fine when they are not there."""
    if _has_device(plan):
        ip_batch([f"link del {plan.host_device}"], plan.host_netns)
    remove(plan.netns)


def _has_device(plan: LanPlan) -> bool:
    """Whether the host's end of the veth is there. Raises NetnsError if it is something else."""
    command = ["ip", *(["-n", plan.host_netns] if plan.host_netns else []), "-json", "-d", "link"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=IP_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise NetnsError(f"{' '.join(command)}: {done.stderr.strip()}")
    for link in json.loads(done.stdout):
        if link.get("ifname") == plan.host_device:
            kind = link.get("linkinfo", {}).get("info_kind")
            if kind != "veth":
                raise NetnsError(f"{plan.host_device} is a {kind or 'device'}, expected a veth")
            return True
    return False


class Lan:
    """The running LAN side: trap services and leak counters."""

    def __init__(self, plan: LanPlan, is_wan: Callable[[str], bool]) -> None:
        self.plan = plan
        self.inside = Inside(plan.netns)
        self.leaks = LeakCounter(is_wan)
        self.zone = Zone(
            {
                "*.lab.test": (adr.LAN_DNS_V4, adr.LAN_DNS_V6),
                "lab.test": (adr.LAN_DNS_V4, adr.LAN_DNS_V6),
            }
        )
        self._services = Services(self.inside, self._view, self._resolve)
        self._reset()

    def _reset(self) -> None:
        self.http_requests = 0
        self.dns_queries = 0
        self.dns_names: Counter[str] = Counter()

    async def start(self) -> None:
        """Set the LAN up and answer in it. Raises NetnsError or OSError."""
        setup(self.plan)
        network = IPv4Network(self.plan.network)
        await self.inside.acall(lambda: self.leaks.open(self.plan.gateway_device, network))
        self.leaks.start()
        dns = (adr.DNS_V4, adr.DNS_V6, self.plan.gateway)
        await self._services.start(adr.SERVICES_V4 + adr.SERVICES_V6, *dns)

    async def stop(self, remove_devices: bool = False) -> None:
        """Stop answering; with `remove_devices` the LAN goes too."""
        await self._services.stop()
        self.leaks.stop()
        self.inside.close()
        if remove_devices:
            teardown(self.plan)

    def counters(self) -> dict[str, Any]:
        """What came to the LAN side although it belongs to the carrier."""
        return {
            **self.leaks.as_dict(),
            "http_requests": self.http_requests,
            "dns_queries": self.dns_queries,
            "dns_names": dict(self.dns_names),
        }

    def reset_counters(self) -> None:
        """Set all counters back to nothing."""
        self.leaks.reset()
        self._reset()

    def _view(self, _caller: str, _called: str, _request: Request) -> View:
        self.http_requests += 1
        return View(VIEW)

    def _resolve(self, _caller: str, query: Query) -> bytes:
        self.dns_queries += 1
        bump(self.dns_names, query.name)
        return self.zone.answer(query)
