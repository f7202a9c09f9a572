# SPDX-License-Identifier: GPL-3.0-or-later
"""Validation of control requests: each field has a parser, each error names what is allowed."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface, ip_address
from typing import Any

from modemlab.carrier.addresses import MAX_MODEM
from modemlab.recording.format import Recording, RecordingError, parse

MESSAGE_MAX = 2000  # characters; 14 parts in the GSM alphabet, 30 in UCS-2
Parser = Callable[[Any], Any]  # raises ValueError with words for "allowed"


class RequestError(ValueError):
    """A request that is refused, in words for whoever asked."""


class FieldError(RequestError):
    """A request that cannot be carried out as it stands: names field, value and what is allowed."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(f"{name} is {_shown(value)}: allowed is {allowed}")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a verb. A required field has no default."""

    name: str
    parse: Parser
    default: Any = None
    required: bool = False


def parse_fields(fields: Sequence[Field], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every field's value, parsed or default. Raises FieldError, for unknown fields too."""
    known = {field.name for field in fields}
    for name in given:
        if name not in known:
            raise FieldError("field", name, ", ".join(sorted(known)) or "none")
    values = {}
    for field in fields:
        if field.name not in given:
            if field.required:
                raise FieldError(field.name, "missing", "a value (the field is required)")
            values[field.name] = field.default
            continue
        try:
            values[field.name] = field.parse(given[field.name])
        except ValueError as error:
            raise FieldError(field.name, given[field.name], str(error)) from None
    return values


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


def integer(low: int, high: int) -> Parser:
    """A whole number from `low` to `high`; digits as text are fine, true and 1.5 are not."""

    def parse(value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return value

    return parse


def number(low: float, high: float, what: str = "a number") -> Parser:
    """A finite number from `low` to `high`."""

    def parse(value: Any) -> float:
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not math.isfinite(value) or not low <= value <= high:
            raise ValueError(f"{what} from {low:g} to {high:g}")
        return float(value)

    return parse


def seconds(low: float, high: float) -> Parser:
    """A finite number of seconds from `low` to `high`."""
    return number(low, high, "seconds")


def text(longest: int) -> Parser:
    """Printable text; a whole number is taken as its digits (a command line cannot tell "0")."""

    def parse(value: Any) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or len(value) > longest or not value.isprintable():
            raise ValueError(f"up to {longest} printable characters")
        return value

    return parse


def message(value: Any) -> str:
    """The text of a short message; lines are fine."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 1 <= len(value) <= MESSAGE_MAX:
        raise ValueError(f"text of 1 to {MESSAGE_MAX} characters")
    return value


def choice(*names: str) -> Parser:
    """One of `names`."""

    def parse(value: Any) -> str:
        if value not in names:
            raise ValueError(", ".join(names))
        return str(value)

    return parse


def boolean(value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def anything(value: Any) -> Any:
    """A value that somebody else judges."""
    return value


def optional(parse: Parser) -> Parser:
    """null, or what `parse` takes."""

    def parse_optional(value: Any) -> Any:
        return None if value is None else parse(value)

    return parse_optional


def _spread(part: str, low: int, high: int) -> range:
    match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", part.strip())
    if match is None:
        raise ValueError
    first, last = int(match[1]), int(match[2] or match[1])
    if not low <= first <= last <= high:
        raise ValueError
    return range(first, last + 1)


def numbers(low: int = 1, high: int = MAX_MODEM) -> Parser:
    """A number, a list of numbers, or text like "1-4,7"; gives a list without repetitions."""

    def parse(value: Any) -> list[int]:
        parts = value if isinstance(value, list) else str(value).split(",")
        found: dict[int, None] = {}
        try:
            for part in parts:
                if isinstance(part, bool) or not isinstance(part, int | str):
                    raise ValueError
                found.update(dict.fromkeys(_spread(str(part), low, high)))
        except ValueError:
            found = {}
        if not found:
            raise ValueError(f'numbers from {low} to {high}: 3, [1, 2] or "1-4,7"')
        return list(found)

    return parse


def modems(value: Any) -> list[int] | None:
    """Modem numbers as in `numbers`; "all" gives None."""
    if value == "all":
        return None
    try:
        found: list[int] = numbers()(value)
    except ValueError as error:
        raise ValueError(f'{error}, or "all"') from None
    return found


def addresses(value: Any) -> tuple[str, ...]:
    """A list of IPv4 and IPv6 addresses (or comma-separated text); may be empty."""
    if isinstance(value, str):
        value = [part for part in value.split(",") if part]
    try:
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise ValueError
        return tuple(str(ip_address(part)) for part in value)
    except ValueError:
        raise ValueError('a list of IP addresses, as ["203.0.113.10"]') from None


def interface4(value: Any) -> tuple[str, int]:
    """Text as 10.64.1.2/30; gives ("10.64.1.2", 30)."""
    try:
        if not isinstance(value, str) or "/" not in value:
            raise ValueError
        parsed = IPv4Interface(value)
    except ValueError:
        raise ValueError("an IPv4 address with its prefix length, as 10.64.1.2/30") from None
    return str(parsed.ip), parsed.network.prefixlen


def interface6(value: Any) -> tuple[str, int]:
    """Text as 2001:db8:1::2/64; gives ("2001:db8:1::2", 64)."""
    try:
        if not isinstance(value, str) or "/" not in value:
            raise ValueError
        parsed = IPv6Interface(value)
    except ValueError:
        raise ValueError("an IPv6 address with its prefix length, as 2001:db8:1::2/64") from None
    return str(parsed.ip), parsed.network.prefixlen


def address4(value: Any) -> str:
    """An IPv4 address."""
    return interface4(f"{value}/32")[0]


def recording(value: Any) -> Recording:
    """The text of a recording file."""
    if not isinstance(value, str):
        raise ValueError("the text of a recording")
    try:
        return parse(value)
    except RecordingError as error:
        raise ValueError(f"the text of a recording ({error})") from None


def mapping(value: Any) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise ValueError('an object, as {"silent": "all"}')
    return value


def watched(value: Any) -> dict[int, str | None]:
    """Ports to watch: numbers, or an object from port to the expected body (null: the first)."""
    one = integer(1, 65535)
    if not isinstance(value, dict):
        return dict.fromkeys(numbers(1, 65535)(value))
    found: dict[int, str | None] = {}
    for key, expect in value.items():
        if expect is not None and not isinstance(expect, str):
            raise ValueError('an object from port to text or null, as {"3128": "10.64.1.2"}')
        found[one(key)] = expect
    if not found:
        raise ValueError("at least one port")
    return found
