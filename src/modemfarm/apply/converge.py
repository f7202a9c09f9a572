# SPDX-License-Identifier: GPL-3.0-or-later
"""The changing part of a run, for modems whose locks are held.

Order: what all modems need (guard, fail-closed rules) is brought back where it is lost; read once,
plan, barriers (rules, guard, identity), then proxies, whose start is waited for together with the
bearers.
"""

import time
from collections.abc import Callable, Sequence

from ..errors import FarmError
from ..settings import FarmSettings
from ..snapshot import ModemRecord
from .execute import Execution, begin_proxies, run_barriers, state_after
from .fallback import Fallback
from .guard import Element
from .host import Host
from .leftover import tell_left, undo_left
from .lost import GUARD, lost_words, restore
from .plan import Current, Plan, Target, compute
from .progress import Progress
from .read import read_current
from .result import FAILED, BatchResult
from .steps import ChangeGuard
from .wait import Waiter


class Converger:
    """Converges modems of one batch; `prove` asks for an address through each port.

    everybody: all modems of the host. A guard that is loaded again lets nobody out, so it gets the
    elements of those that are not converged now, too. records: all modems, for their quotas.
    """

    def __init__(
        self,
        host: Host,
        settings: FarmSettings,
        batch: BatchResult,
        prove: bool,
        everybody: Callable[[], Sequence[Target]] = tuple,
        records: Sequence[ModemRecord] | None = None,
    ) -> None:
        self.host = host
        self._settings = settings
        self._batch = batch
        self._prove = prove
        self._everybody = everybody
        self.records = records

    def run(self, items: Sequence[Progress], held: Sequence[Progress], deadline: float) -> None:
        """Move `items` as far as they go until `deadline` (time.monotonic).

        Of `held` modems only those that are away lose their way through the guard.
        """
        began = time.monotonic()
        left = undo_left(self.host, items)
        execution = Execution()
        with self.host.alone():
            current, reloaded = self._current(items)
            away = [item.target for item in held if not item.target.online]
            if reloaded:
                mine = {item.serial for item in items}
                away = [target for target in self._everybody() if target.serial not in mine]
            targets = [item.target for item in items]
            plan = compute(current, self._settings, targets, away, self.records)
            started = time.monotonic()
            run_barriers(self.host, plan.steps, execution)
        begin_proxies(self.host, plan.steps, execution)
        spent = time.monotonic() - started
        for item in items:
            item.result.took("read", started - began)
            item.result.took("static", spent)
        fallback = Fallback(self.host, self._settings, execution, current, self._batch.diff)
        for item in items:
            self._sort_out(item, plan, execution)
            fallback.note_kept(item)
        guard = _guard_after(plan, execution, current)
        waiter = Waiter(
            self.host, self._settings, deadline, execution, guard, fallback, self._batch.diff
        )
        waiter.run(items, self._prove)
        self._book(execution, [*items, *held])
        tell_left(items, left)

    def _current(self, items: Sequence[Progress]) -> tuple[Current, bool]:
        """What is there, after what all modems need was brought back; whether the guard was."""
        targets = [item.target for item in items]
        current = read_current(self.host, self._settings, targets)
        words = lost_words(current, self._settings)
        if words:
            self._batch.host += [word for word in words if word not in self._batch.host]
            self._batch.host_changed = True
            current = restore(self.host, self._settings, targets)
        if current.units_error is not None:
            raise current.units_error
        return current, GUARD in words

    def _sort_out(self, item: Progress, plan: Plan, execution: Execution) -> None:
        """End the modems that must not, or need not, go on to the bearer."""
        now = time.monotonic()
        error = execution.error_of(item.serial)
        if error is not None:
            item.end(now, state_after(error), error.message, error.remedy)
        elif item.serial in plan.blocked:
            item.end(now, FAILED, *plan.blocked[item.serial])
        else:
            item.end_absent(now)

    def _book(self, execution: Execution, items: Sequence[Progress]) -> None:
        """Write down what was changed, and errors of proxies whose modem is not there."""
        by_serial = {item.serial: item for item in items}
        for step in execution.done:
            self._batch.diff.append(step.diff())
            if step.serial is None or step.serial not in by_serial:
                self._batch.host_changed = True
            else:
                by_serial[step.serial].result.note(step.name)
        for item in items:
            error = execution.error_of(item.serial)
            if error is not None and item.result.state != FAILED:
                _fail(item, error)


def _fail(item: Progress, error: FarmError) -> None:
    item.result.end(state_after(error), error.message, error.remedy)


def _guard_after(plan: Plan, execution: Execution, current: Current) -> frozenset[Element]:
    """The guard's elements as the barriers have left them."""
    elements = current.guard
    for step in plan.steps:
        if isinstance(step, ChangeGuard) and step in execution.done:
            elements = (elements - step.delete) | step.add
    return elements
