# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run may change on a host, as data; `name` is the word for it in the rows of a result."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..proxy.threeproxy import shown
from ..usb_map import MAP_FOLDER, map_text
from .guard import Element
from .path_filter import LOOSE
from .result import Diff
from .rules import RuleChange


@dataclass(frozen=True)
class WriteMap:
    """Write udev's identity map for a USB path and let udev look at the nodes again."""

    serial: str
    usb_path: str
    before: str
    nodes: tuple[Path, ...]
    name = "link"

    def diff(self) -> Diff:
        """The file."""
        return Diff(f"{MAP_FOLDER}/{self.usb_path}", self.before, map_text(self.serial))


@dataclass(frozen=True)
class RemoveMap:
    """Remove an identity map that names a modem which is not there."""

    serial: str
    usb_path: str
    name = "link"

    def diff(self) -> Diff:
        """The file."""
        return Diff(f"{MAP_FOLDER}/{self.usb_path}", map_text(self.serial), "")


@dataclass(frozen=True)
class WriteConfig:
    """Write a proxy configuration; `check` asks the engine first, as a process uses the old one."""

    serial: str
    path: Path
    before: str
    text: str
    check: bool
    name = "proxy"

    def diff(self) -> Diff:
        """The file, without hashes of passwords."""
        return Diff(str(self.path), shown(self.before), shown(self.text))


@dataclass(frozen=True)
class ChangeRules:
    """Add and remove policy routing rules; serial None for those of the host."""

    serial: str | None
    changes: tuple[RuleChange, ...]
    name = "rule"

    def diff(self) -> Diff:
        """The rules that go and come, in the words of `ip rule`."""
        return Diff("ip rule", _lines(self.changes, add=False), _lines(self.changes, add=True))


@dataclass(frozen=True)
class ChangeGuard:
    """Change the elements of one uid, or take its interface from another uid."""

    serial: str
    delete: frozenset[Element]
    add: frozenset[Element]
    name = "guard"

    def diff(self) -> Diff:
        """The elements that go and come."""
        before, after = (
            "".join(f"{uid} . {name}\n" for uid, name in sorted(elements))
            for elements in (self.delete, self.add)
        )
        return Diff("nft set inet modemfarm_guard uplinks", before, after)


@dataclass(frozen=True)
class ChangeStopped:
    """Close ports to new clients, or open them; serial None for ports that are no modem's."""

    serial: str | None
    delete: frozenset[int]
    add: frozenset[int]
    name = "quota"

    def diff(self) -> Diff:
        """The elements that go and come."""
        before, after = (
            "".join(f"{port}\n" for port in sorted(ports)) for ports in (self.delete, self.add)
        )
        return Diff("nft set inet modemfarm_guard stopped", before, after)


@dataclass(frozen=True)
class LoosenFilter:
    """Make the reverse path filtering of an interface loose again."""

    serial: str
    interface: str
    name = "filter"

    def diff(self) -> Diff:
        """The kernel's parameter."""
        return Diff(f"net.ipv4.conf.{self.interface}.rp_filter", "strict\n", f"{LOOSE}\n")


@dataclass(frozen=True)
class ChangeUnit:
    """One change of a unit: enable, reset-failed, start, reload or restart."""

    serial: str
    unit: str
    verb: str
    name = "proxy"

    def diff(self) -> Diff:
        """The verb, as the new state."""
        return Diff(self.unit, "", f"{self.verb}\n")


def _lines(changes: Sequence[RuleChange], add: bool) -> str:
    return "".join(f"{item.rule.arguments()}\n" for item in changes if item.add is add)


Step = (
    WriteMap | RemoveMap | WriteConfig | ChangeRules | ChangeStopped | ChangeGuard | LoosenFilter
    | ChangeUnit
)  # fmt: skip
