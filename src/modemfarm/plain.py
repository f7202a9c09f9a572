# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed answers as what JSON and Ansible have."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import Any


def as_plain(value: Any) -> Any:
    """What JSON has: dataclasses become dicts, tuples lists, enums words, times ISO 8601."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name.lower()
    if isinstance(value, tuple | list):
        return [as_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, IPv4Address | IPv6Address):
        return str(value)
    return value
