# SPDX-License-Identifier: GPL-3.0-or-later
"""The nftables guard's set `uplinks`: which uid may send through which interface.

The routing role owns the table, its chains and the set; only the elements change here, in one
transaction, so there is no moment in which a uid has two uplinks.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import ToolError
from ..identity import check_interface

TABLE = "inet modemfarm_guard"
SET = "uplinks"
LIST_COMMAND = ("nft", "-j", "list", "table", *TABLE.split())
FILE = Path("/etc/modemfarm/guard.nft")
# Without these two nothing holds a proxy back; the file names all that belong to the table.
NEEDED = frozenset(("output", "uplink"))
_CHAIN = re.compile(r"^\s*chain (\w+) \{", re.MULTILINE)

Element = tuple[int, str]


def chains_of(text: str | None) -> frozenset[str]:
    """The chains that the file of the routing role makes."""
    return frozenset(_CHAIN.findall(text or "")) or NEEDED


def parse(text: str, chains: frozenset[str] = NEEDED) -> frozenset[Element]:
    """The pairs of uid and interface in the output of LIST_COMMAND.

    ToolError when it is no guard: a chain of `chains` is missing, or somebody has emptied it.
    """
    try:
        items: list[dict[str, Any]] = json.loads(text)["nftables"]
        found = next(item["set"] for item in items if "set" in item and item["set"]["name"] == SET)
        elements = (element["concat"] for element in found.get("elem", ()))
        uplinks = frozenset((int(uid), str(name)) for uid, name in elements)
        filled = {item["rule"]["chain"] for item in items if "rule" in item}
    except (ValueError, KeyError, StopIteration, TypeError, AttributeError) as error:
        raise ToolError(
            f"nft shows something else than the set {SET}: {error!r}", "run the role routing"
        ) from error
    empty = sorted(chains - filled)
    if empty:
        words = f"there is nothing in its chains {', '.join(empty)}"
        raise ToolError(words, "run the role routing")
    return uplinks


def wanted_changes(
    current: frozenset[Element], uplinks: Mapping[int, str | None]
) -> tuple[frozenset[Element], frozenset[Element]]:
    """Elements to delete and to add so that each uid of `uplinks` has exactly its interface.

    An interface that now belongs to one of them is taken from every other uid: after a replug the
    kernel gives wwan0 to another modem than before.
    """
    wanted = {(uid, name) for uid, name in uplinks.items() if name is not None}
    names = {name for _, name in wanted}
    stale = {(uid, name) for uid, name in current if uid in uplinks or name in names} - wanted
    return frozenset(stale), frozenset(wanted - current)


def transaction(delete: Iterable[Element], add: Iterable[Element]) -> str:
    """Text for `nft -f -`; empty when there is nothing to do."""
    lines = [f"delete element {TABLE} {SET} {{ {_element(item)} }}" for item in sorted(delete)]
    lines += [f"add element {TABLE} {SET} {{ {_element(item)} }}" for item in sorted(add)]
    return "".join(f"{line}\n" for line in lines)


def _element(item: Element) -> str:
    uid, name = item
    return f'{int(uid)} . "{check_interface(name)}"'
