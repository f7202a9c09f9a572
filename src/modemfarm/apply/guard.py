# SPDX-License-Identifier: GPL-3.0-or-later
"""The nftables guard's sets: which uid may send through which interface, and which ports nobody
new gets to because the modem's volume is used up.

The routing role owns the table, its chains and the sets; only the elements change here, in one
transaction, so there is no moment in which a uid has two uplinks.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import ToolError
from ..identity import check_interface

TABLE = "inet modemfarm_guard"
SET = "uplinks"
STOPPED = "stopped"
LIST_COMMAND = ("nft", "-j", "list", "table", *TABLE.split())
FILE = Path("/etc/modemfarm/guard.nft")
# Without these two nothing holds a proxy back; the file names all that belong to the table.
NEEDED: Mapping[str, int] = {"output": 1, "uplink": 1}
_CHAIN = re.compile(r"chain (\w+) \{")
_NO_RULE = ("#", "}", "type ")

Element = tuple[int, str]


def chains_of(text: str | None) -> Mapping[str, int]:
    """How many rules each chain has that the file of the routing role makes: one a line."""
    found: dict[str, int] = {}
    name = None
    for line in map(str.strip, (text or "").splitlines()):
        chain = _CHAIN.match(line)
        if chain is not None:
            name = chain[1]
            found.setdefault(name, 0)
        elif name is not None and line and not line.startswith(_NO_RULE):
            found[name] += 1
        if line == "}" or (chain is not None and line.endswith("}")):
            name = None
    return found or NEEDED


def parse(text: str, chains: Mapping[str, int] = NEEDED) -> frozenset[Element]:
    """The pairs of uid and interface in the output of LIST_COMMAND.

    ToolError when it is no guard: somebody has taken rules out of a chain, or all of it.
    """
    try:
        items: list[dict[str, Any]] = json.loads(text)["nftables"]
        found = next(item["set"] for item in items if "set" in item and item["set"]["name"] == SET)
        elements = (element["concat"] for element in found.get("elem", ()))
        uplinks = frozenset((int(uid), str(name)) for uid, name in elements)
        filled = Counter(item["rule"]["chain"] for item in items if "rule" in item)
    except (ValueError, KeyError, StopIteration, TypeError, AttributeError) as error:
        raise ToolError(
            f"nft shows something else than the set {SET}: {error!r}", "run the role routing"
        ) from error
    short = sorted(name for name, rules in chains.items() if filled[name] < rules)
    if short:
        words = f"rules are missing in its chains {', '.join(short)}"
        raise ToolError(words, "run the role routing")
    return uplinks


def stopped_in(text: str) -> frozenset[int] | None:
    """The ports in the set of STOPPED (of LIST_COMMAND); None for a guard that has no such set.

    It may be of an earlier release: the role writes it, and not in the same moment as this program.
    """
    for item in json.loads(text)["nftables"]:
        found = item.get("set", {})
        if found.get("name") == STOPPED:
            return frozenset(int(port) for port in found.get("elem", ()))
    return None


def stop_transaction(delete: Iterable[int], add: Iterable[int]) -> str:
    """Text for `nft -f -` that opens ports and closes others; empty when there is nothing to do."""
    return "".join(
        f"{verb} element {TABLE} {STOPPED} {{ {', '.join(str(int(p)) for p in sorted(ports))} }}\n"
        for verb, ports in (("delete", list(delete)), ("add", list(add)))
        if ports
    )


def drops(text: str) -> dict[str, int]:
    """Packets that each chain has dropped or refused since it was loaded (of LIST_COMMAND)."""
    found: dict[str, int] = {}
    for item in json.loads(text)["nftables"]:
        rule = item.get("rule", {})
        words = {name: value for word in rule.get("expr", ()) for name, value in word.items()}
        if "counter" in words and words.keys() & {"drop", "reject"}:
            packets = int(words["counter"]["packets"])
            found[rule["chain"]] = found.get(rule["chain"], 0) + packets
    return found


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
