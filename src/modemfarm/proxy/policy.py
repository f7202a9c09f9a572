# SPDX-License-Identifier: GPL-3.0-or-later
"""What a proxy lets whom do: the farm's default, and what one modem has of its own.

A document (JSON) names only what differs from the layer below: the modem's own over the farm's
`policy` over the farm's settings over the defaults here. `parse` is the one gate that values from
inventories, callers, the registry and the snapshot go through, so what comes out is typed.
"""

import dataclasses
import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any

from ..checks import address, flag, integer, items, network
from ..errors import InvalidValueError
from .engines import refuse_what_engine_cannot
from .users import check_name

if TYPE_CHECKING:
    from ..settings import FarmSettings

HTTP, CONNECT, SOCKS, UDP = "http", "connect", "socks", "udp"
PROTOCOLS = (HTTP, CONNECT, SOCKS, UDP)  # in the order in which they are written
CARRIER = "carrier"  # instead of name servers: those of the modem's bearer
MAX_NAMESERVERS = 5  # MAXNSERVERS in 3proxy
MAX_ITEMS = 64  # of a list; a line of 3proxy's configuration ends at 64 kB
MAX_BYTES = 4000  # of a modem's document: 120 of them have to fit into the snapshot
# Unsigned 32 bits of bit/s end at 4.2 Gbit/s. 3proxy rounds an upload's wait to whole microseconds
# for 64 bytes, so beyond 100 Mbit/s it would be a quarter off; an EC25 sends 50 Mbit/s at most.
MAX_DOWN_KBITS, MAX_UP_KBITS, MIN_KBITS = 1_000_000, 100_000, 8
QUOTAS = ("soft_day_mb", "hard_day_mb", "soft_month_mb", "hard_month_mb")
MAX_QUOTA_MB = 1_000_000_000  # 1 PB: an EC25 takes years for it
MAX_NEW_CONNECTIONS = 4095  # 3proxy counts them in 20-bit fractions of 32 bits


@dataclass(frozen=True)
class PortRange:
    """Ports from `first` to `last`, both inclusive."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True)
class Policy:
    """All values of one proxy. nameservers () stands for the carrier's, a limit of 0 for none.

    Rates are kilobits (1,000 bits) a second of all connections together, times are seconds. Quotas
    are megabytes (1,000,000 bytes) of both directions in a day or month: quota.py.
    users: names of those who may log in; without any, the address of a client is enough.
    listen: an address of this host in one of its LANs.
    """

    clients: tuple[IPv4Network, ...]
    nameservers: tuple[IPv4Address, ...]
    max_connections: int
    listen: IPv4Address
    protocols: tuple[str, ...] = (HTTP, CONNECT, SOCKS)
    users: tuple[str, ...] = ()
    # Mail submission: one abused client would put the SIM's number on every block list.
    denied_ports: tuple[PortRange, ...] = (
        PortRange(25, 25), PortRange(465, 465), PortRange(587, 587),
    )  # fmt: skip
    denied_networks: tuple[IPv4Network, ...] = ()
    down_kbits: int = 0
    up_kbits: int = 0
    new_connections_per_minute: int = 0
    soft_day_mb: int = 0
    hard_day_mb: int = 0
    soft_month_mb: int = 0
    hard_month_mb: int = 0
    connect_s: int = 15
    dns_s: int = 15
    idle_http_s: int = 180
    idle_stream_s: int = 1800
    log_hosts: bool = True
    log_paths: bool = False


FIELDS = tuple(field.name for field in dataclasses.fields(Policy))


def parse(document: object, where: str = "policy") -> dict[str, Any]:
    """The typed values of a document; InvalidValueError names `where`.field."""
    if not isinstance(document, Mapping):
        raise InvalidValueError(where, document, "a JSON object")
    for name in document:
        if name not in _CHECKS:
            raise InvalidValueError(f"field name in {where}", name, ", ".join(FIELDS))
    return {
        name: _CHECKS[name](f"{where}.{name}", document[name])
        for name in FIELDS
        if name in document
    }


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The document of typed values: what `parse` gives the same for."""
    return {name: _plain(name, value) for name, value in values.items()}


def document_of(policy: Policy) -> dict[str, Any]:
    """All values of a policy as a document."""
    return plain({name: getattr(policy, name) for name in FIELDS})


def checked(document: object, where: str = "policy") -> dict[str, Any]:
    """The document, in the one spelling that `plain` has; InvalidValueError."""
    found = plain(parse(document, where))
    size = len(json.dumps(found, separators=(",", ":")))
    if size > MAX_BYTES:
        raise InvalidValueError(f"size of {where}", size, f"at most {MAX_BYTES} bytes of JSON")
    return found


def complete(
    settings: "FarmSettings", own: Mapping[str, Any] | None = None, where: str = "policy"
) -> Policy:
    """All values of a modem with the document `own`. InvalidValueError also for what does not
    go together, with the settings or with the engine.
    """
    typed = parse(own or {}, where)
    refuse_what_engine_cannot(settings.engine, settings.policy, "policy")
    refuse_what_engine_cannot(settings.engine, plain(typed), where)
    values = {
        "clients": settings.clients,
        "nameservers": settings.nameservers,
        "max_connections": settings.max_connections,
        "listen": settings.lan_address,
        **parse(settings.policy),
        **typed,
    }
    policy = Policy(**values)
    if settings.engine == "threeproxy" and len(policy.nameservers) > MAX_NAMESERVERS:
        raise InvalidValueError(
            "nameservers", _joined(policy.nameservers), f"at most {MAX_NAMESERVERS} addresses"
        )
    for client in policy.clients:
        if not any(client.subnet_of(allowed) for allowed in settings.clients):
            raise InvalidValueError(
                f"{where}.clients", str(client),
                f"networks within the clients of the farm: {_joined(settings.clients)}",
            )  # fmt: skip
    if policy.listen not in settings.listen_choices:
        raise InvalidValueError(
            f"{where}.listen", str(policy.listen),
            f"lan_address or one of listen_addresses: {_joined(settings.listen_choices)}",
        )  # fmt: skip
    if policy.log_paths and not policy.log_hosts:
        raise InvalidValueError(f"{where}.log_paths", True, "only together with log_hosts")
    for period in ("day", "month"):
        soft, hard = getattr(policy, f"soft_{period}_mb"), getattr(policy, f"hard_{period}_mb")
        if 0 < hard < soft:
            raise InvalidValueError(
                f"{where}.soft_{period}_mb", soft, f"at most hard_{period}_mb, which is {hard}"
            )
    return policy


def listen_address(settings: "FarmSettings", own: Mapping[str, Any] | None) -> IPv4Address:
    """Where the proxy of a modem with the document `own` listens, also where the rest of it
    cannot be: who looks at a port wants to know where it is.
    """
    for document in (own or {}, settings.policy):
        try:
            found = address("listen", document.get("listen"))
        except InvalidValueError:
            continue
        if found in settings.listen_choices:
            return found
    return settings.lan_address


def _joined(values: tuple[object, ...]) -> str:
    return ", ".join(map(str, values))


def _plain(name: str, value: Any) -> Any:
    if name == "nameservers" and not value:
        return CARRIER
    if isinstance(value, tuple):
        return [_plain("", item) for item in value]
    if isinstance(value, PortRange):
        return value.first if value.first == value.last else str(value)
    return str(value) if isinstance(value, IPv4Address | IPv4Network) else value


_RANGE = re.compile(r"([0-9]{1,5})-([0-9]{1,5})\Z")


def _port_range(name: str, value: object) -> PortRange:
    allowed = "ports from 1 to 65535, or a range such as 6000-6063"
    found = _RANGE.match(value) if isinstance(value, str) else None
    try:
        first, last = (integer(name, port, 1, 65535) for port in _ends(found, value))
    except InvalidValueError as error:
        raise InvalidValueError(name, value, allowed) from error
    if first > last:
        raise InvalidValueError(name, value, f"{allowed}, the lower one first")
    return PortRange(first, last)


def _ends(found: re.Match[str] | None, value: object) -> tuple[object, object]:
    return (value, value) if found is None else (int(found[1]), int(found[2]))


def _listed(name: str, value: object) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        raise InvalidValueError(name, value, f"a list of at most {MAX_ITEMS}")
    return value


def _denied_ports(name: str, value: object) -> tuple[PortRange, ...]:
    ranges = sorted(
        (_port_range(name, item) for item in _listed(name, value)), key=lambda r: r.first
    )
    for one, other in itertools.pairwise(ranges):
        if other.first <= one.last:
            raise InvalidValueError(name, f"{one} and {other}", "ranges that do not overlap")
    return tuple(ranges)


def _networks(name: str, value: object) -> tuple[IPv4Network, ...]:
    found = sorted(network(name, item) for item in _listed(name, value))
    for one, other in itertools.pairwise(found):
        if one.overlaps(other):
            raise InvalidValueError(name, f"{one} and {other}", "networks that do not overlap")
    return tuple(found)


def _clients(name: str, value: object) -> tuple[IPv4Network, ...]:
    items(name, value)
    return _networks(name, value)


def _nameservers(name: str, value: object) -> tuple[IPv4Address, ...]:
    if value == CARRIER:
        return ()
    allowed = f"1 to {MAX_NAMESERVERS} IPv4 addresses outside of this host, or {CARRIER}"
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_NAMESERVERS:
        raise InvalidValueError(name, value, allowed)
    found = tuple(address(name, item) for item in value)
    for server in found:
        if not usable_nameserver(server):
            raise InvalidValueError(name, str(server), allowed)
    return found


def usable_nameserver(server: IPv4Address) -> bool:
    """False for what no modem leads to."""
    return not (server.is_loopback or server.is_link_local or server.is_reserved)


def _protocols(name: str, value: object) -> tuple[str, ...]:
    found = _words(name, value, PROTOCOLS)
    return tuple(word for word in PROTOCOLS if word in found)


def _words(name: str, value: object, allowed: tuple[str, ...]) -> list[object]:
    words = items(name, value)
    for word in words:
        if word not in allowed or words.count(word) > 1:
            raise InvalidValueError(name, word, f"{', '.join(allowed)}; each once")
    return words


def _users(name: str, value: object) -> tuple[str, ...]:
    names = [check_name(item, name) for item in _listed(name, value)]
    for item in names:
        if names.count(item) > 1:
            raise InvalidValueError(name, item, "each name once")
    return tuple(names)


def _number(low: int, high: int, zero: bool = False) -> Callable[[str, object], int]:
    def check(name: str, value: object) -> int:
        if zero and value == 0 and not isinstance(value, bool):
            return 0
        try:
            return integer(name, value, low, high)
        except InvalidValueError as error:
            none = ", or 0 for no limit" if zero else ""
            raise InvalidValueError(
                name, value, f"an integer from {low} to {high}{none}"
            ) from error

    return check


_CHECKS: dict[str, Callable[[str, object], Any]] = {
    "clients": _clients,
    "nameservers": _nameservers,
    "max_connections": _number(1, 10_000),
    "listen": address,
    "protocols": _protocols,
    "users": _users,
    "denied_ports": _denied_ports,
    "denied_networks": _networks,
    "down_kbits": _number(MIN_KBITS, MAX_DOWN_KBITS, zero=True),
    "up_kbits": _number(MIN_KBITS, MAX_UP_KBITS, zero=True),
    "new_connections_per_minute": _number(1, MAX_NEW_CONNECTIONS, zero=True),
    **{name: _number(1, MAX_QUOTA_MB, zero=True) for name in QUOTAS},
    "connect_s": _number(1, 300),
    "dns_s": _number(1, 60),
    "idle_http_s": _number(5, 86_400),
    # The guard knows a connection by conntrack, whose entries host_tuning keeps for 7,440 s.
    "idle_stream_s": _number(5, 7_200),
    "log_hosts": flag,
    "log_paths": flag,
}
