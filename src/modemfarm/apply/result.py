# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says about each modem, and about the batch."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

SERVING = "serving"  # a request through the port came back through this modem
DEGRADED = "degraded"  # it serves, but not as the registry wants it
OFFLINE = "offline"  # the modem is not there; its port refuses
WAITING = "waiting"  # nothing is wrong yet, or only time can help; run again
FAILED = "failed"  # somebody has to do what `remedy` says
HELD = "held"  # an operator is at work; nothing of it was touched


@dataclass
class ModemResult:
    """One modem. `changed`: what was (in check mode: would be) changed; `steps`: seconds."""

    serial: str
    slot: int | None
    port: int | None
    state: str = WAITING
    reason: str | None = None
    remedy: str | None = None
    interface: str | None = None
    wan_address: str | None = None
    changed: list[str] = field(default_factory=list)
    steps: dict[str, float] = field(default_factory=dict)

    def end(self, state: str, reason: str | None = None, remedy: str | None = None) -> None:
        """Set how it ended."""
        self.state, self.reason, self.remedy = state, reason, remedy

    def note(self, change: str) -> None:
        """Remember one kind of change, once."""
        if change not in self.changed:
            self.changed.append(change)

    def took(self, step: str, seconds: float) -> None:
        """Remember a duration, to the millisecond."""
        self.steps[step] = round(seconds, 3)

    def as_dict(self) -> dict[str, Any]:
        """The documented shape of a row of `modems`."""
        return dataclasses.asdict(self)


@dataclass
class Diff:
    """One changed thing as text, the way Ansible shows it with --diff."""

    header: str
    before: str
    after: str

    def as_dict(self) -> dict[str, str]:
        """Keys as Ansible wants them."""
        return {
            "before_header": self.header,
            "after_header": self.header,
            "before": self.before,
            "after": self.after,
        }


@dataclass
class BatchResult:
    """All modems of a run and all changed things, `host_changed` those that belong to no modem.

    host: words for what all modems need and the host had lost, such as guard and rule 2999.
    """

    modems: list[ModemResult]
    diff: list[Diff] = field(default_factory=list)
    host_changed: bool = False
    host: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """What the module returns."""
        return {
            "changed": self.host_changed or any(modem.changed for modem in self.modems),
            "diff": [item.as_dict() for item in self.diff],
            "host": list(self.host),
            "modems": [modem.as_dict() for modem in self.modems],
        }
