# SPDX-License-Identifier: GPL-3.0-or-later
"""What one look at a modem saw, and nothing of what it means: `verdict` judges it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Control(Enum):
    """How our AT port answered. BUSY (somebody else holds it) says nothing about the modem."""

    ANSWERED = "answered"
    SILENT = "silent"
    BUSY = "busy"
    UNASKED = "unasked"


class Owner(Enum):
    """Who listens on the proxy port, by the uid of its socket."""

    OURS = "ours"
    NOBODY = "nobody"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Asked:
    """One request through the port to one target: the address that it echoed, or why not."""

    address: str | None = None
    failure: str | None = None

    @property
    def worked(self) -> bool:
        """An address came back."""
        return self.address is not None


@dataclass(frozen=True)
class Evidence:
    """One look. Times are seconds of a monotonic clock; None stands for what was not asked.

    serves: the modem's port was expected to serve. addresses: those on its interface. received:
    packets came in by its interface during the look. pulse: the proxy answered a request that it
    refuses by itself, so it is alive whatever its uplink does.
    """

    serial: str
    began: float
    ended: float
    control: Control = Control.UNASKED
    registration: str | None = None
    sim: str | None = None
    serves: bool = False
    interface: str | None = None
    addresses: tuple[str, ...] = ()
    received: bool | None = None
    owner: Owner = Owner.UNKNOWN
    pulse: bool | None = None
    first: Asked | None = None
    second: Asked | None = None

    @property
    def works(self) -> bool:
        """A request went through this modem and was answered."""
        return self.echoed is not None

    @property
    def echoed(self) -> str | None:
        """The address that a target saw."""
        found = (asked.address for asked in (self.first, self.second) if asked is not None)
        return next((address for address in found if address is not None), None)

    @property
    def failure(self) -> str | None:
        """How the last request failed."""
        failed = [a.failure for a in (self.second, self.first) if a is not None and a.failure]
        return failed[0] if failed else None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the registry. A monotonic time means nothing to who reads them."""
        values = asdict(self)
        values["seconds"] = round(values.pop("ended") - values.pop("began"), 3)
        return values | {"control": self.control.value, "owner": self.owner.value}
