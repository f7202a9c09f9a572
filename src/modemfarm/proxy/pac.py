# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxy auto-configuration: JavaScript that tells a browser which proxy to ask for a URL.

A browser that gets no answer from its script, an empty one, or an error goes out by itself: a leak.
So the scripts call none of the browser's functions, return a proxy for every URL, and end at a port
where nobody listens rather than at DIRECT.

- Of a modem: this modem or nothing. No DIRECT at all, also not for the LAN.
- Of the farm: all modems that serve this client without a login. A site stays with its modem as
  long as that one answers, then goes to the next two (another address at the far side, as it has to
  be). DIRECT is for what cannot be outside alone: literal addresses of the clients' own private
  networks, and names that no public DNS has (RFC 6761, 6762, 8375). No name is resolved for it.

All registered modems are in it, also one that is away: its port refuses at once, and what is served
stays the same, as browsers keep it for hours. JavaScript of 1999, as old clients have it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from ..errors import FarmError
from ..settings import FarmSettings
from ..snapshot import ModemRecord
from .plan import PRIVATE_NETWORKS
from .policy import CONNECT, HTTP, SOCKS, Policy, complete, listen_address

NOWHERE = "PROXY 127.0.0.1:9"  # the discard port of the client itself: refused, and nothing is sent
TRIES = 3  # each that is away costs one refused connection
_LOOPBACK = IPv4Network("127.0.0.0/8")


@dataclass(frozen=True)
class Way:
    """Answers for one modem: for plain HTTP, and for all else, which needs a tunnel."""

    http: str
    other: str


def way_of(settings: FarmSettings, record: ModemRecord) -> Way:
    """How a browser gets to a modem. Where its policy lets nothing through, its port says so."""
    slot, policy = settings.slot(record.slot), _policy(settings, record)
    at = listen_address(settings, record.policy)
    proxy = f"PROXY {at}:{slot.port}"
    socks = f"SOCKS5 {at}:{slot.socks_port or slot.port}" if SOCKS in policy.protocols else proxy
    return Way(
        http=proxy if HTTP in policy.protocols else socks,
        other=proxy if CONNECT in policy.protocols else socks,
    )


def modem_script(settings: FarmSettings, record: ModemRecord) -> str:
    """Everything by one modem."""
    way = way_of(settings, record)
    return _script(
        "modemfarm: everything by one modem, or nowhere",
        [f'return /^http:/i.test(url) ? "{way.http}" : "{way.other}";'],
    )


def nowhere_script(why: str) -> str:
    """For a modem that is none (any more), and while nobody knows. `why`: fixed words of ours."""
    return _script(f"modemfarm: {why}; nothing gets out", [f'return "{NOWHERE}";'])


def farm_script(
    settings: FarmSettings, records: Iterable[ModemRecord], client: IPv4Address | None = None
) -> str:
    """All modems that serve `client` (None: some client) without a login."""
    served = [record for record in records if _serves(settings, record, client)]
    ways = [way_of(settings, record) for record in served]
    offers = {
        "plain": [way.http for way, r in zip(ways, served, strict=True) if _can(settings, r, HTTP)],
        "tunnel": [
            w.other for w, r in zip(ways, served, strict=True) if _can(settings, r, CONNECT)
        ],
    }
    lists = [
        f"var {name} = [{', '.join(f'{chr(34)}{proxy}{chr(34)}' for proxy in proxies)}];"
        for name, proxies in offers.items()
    ]
    ranges = ", ".join(
        f"[{int(net.network_address)}, {int(net.broadcast_address)}]" for net in _near(settings)
    )
    text = _FARM.replace("@TRIES@", str(TRIES)).replace("@NOWHERE@", NOWHERE)
    body = [*lists, f"var near = [{ranges}];", *text.strip("\n").split("\n")]
    return _script("modemfarm: a modem for each site, never the client's own uplink", body)


# A site: the last two labels of a name, three where the last but one is short (co.uk). Its hash
# with each proxy (Jenkins's one-at-a-time) orders them: one that comes or goes moves no other site.
_FARM = """
var name = String(host).toLowerCase().replace(/\\.$/, "");
var quad = /^(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})$/.exec(name);
var i, number;
if (quad && !/(^|\\.)(0\\d|[3-9]\\d\\d|2[6-9]\\d|25[6-9])/.test(name)) {
    number = ((+quad[1] * 256 + +quad[2]) * 256 + +quad[3]) * 256 + +quad[4];
    for (i = 0; i < near.length; i++) {
        if (number >= near[i][0] && number <= near[i][1]) { return "DIRECT"; }
    }
}
if (/(^|\\.)(localhost|local|internal|home\\.arpa)$/.test(name)) { return "DIRECT"; }

var labels = name.split("."), count = labels.length, kept = 2;
if (count > 2 && labels[count - 1].length === 2 && labels[count - 2].length < 4) { kept = 3; }
var site = quad || count <= kept ? name : labels.slice(count - kept).join(".");
function score(text) {
    var hash = 0, n;
    for (n = 0; n < text.length; n++) {
        hash = (hash + text.charCodeAt(n)) | 0;
        hash = (hash + (hash << 10)) | 0;
        hash ^= hash >>> 6;
    }
    hash = (hash + (hash << 3)) | 0;
    hash ^= hash >>> 11;
    return (hash + (hash << 15)) >>> 0;
}
var proxies = /^http:/i.test(url) ? plain : tunnel, ranked = [];
for (i = 0; i < proxies.length; i++) { ranked.push([score(site + " " + proxies[i]), proxies[i]]); }
ranked.sort(function (a, b) { return b[0] - a[0] || (a[1] < b[1] ? -1 : 1); });
var chosen = [];
for (i = 0; i < ranked.length && i < @TRIES@; i++) { chosen.push(ranked[i][1]); }
return chosen.length ? chosen.join("; ") : "@NOWHERE@";
"""


def _script(title: str, body: list[str]) -> str:
    lines = "".join(f"    {line}".rstrip() + "\n" for line in body)
    return f"// {title}.\nfunction FindProxyForURL(url, host) {{\n{lines}}}\n"


def _policy(settings: FarmSettings, record: ModemRecord) -> Policy:
    """Its policy; the farm's while its own does not fit, as its proxy keeps what it had."""
    try:
        return complete(settings, record.policy)
    except FarmError:
        return complete(settings)


def _serves(settings: FarmSettings, record: ModemRecord, client: IPv4Address | None) -> bool:
    policy = _policy(settings, record)
    near = client is None or any(client in network for network in policy.clients)
    return near and not policy.users and record.slot <= settings.slots


def _can(settings: FarmSettings, record: ModemRecord, protocol: str) -> bool:
    protocols = _policy(settings, record).protocols
    return protocol in protocols or SOCKS in protocols


def _near(settings: FarmSettings) -> list[IPv4Network]:
    """Literal addresses that a browser asks by itself: never ones that may be outside."""
    private = [n for n in settings.clients if any(n.subnet_of(p) for p in PRIVATE_NETWORKS)]
    return [_LOOPBACK, *private]
