# SPDX-License-Identifier: GPL-3.0-or-later
"""The two parts that NiceGUI has none of: the list of modems, and what says whether all is live.

Both live in the browser, so that changes cost only themselves, and so that a page whose socket is
gone can say so by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui.element import Element

from .places import ALIVE, LOG_IN


class LiveBanner(Element, component="static/live_banner.js"):
    """Says when the page is not live; `tick` must come every few seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._props.update({"alive": ALIVE, "log_in": LOG_IN})

    def tick(self, now: float, read_at: float | None, problem: str) -> None:
        """The server's time, when the registry was read last (epoch s), and why not since then."""
        self.run_method("tick", {"now": now, "readAt": read_at, "problem": problem})


class ModemTable(Element, component="static/modem_table.js"):
    """Rows as console.rows has them. Event `selected`: the serials that are ticked."""

    def __init__(self, rows: Sequence[dict[str, Any]], choose: bool) -> None:
        super().__init__()
        self._props.update({"rows": list(rows), "choose": choose})

    def patch(self, changed: list[dict[str, Any]], gone: list[str]) -> None:
        """Fields that are another now, each with its serial."""
        self.run_method("patch", changed, gone)

    def clear_choice(self) -> None:
        """Tick nothing."""
        self.run_method("clearChoice")
