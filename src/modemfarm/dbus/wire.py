# SPDX-License-Identifier: GPL-3.0-or-later
"""D-Bus messages as bytes, without I/O (D-Bus specification, sections "Message Protocol" and
"Marshaling").

`busctl --json` cannot print ModemManager's objects (dictionaries with integer keys) and a process
start costs 0.1 to 0.4 s on a slow host, so the few calls that are needed are made directly.
Only little-endian messages are written; both orders are read.
"""

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ..errors import ToolError

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
NO_REPLY, NO_AUTO_START = 1, 2
MAX_MESSAGE = 1 << 24  # 30 modems are 200 kB; the specification allows 128 MB
MAX_DEPTH = 64  # the specification allows 32 arrays in 32 structures
HEADER = 16

PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE = range(1, 9)
_FIELD_TYPES = {PATH: "o", REPLY_SERIAL: "u", SIGNATURE: "g"}

_FIXED = {"y": "B", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d", "b": "I",
          "h": "I"}  # fmt: skip
_SIZES = {code: struct.calcsize(f"<{form}") for code, form in _FIXED.items()}
_ALIGN = {**_SIZES, "s": 4, "o": 4, "a": 4, "g": 1, "v": 1, "(": 8, "{": 8}


class WireError(ToolError):
    """Bytes that are not a D-Bus message, or values that do not fit a signature."""

    def __init__(self, message: str) -> None:
        super().__init__(f"D-Bus: {message}", "check the version of the service")


@dataclass(frozen=True)
class Type:
    """One complete type: a code, and what is inside an array, structure or dictionary entry."""

    code: str
    inner: "tuple[Type, ...]" = ()


@lru_cache(maxsize=256)
def parse_signature(text: str) -> tuple[Type, ...]:
    """The complete types of a signature."""
    types: list[Type] = []
    rest = text
    while rest:
        one, rest = _one_type(rest, 0)
        types.append(one)
    return tuple(types)


def _one_type(text: str, depth: int) -> tuple[Type, str]:
    if not text or depth > MAX_DEPTH:
        raise WireError(f"bad signature {text[:20]!r}")
    code, rest = text[0], text[1:]
    if code == "a":
        inner, rest = _one_type(rest, depth + 1)
        return Type("a", (inner,)), rest
    if code in "({":
        closing = ")" if code == "(" else "}"
        members: list[Type] = []
        while not rest.startswith(closing):
            member, rest = _one_type(rest, depth + 1)
            members.append(member)
        if not members or (code == "{" and len(members) != 2):
            raise WireError(f"bad signature {text[:20]!r}")
        return Type(code, tuple(members)), rest[1:]
    if code not in _ALIGN:
        raise WireError(f"bad type {code!r}")
    return Type(code), rest


class Writer:
    """Marshals values: structures as sequences, dictionaries as mappings, variants as pairs."""

    def __init__(self) -> None:
        self.data = bytearray()

    def align(self, size: int) -> None:
        """Pad with zeros to a multiple of `size`."""
        self.data += bytes(-len(self.data) % size)

    def write(self, signature: str, values: Sequence[Any]) -> None:
        """Append `values`, one for each complete type of `signature`; WireError if they do not fit.

        The bus ends a connection over one bad message, so nothing bad may leave.
        """
        types = parse_signature(signature)
        if len(types) != len(values):
            raise WireError(f"{len(values)} values for signature {signature!r}")
        try:
            for type_, value in zip(types, values, strict=True):
                self._value(type_, value)
        except (struct.error, TypeError, AttributeError, ValueError, IndexError) as error:
            raise WireError(f"values do not fit signature {signature!r}: {error}") from error

    def _value(self, type_: Type, value: Any) -> None:
        code = type_.code
        self.align(_ALIGN[code])
        if code in _FIXED:
            self.data += struct.pack(f"<{_FIXED[code]}", value)
        elif code in "so":
            raw = value.encode("utf-8")
            if b"\0" in raw:
                raise WireError("a string with a NUL in it")
            self.data += struct.pack("<I", len(raw)) + raw + b"\0"
        elif code == "g":
            raw = value.encode("ascii")
            self.data += struct.pack("<B", len(raw)) + raw + b"\0"
        elif code == "v":
            self._value(Type("g"), value[0])
            self._value(parse_signature(value[0])[0], value[1])
        elif code == "a":
            self._array(type_.inner[0], value)
        else:
            for member, item in zip(type_.inner, value, strict=True):
                self._value(member, item)

    def _array(self, inner: Type, value: Any) -> None:
        at = len(self.data)
        self.data += bytes(4)
        self.align(_ALIGN[inner.code])
        start = len(self.data)
        for item in value.items() if isinstance(value, Mapping) else value:
            self._value(inner, item)
        self.data[at : at + 4] = struct.pack("<I", len(self.data) - start)


class Reader:
    """Unmarshals values from `data`; WireError where they do not fit into it."""

    def __init__(self, data: bytes, order: str = "<", at: int = 0) -> None:
        self.data = data
        self.order = order
        self.at = at

    def read(self, signature: str) -> list[Any]:
        """One value for each complete type of `signature`."""
        try:
            return [self.value(type_) for type_ in parse_signature(signature)]
        except (struct.error, IndexError, UnicodeDecodeError, RecursionError) as error:
            raise WireError(f"message does not fit its signature: {error}") from error

    def align(self, size: int) -> None:
        """Go to the next multiple of `size`."""
        self.at += -self.at % size

    def number(self, code: str) -> Any:
        """A value of fixed size."""
        self.align(_SIZES[code])
        (value,) = struct.unpack_from(self.order + _FIXED[code], self.data, self.at)
        self.at += _SIZES[code]
        return bool(value) if code == "b" else value

    def text(self, length: int) -> str:
        """A string of `length` bytes and its final NUL."""
        if self.at + length >= len(self.data):
            raise WireError("a string ends outside of the message")
        raw = self.data[self.at : self.at + length]
        self.at += length + 1
        return raw.decode("utf-8")

    def value(self, type_: Type) -> Any:
        """One value: str, int, float, bool, list, tuple or dict; variants give what is in them."""
        code = type_.code
        if code in _FIXED:
            return self.number(code)
        if code in "so":
            return self.text(self.number("u"))
        if code == "g":
            return self.text(self.number("y"))
        if code == "v":
            return self.value(self._variant_type())
        if code == "a":
            return self._array(type_.inner[0])
        self.align(8)
        return tuple(self.value(member) for member in type_.inner)

    def _variant_type(self) -> Type:
        types = parse_signature(self.text(self.number("y")))
        if len(types) != 1:
            raise WireError("a variant with several types")
        return types[0]

    def array_end(self, inner: Type) -> int:
        """Read the length of an array, go to its first element and return where it ends."""
        length = self.number("u")
        self.align(_ALIGN[inner.code])
        if self.at + length > len(self.data):
            raise WireError("an array ends outside of the message")
        return int(self.at + length)

    def _array(self, inner: Type) -> Any:
        end = self.array_end(inner)
        if inner.code == "{":
            return dict(self._until(end, inner))
        return list(self._until(end, inner))

    def _until(self, end: int, inner: Type) -> Iterator[Any]:
        while self.at < end:
            before = self.at
            yield self.value(inner)
            if self.at == before:
                raise WireError("an array of nothing")


@dataclass(frozen=True)
class Message:
    """One message. `body` is undecoded: most of a large answer is of no interest."""

    kind: int
    serial: int = 0
    flags: int = 0
    fields: Mapping[int, Any] = field(default_factory=dict)
    body: bytes = b""
    order: str = "<"

    def values(self) -> list[Any]:
        """The decoded body."""
        return Reader(self.body, self.order).read(str(self.fields.get(SIGNATURE, "")))

    def get(self, name: int) -> str:
        """A header field as text, empty when it is not there."""
        return str(self.fields.get(name, ""))


def encode(
    message_kind: int,
    serial: int,
    fields: Mapping[int, Any],
    signature: str = "",
    values: Sequence[Any] = (),
    flags: int = 0,
) -> bytes:
    """The bytes of a message."""
    body = Writer()
    body.write(signature, values)
    all_fields = dict(fields) | ({SIGNATURE: signature} if signature else {})
    header = Writer()
    entries = [(code, (_FIELD_TYPES.get(code, "s"), value)) for code, value in all_fields.items()]
    head = (ord("l"), message_kind, flags, 1, len(body.data), serial, entries)
    header.write("yyyyuua(yv)", head)
    header.align(8)
    return bytes(header.data + body.data)


def message_length(head: bytes) -> int:
    """How many bytes a message has whose first 16 bytes are `head`."""
    order = _order(head)
    body, _, fields = struct.unpack_from(f"{order}III", head, 4)
    total = HEADER + fields + -fields % 8 + body
    if fields > MAX_MESSAGE or body > MAX_MESSAGE:
        raise WireError(f"a message of {total} bytes")
    return int(total)


def decode(data: bytes) -> Message:
    """The message that `data` holds, whole."""
    order = _order(data)
    reader = Reader(data, order)
    _, kind, flags, _, length, serial, entries = reader.read("yyyyuua(yv)")
    reader.align(8)
    return Message(kind, serial, flags, dict(entries), data[reader.at : reader.at + length], order)


def _order(head: bytes) -> str:
    try:
        return {ord("l"): "<", ord("B"): ">"}[head[0]]
    except (KeyError, IndexError) as error:
        raise WireError("not a D-Bus message") from error


def managed_objects(message: Message, wanted: Callable[[str], bool]) -> dict[str, Any]:
    """{object path: {interface: {property: value}}} of an answer to GetManagedObjects.

    Interfaces that are not `wanted` are stepped over by their length: they are most of the bytes.
    """
    if message.get(SIGNATURE) != "a{oa{sa{sv}}}":
        raise WireError(f"GetManagedObjects answered with {message.get(SIGNATURE)!r}")
    reader = Reader(message.body, message.order)
    entry, properties = Type("{"), parse_signature("{sv}")[0]
    objects: dict[str, Any] = {}
    try:
        end = reader.array_end(entry)
        while reader.at < end:
            reader.align(8)
            path = reader.text(reader.number("u"))
            objects[path] = _interfaces(reader, entry, properties, wanted)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise WireError(f"GetManagedObjects does not fit: {error}") from error
    return objects


def _interfaces(
    reader: Reader, entry: Type, properties: Type, wanted: Callable[[str], bool]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    end = reader.array_end(entry)
    while reader.at < end:
        reader.align(8)
        name = reader.text(reader.number("u"))
        if wanted(name):
            found[name] = reader.value(Type("a", (properties,)))
        else:
            reader.at = reader.array_end(properties)
    return found
