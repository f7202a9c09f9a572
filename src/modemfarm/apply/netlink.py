# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules, routes and addresses straight from the kernel (rtnetlink(7), linux/fib_rules.h).

`ip` says the same, but a process start costs 0.15 s under emulation and a run asks five times.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from ..errors import ToolError
from .kernel import KernelState
from .rules import Rule

_NETLINK_ROUTE = 0
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("=HH")
_RULE = struct.Struct("=8BI")  # family, dst_len, src_len, tos, table, -, -, action, flags
_ROUTE = struct.Struct("=8BI")  # family, dst_len, src_len, tos, table, protocol, scope, type, flags
_ADDRESS = struct.Struct("=4BI")  # family, prefix, flags, scope, index
_LINK = struct.Struct("=BBHiII")

_ERROR, _DONE = 2, 3
_REQUEST, _ACK, _DUMP, _EXCLUSIVE, _CREATE = 0x1, 0x4, 0x300, 0x200, 0x400
_GET_LINK, _GET_ADDRESS, _GET_ROUTE = 18, 22, 26
_NEW_RULE, _DELETE_RULE, _GET_RULE = 32, 33, 34

_SRC, _PRIORITY, _SUPPRESS_PREFIX, _TABLE, _UIDS, _PROTOCOL = 2, 6, 14, 15, 20, 21
_PLAIN_ATTRIBUTES = {_SRC, _PRIORITY, _TABLE, _UIDS, _PROTOCOL, 18, 16}  # 18 pads, 16 is a mask
_TO_TABLE, _UNREACHABLE = 1, 7
_INVERT = 0x2
_RTA_OIF, _RTA_TABLE, _UNICAST = 4, 15, 1
_IFLA_NAME, _IFA_LOCAL = 3, 2
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
TIMEOUT_S = 5.0  # the kernel answers at once; this only ends a wait that should not be
_BUFFER = 1 << 16

Attributes = dict[int, bytes]


class Netlink:
    """A rtnetlink socket of the network namespace in which it was made."""

    def __init__(self) -> None:
        self._sequence = 0
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_ROUTE)
            self._socket.bind((0, 0))
        except OSError as error:
            raise ToolError(f"no netlink: {error}", "check the kernel and the sandbox") from error
        self._socket.settimeout(TIMEOUT_S)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def rules(self) -> frozenset[Rule]:
        """All policy routing rules of both families."""
        return frozenset(
            _rule(family, body)
            for family, number in _FAMILIES.items()
            for body in self._dump(_GET_RULE, _RULE.pack(number, *[0] * 8))
        )

    def change_rule(self, rule: Rule, add: bool) -> None:
        """Add or delete a rule. One that is there, or gone, already is as good."""
        flags = _REQUEST | _ACK | (_CREATE | _EXCLUSIVE if add else 0)
        self._send(_NEW_RULE if add else _DELETE_RULE, flags, _rule_body(rule))
        for kind, body in self._receive():
            if kind == _ERROR:
                (code,) = struct.unpack_from("=i", body)
                if code and -code not in (errno.EEXIST if add else errno.ENOENT,):
                    raise ToolError(
                        f"ip rule {rule.arguments()}: {os.strerror(-code)}",
                        "check the kernel's options for policy routing",
                    )
                return

    def kernel(self) -> KernelState:
        """IPv4 addresses by interface and the default routes of all tables."""
        names: dict[int, str] = {}
        for body in self._dump(_GET_LINK, _LINK.pack(socket.AF_UNSPEC, *[0] * 5)):
            (index,) = struct.unpack_from("=i", body, 4)
            raw = _attributes(body, _LINK.size).get(_IFLA_NAME, b"")
            names[index] = raw.rstrip(b"\0").decode("ascii", "replace")
        addresses: dict[str, tuple[IPv4Address, ...]] = {}
        networks: dict[str, tuple[IPv4Network, ...]] = {}
        for body in self._dump(_GET_ADDRESS, _ADDRESS.pack(socket.AF_INET, *[0] * 4)):
            _, prefix, _, _, index = _ADDRESS.unpack_from(body)
            local = _attributes(body, _ADDRESS.size).get(_IFA_LOCAL)
            if local is not None and index in names:
                name, address = names[index], IPv4Address(local)
                addresses[name] = (*addresses.get(name, ()), address)
                network = IPv4Network((address, prefix), strict=False)
                networks[name] = (*networks.get(name, ()), network)
        routes = self._dump(_GET_ROUTE, _ROUTE.pack(socket.AF_INET, *[0] * 8))
        defaults = (_default(body, names) for body in routes)
        found = frozenset(item for item in defaults if item is not None)
        return KernelState(addresses, found, networks)

    def _dump(self, kind: int, body: bytes) -> Iterator[bytes]:
        self._send(kind, _REQUEST | _DUMP, body)
        for answer, content in self._receive():
            if answer == _ERROR:
                (code,) = struct.unpack_from("=i", content)
                # A kernel without IPv6 knows no rules of that family.
                if code and -code not in (errno.EAFNOSUPPORT, errno.EOPNOTSUPP):
                    raise ToolError(f"netlink: {os.strerror(-code)}", "see the kernel's log")
                return
            yield content

    def _send(self, kind: int, flags: int, body: bytes) -> None:
        self._sequence += 1
        head = _HEADER.pack(_HEADER.size + len(body), kind, flags, self._sequence, 0)
        try:
            self._socket.sendall(head + body)
        except OSError as error:
            raise ToolError(f"netlink: {error}", "see the kernel's log") from error

    def _receive(self) -> Iterator[tuple[int, bytes]]:
        """(type, body) of the answers to the last request, until the kernel says done."""
        while True:
            try:
                data = self._socket.recv(_BUFFER)
            except OSError as error:
                raise ToolError(f"netlink: {error}", "see the kernel's log") from error
            at = 0
            while at + _HEADER.size <= len(data):
                length, kind, _, sequence, _ = _HEADER.unpack_from(data, at)
                body = data[at + _HEADER.size : at + length]
                at += max(length + -length % 4, _HEADER.size)
                if sequence != self._sequence:
                    continue  # the rest of an answer that nobody wanted to the end
                if kind == _DONE:
                    return
                yield kind, body


def _attributes(data: bytes, at: int) -> Attributes:
    found: Attributes = {}
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        found[kind & 0x3FFF] = data[at + _ATTRIBUTE.size : at + length]
        at += max(length + -length % 4, _ATTRIBUTE.size)
    return found


def _attribute(kind: int, value: bytes) -> bytes:
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)


def _number(attributes: Attributes, kind: int, default: int = 0) -> int:
    raw = attributes.get(kind)
    return default if raw is None or len(raw) < 4 else int(struct.unpack_from("=I", raw)[0])


def _rule(family: int, body: bytes) -> Rule:
    _, dst_len, src_len, tos, table, _, _, action, flags = _RULE.unpack_from(body)
    attributes = _attributes(body, _RULE.size)
    raw_uids = attributes.get(_UIDS)
    uids = struct.unpack("=II", raw_uids) if raw_uids is not None and len(raw_uids) == 8 else None
    strange = set(attributes) - _PLAIN_ATTRIBUTES - {_SUPPRESS_PREFIX}
    limited = _number(attributes, _SUPPRESS_PREFIX, 0xFFFFFFFF) != 0xFFFFFFFF
    known = action in (_TO_TABLE, _UNREACHABLE)
    return Rule(
        family=family,
        preference=_number(attributes, _PRIORITY),
        uids=uids,
        source=_source(attributes.get(_SRC), src_len),
        table=_number(attributes, _TABLE, table) if action == _TO_TABLE else None,
        unreachable=action == _UNREACHABLE,
        other=bool(strange or limited or dst_len or tos or flags & _INVERT or not known),
    )


def _source(raw: bytes | None, length: int) -> str:
    if raw is None or not length:
        return "all"
    family = socket.AF_INET if len(raw) == 4 else socket.AF_INET6
    suffix = "" if length == len(raw) * 8 else f"/{length}"
    return socket.inet_ntop(family, raw) + suffix


def _rule_body(rule: Rule) -> bytes:
    attributes = _attribute(_PRIORITY, struct.pack("=I", rule.preference))
    source_bits = 0
    if rule.source != "all":
        raw = IPv4Address(rule.source).packed  # the farm has no rules for source networks
        source_bits = len(raw) * 8
        attributes += _attribute(_SRC, raw)
    if rule.uids is not None:
        attributes += _attribute(_UIDS, struct.pack("=II", *rule.uids))
    if rule.table is not None:
        attributes += _attribute(_TABLE, struct.pack("=I", rule.table))
    action = _UNREACHABLE if rule.unreachable else _TO_TABLE
    head = (_FAMILIES[rule.family], 0, source_bits, 0, 0, 0, 0, action, 0)
    return _RULE.pack(*head) + attributes


def _default(body: bytes, names: dict[int, str]) -> tuple[int, str] | None:
    _, dst_len, _, _, table, _, _, kind, _ = _ROUTE.unpack_from(body)
    attributes = _attributes(body, _ROUTE.size)
    index = _number(attributes, _RTA_OIF)
    if dst_len or kind != _UNICAST or index not in names:
        return None
    return _number(attributes, _RTA_TABLE, table), names[index]
