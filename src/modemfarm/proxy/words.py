# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy's values as words of a command line: `down_kbits=20000`, `denied_ports=25,6000-6063`.

Only the form is undone here; what is not of the right form comes out as text, and `policy.parse`
says what is allowed.
"""

import re
from typing import Any

from ..errors import InvalidValueError
from .policy import CARRIER, FIELDS

_LISTS = frozenset(
    ("clients", "nameservers", "protocols", "users", "denied_ports", "denied_networks")
)
_FLAGS = frozenset(("log_hosts", "log_paths"))
_NUMBER = re.compile(r"[0-9]{1,12}\Z")
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def assignment(text: str, option: str = "--set") -> tuple[str, Any]:
    """Name and value of NAME=VALUE, the value as JSON has it; InvalidValueError."""
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidValueError(option, text, "NAME=VALUE, such as down_kbits=20000")
    return check_field(name, option), value_of(name, value)


def check_field(name: str, option: str) -> str:
    """The name of a value, or InvalidValueError."""
    if name not in FIELDS:
        raise InvalidValueError(option, name, ", ".join(FIELDS))
    return name


def value_of(name: str, text: str) -> Any:
    """The value as JSON has it. A list has commas, an empty text is an empty list."""
    if name == "nameservers" and text == CARRIER:
        return text
    if name in _LISTS:
        parts = [part.strip() for part in text.split(",")] if text else []
        return [_number(part) for part in parts] if name == "denied_ports" else parts
    if name in _FLAGS:
        return _TRUTH.get(text.lower(), text)
    return _number(text)


def _number(text: str) -> int | str:
    return int(text) if _NUMBER.match(text) else text


def text_of(value: Any) -> str:
    """The same the other way round, for people."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
