# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles and activations: NetworkManager brings up the bearer of a modem with a verified IMEI."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ..errors import FarmError
from ..settings import FarmSettings
from . import profile
from .assess import Kind, Verdict, explain_refusal, waiting_for_bearer
from .execute import as_farm_error
from .files import read_text
from .host import Host, Managers
from .modemmanager import MmModem
from .networkmanager import NmState
from .progress import Progress
from .result import FAILED, WAITING, Diff

ACTIVATION_WAIT_S = 30  # registering after enabling takes 2 to 25 s in the field
MAX_TRIES = 2  # a second activation heals a race at plug-in; more is the caller's next run


def wanted_profile(settings: FarmSettings, item: Progress) -> str:
    """The keyfile of a modem whose verdict is ACTIVATE or UP."""
    record, slot = item.target.record, item.target.slot
    apn = record.apn or settings.apn
    return profile.render(record.serial, item.verdict.device_id, apn, slot.table)


def profile_change(host: Host, settings: FarmSettings, item: Progress) -> Diff | None:
    """The difference between the keyfile on disk and the wanted one."""
    path = profile.profile_path(item.serial)
    before, text = read_text(host.path(path)), wanted_profile(settings, item)
    return None if before == text else Diff(str(path), before or "", text)


class Activator:
    """Writes, loads and activates; `deadline` bounds how long nmcli may wait."""

    def __init__(
        self,
        host: Host,
        settings: FarmSettings,
        pool: ThreadPoolExecutor,
        deadline: float,
        diff: list[Diff],
    ) -> None:
        self._host = host
        self._settings = settings
        self._pool = pool
        self._deadline = deadline
        self._diff = diff

    def start(self, ready: Sequence[Progress], network: NmState) -> None:
        """Begin an activation for each; those whose profile cannot be written end as failed."""
        to_load = [item for item in ready if self._write(item, network)]
        loaded = [item for item in to_load if not item.done]
        try:
            self._host.load_profiles([item.serial for item in loaded])
        except FarmError as error:
            for item in loaded:
                fail(item, error)
        wait_s = max(1, min(ACTIVATION_WAIT_S, int(self._deadline - time.monotonic())))
        for item in ready:
            if not item.done:
                item.tries += 1
                item.result.note("activation")
                item.enter("bearer", time.monotonic())
                item.activation = self._pool.submit(
                    self._host.activate, item.serial, item.control, wait_s
                )

    def _write(self, item: Progress, network: NmState) -> bool:
        """True when NetworkManager has to read the file. After a first failed try it always has to:
        what is loaded may be older than the file."""
        try:
            change = profile_change(self._host, self._settings, item)
            if change is not None:
                self._host.write_profile(item.serial, change.after)
                item.result.note("profile")
                self._diff.append(change)
        except (FarmError, OSError) as error:
            fail(item, as_farm_error(error))
            return False
        path = str(self._host.path(profile.profile_path(item.serial)))
        return change is not None or item.tries > 0 or path not in network.profile_files

    def collect(self, item: Progress, managers: Managers) -> bool:
        """Look at a started activation; False while it runs, or when it was refused."""
        if item.activation is None:
            return True
        modems = managers.modems if isinstance(managers.modems, dict) else {}
        modem = modems.get(item.usb_path)
        if not item.activation.done():
            item.verdict = waiting_for_bearer(modem)
            return False
        activation, item.activation = item.activation, None
        try:
            activation.result()
        except (FarmError, OSError) as error:
            refused(item, as_farm_error(error), modem)
            return False
        return True


def refused(item: Progress, error: FarmError, modem: MmModem | None) -> None:
    """An activation ended badly: try again, or end with the reason."""
    verdict = explain_refusal(error.message, modem)
    item.verdict = verdict
    if verdict.kind is Kind.FAIL:
        item.end(time.monotonic(), FAILED, verdict.reason, verdict.remedy)
    elif item.tries >= MAX_TRIES:
        state = WAITING if verdict.stage == "registration" else FAILED
        item.end(time.monotonic(), state, verdict.reason, verdict.remedy)


def fail(item: Progress, error: FarmError) -> None:
    """End a modem with an error."""
    item.verdict = Verdict(Kind.FAIL, error.message, error.remedy)
    item.end(time.monotonic(), FAILED, error.message, error.remedy)
