# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of slots and interfaces from counted packets, and what is wrong with them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .markers import DNS, IPV6, KINDS, TCP

MUST = (TCP, DNS)  # a modem that serves sends these; UDP is an option, IPv6 is closed
NOT_HERE = "not plugged in"


@dataclass(frozen=True)
class Row:
    """One modem. `interface` is its own by USB, None when it is not here; packets by interface."""

    serial: str
    slot: int
    interface: str | None
    sent: Mapping[str, Mapping[str, int]]

    @property
    def problems(self) -> list[str]:
        """What is wrong, in words; empty when all is well."""
        found = [
            f"{kind} left by {name} ({packets} packets), its own interface is "
            f"{self.interface or NOT_HERE}"
            for kind in KINDS
            for name, packets in sorted(self.sent.get(kind, {}).items())
            if name != self.interface
        ]
        own = self.sent.get(IPV6, {}).get(self.interface or "", 0)
        if own:
            found.append(f"ipv6 left by {self.interface} ({own} packets), the farm has none")
        if self.interface is not None:
            silent = [kind for kind in MUST if not self.sent.get(kind)]
            found += [f"nothing of {kind} has left: the port does not serve" for kind in silent]
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain values for Ansible."""
        sent = {kind: dict(self.sent.get(kind, {})) for kind in KINDS}
        return {
            "serial": self.serial,
            "slot": self.slot,
            "interface": self.interface,
            "sent": sent,
            "problems": self.problems,
        }


def table(rows: Iterable[Row]) -> list[str]:
    """Lines to print."""
    lines: list[tuple[str, ...]] = [("modem", "slot", "interface", *KINDS, "")]
    for row in rows:
        cells = (_cell(row.sent.get(kind, {})) for kind in KINDS)
        verdict = "WRONG" if row.problems else "ok"
        lines.append((row.serial, str(row.slot), row.interface or "-", *cells, verdict))
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _cell(sent: Mapping[str, int]) -> str:
    return " ".join(f"{name}:{packets}" for name, packets in sorted(sent.items())) or "-"
