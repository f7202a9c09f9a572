# SPDX-License-Identifier: GPL-3.0-or-later
"""qmicli's text form as a tree: names, values and what is nested below them.

The form (libqmi 1.16 to 1.38, src/qmicli): `name: 'value'` or `name: value`, nested by tabs;
headings are names without a value; list items are `[0]: 'value'`; some messages align their names
with spaces, which is no nesting; hex dumps and the like stand on lines of their own.

Names of networks come from the air and are printed as they are, so a text may hold anything. A
lookup gives the first of a name, so a line that a network's name smuggles in can pass for what
qmicli prints behind that name (cell, area), never for what stands before it (registration).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_NODES = 5000  # the longest real answer, a scan in a city, has some hundred lines
MAX_DEPTH = 16  # real answers go 5 deep
MAX_VALUE = 200  # names and values are one line each; a file of the card may be longer, none here

_TITLE = re.compile(r"\[/[^\]]*\] ?")  # [/dev/cdc-wdm0] before what was asked for
_ENTRY = re.compile(r"([^:]{0,120}):(?:\s+(.*))?\Z")
_INDEX = re.compile(r"(.*?) ?\[([0-9]{1,5})\]\Z")
_NUMBERED = re.compile(r"(.+) ([0-9]{1,5})\Z")  # "Physical slot 1"
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}:)*[0-9A-Fa-f]{2}:?\Z")


@dataclass
class Node:
    """One line: `Network [2]` has the name "Network" and the index 2, `[0]: 'lte'` the name "".

    `value` is None for headings; `note` is what stands behind a quoted value ('60' minutes).
    """

    name: str = ""
    index: int | None = None
    value: str | None = None
    note: str = ""
    children: list["Node"] = field(default_factory=list)

    def walk(self) -> Iterator["Node"]:
        """All nodes below this one, in the order of their lines."""
        for child in self.children:
            yield child
            yield from child.walk()

    def find(self, name: str) -> "Node | None":
        """The first node of that name below this one."""
        return next((node for node in self.walk() if node.name == name), None)

    def all(self, name: str) -> list["Node"]:
        """All nodes of that name below this one."""
        return [node for node in self.walk() if node.name == name]


def parse(text: str) -> Node:
    """The tree of what qmicli printed; lines that fit nowhere are left out. It never fails."""
    root = Node()
    # The open headings with their depth; a node hangs on the last one that is less deep.
    above: list[tuple[int, Node]] = []
    for line in text.split("\n", MAX_NODES)[:MAX_NODES]:
        title = _TITLE.match(line)
        if title:
            above.clear()
            line = line[title.end() :]
        body = line.strip()
        node = _entry(body)
        if node is None:
            _continue(above, body)
        elif not (title and node.value is None):  # "Device IDs retrieved:" is no heading
            _hang(root, above, node, _indent(line))
    return root


def _indent(line: str) -> tuple[int, bool]:
    """The number of leading tabs, and whether spaces align the line instead."""
    tabs = len(line) - len(line.lstrip("\t"))
    return min(tabs, MAX_DEPTH), tabs == 0 and line.startswith(" ")


def _hang(root: Node, above: list[tuple[int, Node]], node: Node, indent: tuple[int, bool]) -> None:
    depth, aligned = indent
    heading = node.value is None
    if aligned:  # values belong to the heading before them, whatever their spaces are
        depth = 1 if heading else 2
    while above and above[-1][0] >= depth:
        above.pop()
    (above[-1][1] if above else root).children.append(node)
    if heading or (depth and not aligned):  # nothing is nested below a value of the first column
        above.append((depth, node))


def _entry(body: str) -> Node | None:
    match = None if _HEX.match(body) else _ENTRY.match(body)
    if match is None:
        return None
    name, raw = _clean(match[1]), match[2]
    value, note = (None, "") if not raw else _value(raw.strip())
    index = _INDEX.match(name) or (_NUMBERED.match(name) if value is None else None)
    if index:
        return Node(index[1], int(index[2]), value, note)
    return Node(name, None, value, note)


def _value(raw: str) -> tuple[str, str]:
    """Value and note of `'value' note`; without a quote at its start all of it is the value."""
    end = raw.rfind("'")
    if raw.startswith("'") and end > 0:
        return _clean(raw[1:end]), _clean(raw[end + 1 :])
    return _clean(raw), ""


def _continue(above: list[tuple[int, Node]], body: str) -> None:
    """A line without a name gives its heading a value, or one more line of it."""
    if above and body:
        node = above[-1][1]
        node.value = f"{node.value}\n{_clean(body)}" if node.value else _clean(body)
        node.value = node.value[:MAX_VALUE]


def _clean(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:MAX_VALUE].strip()
