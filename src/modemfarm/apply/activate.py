# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles and activations: NetworkManager brings up the bearer of a modem with a verified IMEI."""

import time
from collections.abc import Sequence

from ..dbus.connection import BusError, LateError
from ..errors import FarmError
from ..mm.objects import MmModem
from ..settings import FarmSettings
from . import networkmanager as nm
from . import profile
from .assess import Kind, Verdict, explain_refusal, waiting_for_bearer
from .execute import as_farm_error, state_after
from .files import read_text
from .host import Host, Managers
from .progress import Progress
from .result import FAILED, WAITING, Diff

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
    """Writes and loads profiles, begins activations and sees how they end."""

    def __init__(self, host: Host, settings: FarmSettings, diff: list[Diff]) -> None:
        self._host = host
        self._settings = settings
        self._diff = diff
        self.reasons: dict[str, int] = {}  # why a device failed last, by its object

    def start(self, ready: Sequence[Progress], network: nm.NmState) -> None:
        """Begin an activation for each; those whose profile cannot be written end as failed."""
        to_load = [item for item in ready if self._write(item, network)]
        try:
            self._host.load_profiles([item.serial for item in to_load])
        except FarmError as error:
            for item in to_load:
                fail(item, error)
        begun = [item for item in ready if not item.done]
        for item in begun:
            item.tries += 1
            item.device_path = network.devices[item.control].path
            item.result.note("bearer")
            item.enter("bearer", time.monotonic())
            self.reasons.pop(item.device_path, None)
        answers = self._host.activate([(item.serial, item.device_path) for item in begun])
        for item, answer in zip(begun, answers, strict=True):
            if isinstance(answer, LateError):
                item.verdict = waiting_for_bearer(None)  # it may be at it; the next look tells
            elif isinstance(answer, BusError):
                refused(item, explain_refusal(answer.message, None, None))
            else:
                item.active_path = answer

    def _write(self, item: Progress, network: nm.NmState) -> bool:
        """True when NetworkManager has to read the file.

        After a failed try it always has to: what is loaded may be older than the file.
        """
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
        return change is not None or item.tries > 0 or path not in network.profiles

    def settled(self, item: Progress, managers: Managers) -> bool:
        """Look at a begun activation; False while it is under way, or when it was refused."""
        if item.active_path is None:
            return True
        modem = managers.modems.get(item.usb_path) if isinstance(managers.modems, dict) else None
        if not isinstance(managers.network, nm.NmState):
            item.verdict = waiting_for_bearer(modem)
            return False
        state = managers.network.actives.get(item.active_path)
        if state is not None and state <= nm.ACTIVE_ACTIVATING:
            item.verdict = waiting_for_bearer(modem)
            return False
        item.active_path = None
        if state == nm.ACTIVE_ACTIVATED:
            return True
        self._ended(item, modem)
        return False

    def _ended(self, item: Progress, modem: MmModem | None) -> None:
        reason = self.reasons.pop(item.device_path, None)
        refused(item, explain_refusal("NetworkManager does not say why", reason, modem))


def refused(item: Progress, verdict: Verdict) -> None:
    """An activation ended badly: try again, or end with the reason."""
    item.verdict = verdict
    if verdict.kind is Kind.FAIL:
        item.end(time.monotonic(), FAILED, verdict.reason, verdict.remedy)
    elif item.tries >= MAX_TRIES:
        state = WAITING if verdict.stage == "registration" else FAILED
        item.end(time.monotonic(), state, verdict.reason, verdict.remedy)


def fail(item: Progress, error: FarmError) -> None:
    """End a modem with an error."""
    item.verdict = Verdict(Kind.FAIL, error.message, error.remedy)
    item.end(time.monotonic(), state_after(error), error.message, error.remedy)
