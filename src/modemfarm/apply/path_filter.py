# SPDX-License-Identifier: GPL-3.0-or-later
"""Reverse path filtering of the modems' interfaces: the strict one drops every answer, as only the
proxy's own user has a route to whom it comes from. The role routing makes it loose.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..identity import check_interface
from .files import read_text

FOLDER = Path("/proc/sys/net/ipv4/conf")
STRICT, LOOSE = 1, 2  # of `all` and the interface the larger counts (kernel's ip-sysctl)


def strict(interfaces: Iterable[str | None], folder: Path) -> frozenset[str]:
    """Those of `interfaces` that are there and filter strictly."""
    everywhere = _value(folder, "all") or 0
    values = {name: _value(folder, name) for name in interfaces if name is not None}
    return frozenset(
        name for name, own in values.items() if own is not None and max(everywhere, own) == STRICT
    )


def loosen(interface: str, folder: Path) -> None:
    """Make it loose; an interface that has gone needs nothing."""
    with suppress(FileNotFoundError):
        _file(folder, check_interface(interface)).write_text(f"{LOOSE}\n", encoding="ascii")


def _value(folder: Path, interface: str) -> int | None:
    text = (read_text(_file(folder, interface)) or "").strip()
    return int(text) if text.isdecimal() else None


def _file(folder: Path, interface: str) -> Path:
    return folder / interface / "rp_filter"
