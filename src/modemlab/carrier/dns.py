# SPDX-License-Identifier: GPL-3.0-or-later
"""Just enough DNS (RFC 1035, 3596) for a lab: one question, A and AAAA, NXDOMAIN."""

import struct
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

A, AAAA, ANY = 1, 28, 255
NOERROR, FORMERR, NXDOMAIN, NOTIMP = 0, 1, 3, 4
TTL_S = 5  # short, so that a changed answer shows within a test
_HEADER = struct.Struct(">6H")
_QR_AA_RA = 0x8480
_RD = 0x0100
_NAME_MAX = 255


class DnsError(ValueError):
    """The datagram is not a DNS query that could be answered at all."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question: `name` in lower case without the last dot, `kind` the record type number."""

    ident: int
    recursion: bool
    name: str
    kind: int
    question: bytes  # as it was asked, repeated in the answer (with its letter case)


def parse_query(data: bytes) -> Query:
    """Parse a query with exactly one question. Raises DnsError for anything else."""
    if len(data) < _HEADER.size:
        raise DnsError(f"{len(data)} bytes are too few for a DNS header")
    ident, flags, questions, *_ = _HEADER.unpack_from(data)
    if flags & 0x8000:
        raise DnsError("an answer, not a query")
    if flags & 0x7800 or questions != 1:
        raise DnsError(f"opcode {flags >> 11 & 15} with {questions} questions is not supported")
    labels, end = _labels(data, _HEADER.size)
    if len(data) < end + 4:
        raise DnsError("the question is cut off")
    kind, _klass = struct.unpack_from(">HH", data, end)
    name = ".".join(labels).lower()
    return Query(ident, bool(flags & _RD), name, kind, data[_HEADER.size : end + 4])


def _labels(data: bytes, at: int) -> tuple[list[str], int]:
    """Labels of an uncompressed name at `at` and the offset after it."""
    labels: list[str] = []
    start = at
    while True:
        if at >= len(data) or at - start > _NAME_MAX:
            raise DnsError("the name is cut off or too long")
        length = data[at]
        if length == 0:
            return labels, at + 1
        if length > 63 or at + 1 + length > len(data):
            raise DnsError(f"bad label length {length}")
        labels.append(data[at + 1 : at + 1 + length].decode("ascii", "backslashreplace"))
        at += 1 + length


def encode_query(ident: int, name: str, kind: int = A) -> bytes:
    """A query for `name` with recursion desired. Raises DnsError for a name that cannot be sent."""
    wire = b""
    for label in name.rstrip(".").encode("ascii").split(b"."):
        if not 1 <= len(label) <= 63:
            raise DnsError(f"bad label {label!r} in {name!r}")
        wire += bytes([len(label)]) + label
    return _HEADER.pack(ident, _RD, 1, 0, 0, 0) + wire + b"\0" + struct.pack(">HH", kind, 1)


def encode_answer(query: Query, code: int, addresses: list[str]) -> bytes:
    """The answer to `query`: response code and addresses (IPv4 or IPv6 by the query's kind)."""
    flags = _QR_AA_RA | (_RD if query.recursion else 0) | code
    out = _HEADER.pack(query.ident, flags, 1, len(addresses), 0, 0) + query.question
    for text in addresses:
        packed = IPv6Address(text).packed if ":" in text else IPv4Address(text).packed
        kind = AAAA if ":" in text else A
        out += struct.pack(">HHHIH", 0xC000 | _HEADER.size, kind, 1, TTL_S, len(packed)) + packed
    return out


def parse_answer(data: bytes) -> tuple[int, int, list[str]]:
    """(ident, response code, addresses) of an answer as `encode_answer` writes it.

    Raises DnsError when it is cut off.
    """
    if len(data) < _HEADER.size:
        raise DnsError(f"{len(data)} bytes are too few for a DNS header")
    ident, flags, _, count, *_ = _HEADER.unpack_from(data)
    _, at = _labels(data, _HEADER.size)
    at += 4
    found: list[str] = []
    for _ in range(count):
        if len(data) < at + 12:
            raise DnsError("an answer record is cut off")
        kind, _klass, _ttl, length = struct.unpack_from(">HHIH", data, at + 2)
        body = data[at + 12 : at + 12 + length]
        if len(body) < length:
            raise DnsError("an answer record is cut off")
        if kind in (A, AAAA):
            found.append(str(IPv4Address(body) if kind == A else IPv6Address(body)))
        at += 12 + length
    return ident, flags & 15, found


@dataclass(slots=True)
class Zone:
    """Names and their addresses. `*.suffix` matches any name below it.

    Under a wildcard a first label `v4` leaves only the A records and `v6` only the AAAA records,
    so that a test can ask for a name which exists in one family alone.
    """

    names: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def set(self, name: str, addresses: tuple[str, ...]) -> None:
        """Give `name` these addresses; none at all removes the name."""
        key = name.lower().rstrip(".")
        if addresses:
            self.names[key] = addresses
        else:
            self.names.pop(key, None)

    def find(self, name: str) -> tuple[str, ...] | None:
        """Addresses of `name`, None when the name does not exist."""
        if name in self.names:
            return self.names[name]
        first, _, rest = name.partition(".")
        while rest:
            found = self.names.get(f"*.{rest}")
            if found is not None:
                return tuple(a for a in found if first not in ("v4", "v6") or _family(a) == first)
            _, _, rest = rest.partition(".")
        return None

    def answer(self, query: Query) -> bytes:
        """The whole answer datagram for `query`."""
        addresses = self.find(query.name)
        if addresses is None:
            return encode_answer(query, NXDOMAIN, [])
        wanted = {A: "v4", AAAA: "v6"}.get(query.kind)
        chosen = [a for a in addresses if query.kind == ANY or _family(a) == wanted]
        return encode_answer(query, NOERROR, chosen)


def _family(address: str) -> str:
    return "v6" if ":" in address else "v4"
