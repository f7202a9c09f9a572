# SPDX-License-Identifier: GPL-3.0-or-later
"""One modem on its way from static configuration to serving."""

from dataclasses import dataclass, field

from .assess import Kind, Verdict
from .background import Background
from .plan import Target
from .result import OFFLINE, WAITING, ModemResult


@dataclass
class Progress:
    """State of one modem inside a run; times are time.monotonic() seconds."""

    target: Target
    result: ModemResult
    verdict: Verdict = field(default_factory=lambda: Verdict(Kind.WAIT))
    active_path: str | None = None  # NetworkManager's object while an activation is under way
    device_path: str = ""  # NetworkManager's object of the device it was begun on
    probe: Background | None = None
    reprobe: Background | None = None  # ModemManager looks at the modem anew
    reprobed: bool = False
    # Why, and what to do, when it serves with an older configuration than the wanted one.
    degraded: tuple[str, str] | None = None
    remark: str | None = None  # something to be told though it serves
    went_back: bool = False
    listen_until: float | None = None
    tries: int = 0
    verified: bool = False
    done: bool = False
    stage: str = ""
    stage_since: float = 0.0

    @property
    def serial(self) -> str:
        """The IMEI."""
        return self.target.serial

    @property
    def usb_path(self) -> str:
        """Where it should be; empty when it was never seen."""
        return self.target.record.usb_path or ""

    @property
    def control(self) -> str:
        """Its QMI control device, such as cdc-wdm0."""
        return (self.target.usb.cdc_wdm if self.target.usb else None) or ""

    def enter(self, stage: str, now: float) -> None:
        """Book the time since the last change on the stage so far, and start `stage`."""
        if stage != self.stage:
            if self.stage:
                spent = now - self.stage_since + self.result.steps.get(self.stage, 0.0)
                self.result.took(self.stage, spent)
            self.stage, self.stage_since = stage, now

    def end(self, now: float, state: str, reason: str | None, remedy: str | None) -> None:
        """It goes no further in this run."""
        self.enter("", now)
        self.result.end(state, reason, remedy)
        self.done = True

    def end_absent(self, now: float) -> None:
        """End a modem that is not there, or whose place is not known; others go on."""
        record = self.target.record
        if not record.present:
            self.end(now, OFFLINE, "the modem is not plugged in", "plug it in")
        elif record.usb_path is None:
            self.end(now, WAITING, "its USB path is not known yet", "wait for the agent to find it")
        elif self.target.usb is None:
            reason = f"no EC25 at USB path {record.usb_path}"
            self.end(now, OFFLINE, reason, "plug the modem in, check the hub")
