# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of one v2ray 4.34 instance (the packaged engine): one port HTTP, one SOCKS.

The first outbound is what no rule matches, so it is the one that drops. The resolver has a tag and
a rule of its own, else its queries would be dropped too. `IPOnDemand` resolves names before the
address rules are asked, so a name that points to a private network is refused like the address.
What it cannot do is refused before it comes here: `engines`.
"""

import json
from typing import Any

from ..errors import ConfigRefusedError
from .plan import ProxyPlan
from .policy import HTTP, SOCKS, UDP

_HANDSHAKE_S = 8  # LTE may take seconds for the first packet after an idle time
# A name is refused when *any* of its addresses is denied, so denying all of IPv6 would refuse every
# name that also has an AAAA record. Public IPv6 is closed by UseIPv4, the rules and the guard.
_DENIED_V6 = ("::/8", "64:ff9b::/96", "fc00::/7", "fe80::/10", "ff00::/8")


def render(plan: ProxyPlan) -> str:
    """The text of the file (JSON, keys in a fixed order)."""
    if plan.socks_port is None:
        raise ConfigRefusedError("v2ray without a SOCKS port", "set socks_port_base")
    listen, udp = str(plan.listen), UDP in plan.policy.protocols
    socks: dict[str, Any] = {"auth": "noauth", "udp": udp}
    if udp:
        socks["ip"] = listen  # what it tells the client to send datagrams to
    document: dict[str, Any] = {
        "log": {"loglevel": "warning"},
        "policy": {
            "levels": {"0": {"handshake": _HANDSHAKE_S, "connIdle": plan.policy.idle_stream_s}}
        },
        "dns": {"tag": "names", "servers": [str(address) for address in plan.nameservers]},
        "inbounds": [
            {"tag": "http", "listen": listen, "port": plan.port, "protocol": "http"},
            # It listens also where SOCKS is off: who does not listen is taken for dead.
            {
                "tag": "socks",
                "listen": listen,
                "port": plan.socks_port,
                "protocol": "socks",
                "settings": socks,
            },
        ],
        "outbounds": [
            {"tag": "drop", "protocol": "blackhole"},
            {"tag": "uplink", "protocol": "freedom", "settings": {"domainStrategy": "UseIPv4"}},
        ],
        "routing": {"domainStrategy": "IPOnDemand", "rules": _rules(plan)},
    }
    return json.dumps(document, indent=1) + "\n"


def places(text: str) -> frozenset[tuple[str, str]]:
    """Address and port of each service in a text that `render` made; none in any other."""
    try:
        services = json.loads(text)["inbounds"]
        return frozenset((str(item["listen"]), str(item["port"])) for item in services)
    except (ValueError, KeyError, TypeError):
        return frozenset()


def _rules(plan: ProxyPlan) -> list[dict[str, Any]]:
    """The first rule that fits decides; what none fits is dropped."""
    policy, own = plan.policy, str(plan.own)
    targets = [*(str(network) for network in plan.denied_targets), *_DENIED_V6]
    sources = [*(str(network) for network in policy.clients), own]
    rules: list[dict[str, Any]] = [
        _rule("uplink", inboundTag=["names"]),
        _rule("drop", ip=targets),
        _rule("uplink", inboundTag=["http"], source=[own]),
    ]
    if policy.denied_ports:
        ports = ",".join(str(item) for item in policy.denied_ports)
        rules.insert(2, _rule("drop", port=ports))
    inbounds = {HTTP: ("http", "tcp"), SOCKS: ("socks", "tcp"), UDP: ("socks", "udp")}
    rules += [
        _rule("uplink", inboundTag=[tag], network=network, source=sources)
        for name, (tag, network) in inbounds.items()
        if name in policy.protocols
    ]
    return rules


def _rule(outbound: str, **fields: Any) -> dict[str, Any]:
    return {"type": "field", **fields, "outboundTag": outbound}
