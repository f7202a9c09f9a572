# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy of one modem: restarting it and seeing that its port answers.

Its state in systemd proves nothing (3proxy stays alive without a listener), and a request to the
Internet would blame it for a modem without data. So it is asked for what it refuses by itself.
"""

import time
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from ..apply import systemd
from ..apply.host import Host
from ..apply.plan import LISTEN_S, listens
from ..apply.probe import ProbeError, answers
from ..errors import CommandTimeoutError, FarmError, PermanentError
from ..proxy.policy import listen_address
from ..settings import FarmSettings, SlotPlan
from ..snapshot import read_snapshot
from .comeback import Watch

# No engine lets anybody through to its own host (see proxy/plan.py), and both say so at once.
REFUSED_URL = "http://127.0.0.1/"
AGAIN_S = 3.0  # a process that has just started may reset a connection once


@dataclass(frozen=True)
class Instance:
    """The proxy of one slot; a context manager that closes the host."""

    host: Host
    settings: FarmSettings
    slot: SlotPlan
    listen: IPv4Address

    @classmethod
    def of(cls, serial: str, settings: Path, snapshot: Path, host: Host) -> "Instance":
        """The proxy of a registered modem. FarmError."""
        found = FarmSettings.load(settings)
        records, unknown = read_snapshot(snapshot).select([serial])
        if unknown:
            raise PermanentError(
                f"modem {serial} is not in the snapshot of the registry", "see `modemfarm list`"
            )
        listen = listen_address(found, records[0].policy)
        return cls(host, found, found.slot(records[0].slot), listen)

    def __enter__(self) -> "Instance":
        return self

    def __exit__(self, *_: object) -> None:
        self.host.close()

    def restart(self, watch: Watch) -> None:
        """Restart it; CommandTimeoutError, ToolError when it does not answer afterwards."""
        bus, unit = self.host.bus, self.slot.unit
        systemd.reset_failed(bus, [unit])  # else the limit of starts refuses this one
        systemd.run_job(bus, systemd.RESTART, unit, systemd.JOB_TIMEOUT_S)
        late = CommandTimeoutError(
            f"nothing listens on port {self.slot.port} after a restart of {unit}",
            f"see `journalctl -u {unit}`",
        )
        watch.until(lambda: self._listens() or None, LISTEN_S, late)
        self._ask(AGAIN_S)

    def look(self) -> str:
        """What the port says at the moment, in words."""
        if not self._listens():
            return "its proxy does not listen"
        try:
            return self._ask()
        except FarmError as error:
            return error.message

    def _listens(self) -> bool:
        return listens(self.host.read_listening(), self.listen, self.slot)

    def _ask(self, patience: float = 0.0) -> str:
        deadline = time.monotonic() + patience
        try:
            return answers(self.listen, self.slot.port, REFUSED_URL, deadline)
        except ProbeError as error:
            raise error.about(None, f"restart {self.slot.unit}") from error
