# SPDX-License-Identifier: GPL-3.0-or-later
"""Values out of the tree of an answer. What a modem says is hostile: typed, bounded, or None."""

import ipaddress
import re

from ..errors import AnswerUnreadableError
from .text import Node

MAX_SHOWN = 64  # names of modem and network are read by people
# The words of qmicli for "the modem did not say"; (null) is a number that libqmi has no name for.
_NOTHING = ("", "unknown", "(null)", "n/a", "N/A", "none found")
_INTEGER = re.compile(r"-?[0-9]{1,20}\Z")


def text(tree: Node | None, *path: str) -> str | None:
    """The value at `path` (each name anywhere below the one before), None when there is none."""
    node = tree
    for name in path:
        node = node.find(name) if node is not None else None
    value = node.value if node is not None else None
    return None if value is None or value in _NOTHING else value[:MAX_SHOWN]


def required(tree: Node, *path: str) -> str:
    """As `text`; AnswerUnreadableError when it is not there."""
    value = text(tree, *path)
    if value is None:
        raise unreadable(f"no {path[-1]}")
    return value


def state(tree: Node, name: str) -> str:
    """The value as it is, "unknown" as well; AnswerUnreadableError when there is no such line."""
    node = tree.find(name)
    if node is None or not node.value:
        raise unreadable(f"no {name}")
    return node.value[:MAX_SHOWN]


def integer(tree: Node | None, *path: str, low: int = 0, high: int = 2**64 - 1) -> int | None:
    """A whole number between low and high; anything else is None."""
    value = text(tree, *path)
    if value is None or not _INTEGER.match(value):
        return None
    return int(value) if low <= int(value) <= high else None


def measure(tree: Node | None, name: str, unit: str) -> float | None:
    """A number with its unit, as in '-98 dBm'; None for n/a, and for any other unit."""
    value = text(tree, name)
    match = re.match(rf"(-?[0-9]{{1,6}}(?:\.[0-9]{{1,6}})?) {unit}\Z", value or "")
    return float(match[1]) if match else None


def whole(tree: Node | None, name: str, unit: str) -> int | None:
    """As `measure`, for what QMI tells in whole units."""
    value = measure(tree, name, unit)
    return None if value is None else round(value)


def switch(tree: Node | None, *path: str) -> bool | None:
    """True for yes and on, False for no and off; None for anything else."""
    return {"yes": True, "on": True, "no": False, "off": False}.get(text(tree, *path) or "")


def code(value: str | None, digits: int) -> str | None:
    """A country or network code, which QMI tells as a number, with its leading zeros."""
    if value is None or not _INTEGER.match(value) or not 0 <= int(value) <= 999:
        return None
    return value.zfill(digits)


def address(tree: Node, name: str) -> tuple[str | None, int | None]:
    """Address and prefix of `10.0.0.2` or `2001:db8::2/64`; None for what is not there or wrong."""
    value = text(tree, name)
    try:
        found = ipaddress.ip_interface(value or "")
    except ValueError:
        return None, None
    return str(found.ip), found.network.prefixlen if "/" in (value or "") else None


def unreadable(what: str) -> AnswerUnreadableError:
    """The error of an answer that lacks what the query is for."""
    return AnswerUnreadableError(
        f"qmicli's answer has {what}", "try again; see whether this version of libqmi-utils is new"
    )
