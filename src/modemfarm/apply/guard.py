# SPDX-License-Identifier: GPL-3.0-or-later
"""The nftables guard's set `uplinks`: which uid may send through which interface.

The routing role owns the table, its chains and the set; only the elements change here, in one
transaction, so there is no moment in which a uid has two uplinks.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import ToolError
from ..identity import check_interface

TABLE = "inet modemfarm_guard"
SET = "uplinks"
LIST_COMMAND = ("nft", "-j", "list", "set", *TABLE.split(), SET)

Element = tuple[int, str]


def parse_elements(text: str) -> frozenset[Element]:
    """The output of LIST_COMMAND: pairs of uid and interface; ToolError when it is not that."""
    try:
        items: list[dict[str, Any]] = json.loads(text)["nftables"]
        found = next(item["set"] for item in items if "set" in item)
        elements = (element["concat"] for element in found.get("elem", ()))
        return frozenset((int(uid), str(name)) for uid, name in elements)
    except (ValueError, KeyError, StopIteration, TypeError, AttributeError) as error:
        raise ToolError(
            f"nft shows something else than the set {SET}: {error!r}", "run the role routing"
        ) from error


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
