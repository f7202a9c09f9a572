# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy that does not serve with its new configuration gets its last good one back.

3proxy's state says nothing (it stays alive without a listener, and exits with 0 on a bad line), so
what counts is the end of systemd's job and who listens on the port.
"""

import time
from collections.abc import Iterable
from datetime import UTC, datetime

from ..errors import ConfigRefusedError, FarmError
from ..proxy.threeproxy import shown
from ..settings import FarmSettings
from . import lastgood, systemd
from .execute import Execution, as_farm_error, begin_changes
from .host import Host
from .plan import Config, Current, Target, rendered, same_places
from .progress import Progress
from .result import Diff
from .steps import ChangeUnit, WriteConfig


class Fallback:
    """For the modems of one run; `current` is what there was before it."""

    def __init__(
        self,
        host: Host,
        settings: FarmSettings,
        execution: Execution,
        current: Current,
        diff: list[Diff],
    ) -> None:
        self._host = host
        self._settings = settings
        self._execution = execution
        self._configs = current.configs
        self._diff = diff
        # What is on disk now: the plan's new text, or the one from before.
        self._written = {
            step.serial: step.text for step in execution.done if isinstance(step, WriteConfig)
        }

    def note_kept(self, item: Progress) -> None:
        """Say that a modem serves with an older configuration, where it does."""
        kept = self._execution.kept.get(item.serial)
        item.degraded = degraded_words(self._config(item), item.target)
        if kept is not None:
            until = ""
            if isinstance(kept, ConfigRefusedError):
                wanted = rendered(self._settings, item.target)
                until = f"; {_next(self._refuse(item, wanted))}" if wanted else ""
            item.degraded = (f"{kept.message}{until}", kept.remedy)

    def after_jobs(self, items: Iterable[Progress]) -> None:
        """Look at the jobs of systemd that have failed."""
        for item in items:
            error = self._execution.error_of(item.serial)
            if error is not None and item.serial in self._execution.unit_failed:
                self.back(item, error)

    def back(self, item: Progress, error: FarmError) -> bool:
        """Begin to put the last good configuration back; False when there is none to try."""
        config = self._config(item)
        good = config.good or config.text
        now = self._written.get(item.serial, config.text)
        if item.went_back or not good or now is None or good == now:
            return False
        wanted = rendered(self._settings, item.target)
        if wanted is None or not same_places(self._settings, good, wanted):
            return False
        item.went_back = True
        try:
            until = self._refuse(item, now)
            staged = self._host.stage_config(item.target.slot.config_path, good)
            self._host.commit_config(staged, item.target.slot.config_path)
        except (FarmError, OSError) as problem:
            self._execution.refuse(item.serial, as_farm_error(problem))
            return False
        self._diff.append(Diff(str(item.target.slot.config_path), shown(now), shown(good)))
        item.result.note("proxy")
        item.degraded = (
            f"the new proxy configuration does not work ({error.message}); the last good one"
            f" serves, {_next(until)}",
            error.remedy,
        )
        self._written[item.serial] = good
        self._restart(item)
        return True

    def proven(self, item: Progress) -> None:
        """A request came back through the port: keep what it was served with."""
        config = self._config(item)
        text = self._written.get(item.serial, config.text)
        if item.degraded is None and text is not None and text != config.good:
            try:
                lastgood.prove(self._host.path(item.target.slot.config_path), text)
            except (FarmError, OSError):
                return  # a full disk: serving goes on, and the next run tries again

    def _restart(self, item: Progress) -> None:
        unit = item.target.slot.unit
        self._execution.forgive(item.serial)
        steps = [ChangeUnit(item.serial, unit, verb) for verb in (systemd.RESET, systemd.RESTART)]
        begin_changes(self._host, steps, self._execution)

    def _refuse(self, item: Progress, text: str) -> float:
        return lastgood.refuse(self._host.path(item.target.slot.config_path), text, time.time())

    def _config(self, item: Progress) -> Config:
        return self._configs.get(item.target.slot.slot, Config())


def degraded_words(config: Config, target: Target) -> tuple[str, str] | None:
    """Reason and remedy of a modem that has another configuration than its policy wants."""
    if isinstance(target.proxy, FarmError):
        return f"{target.proxy.message}; the proxy keeps its configuration", target.proxy.remedy
    if config.refused_until is None:
        return None
    reason = f"the new proxy configuration did not work; {_next(config.refused_until)}"
    return reason, f"see `journalctl -u {target.slot.unit}`"


def _next(until: float) -> str:
    return f"the new one is tried again after {datetime.fromtimestamp(until, UTC):%H:%M:%SZ}"
