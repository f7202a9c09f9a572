# SPDX-License-Identifier: GPL-3.0-or-later
"""The running 3proxy instances over systemd's bus."""

import re
from collections.abc import Sequence
from pathlib import Path

from ..apply import systemd
from ..dbus.connection import Bus, BusError
from ..settings import PROXY_DIR
from .switch import Instance

PATTERN = "3proxy@*.service"
_SLOT = re.compile(r"3proxy@([1-9][0-9]{0,3})\.service\Z")


class SystemdUnits:
    """See `switch.Units`; `bus` has been told to give the signals of systemd's jobs."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def running(self) -> Sequence[Instance]:
        """All with a main process."""
        slots = {
            int(found[1]): path
            for name, path in systemd.running(self._bus, PATTERN).items()
            if (found := _SLOT.match(name)) is not None
        }
        numbers = sorted(slots)
        answers = self._bus.call_all(systemd.main_pid(slots[number]) for number in numbers)
        pids = [0 if isinstance(a, BusError) else int(a.values()[0]) for a in answers]
        return [
            Instance(f"3proxy@{number}.service", pid, PROXY_DIR / f"{number}.cfg")
            for number, pid in zip(numbers, pids, strict=True)
            if pid
        ]

    def restart(self, unit: str) -> None:
        """Restart; ToolError with the unit's own reason."""
        systemd.reset_failed(self._bus, [unit])  # else the limit of starts refuses this one
        systemd.run_job(self._bus, systemd.RESTART, unit, systemd.JOB_TIMEOUT_S)

    def program(self, instance: Instance) -> Path:
        """The kernel's link to the program, which can be compared when the file is gone, too."""
        return Path(f"/proc/{instance.pid}/exe")
