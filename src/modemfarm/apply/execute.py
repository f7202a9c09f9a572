# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out a plan: all steps of a kind together, and singly where that fails.

A step that fails costs its own modem the rest of the run; the others go on.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ..dbus.connection import BusError, LateError
from ..errors import FarmError, ToolError
from . import systemd
from .host import Host
from .result import FAILED, WAITING
from .steps import (
    ChangeGuard,
    ChangeRules,
    ChangeStopped,
    ChangeUnit,
    LoosenFilter,
    RemoveMap,
    Step,
    WriteConfig,
    WriteMap,
)

_S = TypeVar("_S", bound=Step)


@dataclass
class Execution:
    """What was done, what is under way (jobs of systemd by object), and each modem's first error.

    The key None of `errors` stands for the host: its error stops all modems. `kept`: modems whose
    new configuration was not swapped in, and why; `unit_failed`: those whose proxy did not start.
    """

    done: list[Step] = field(default_factory=list)
    errors: dict[str | None, FarmError] = field(default_factory=dict)
    kept: dict[str, FarmError] = field(default_factory=dict)
    unit_failed: set[str] = field(default_factory=set)
    jobs: dict[str, ChangeUnit] = field(default_factory=dict)
    jobs_deadline: float = 0.0

    def error_of(self, serial: str) -> FarmError | None:
        """The error that stops this modem."""
        return self.errors.get(None) or self.errors.get(serial)

    def stops(self, step: Step) -> bool:
        """True when an earlier error forbids this step."""
        return None in self.errors or step.serial in self.errors

    def busy(self, serial: str) -> bool:
        """True while a job for this modem is under way."""
        return any(step.serial == serial for step in self.jobs.values())

    def refuse(self, serial: str | None, error: FarmError) -> None:
        """Remember the first error."""
        self.errors.setdefault(serial, error)

    def forgive(self, serial: str) -> None:
        """Forget the error of a proxy that gets another try."""
        self.errors.pop(serial, None)
        self.unit_failed.discard(serial)


def run_barriers(host: Host, steps: Sequence[Step], execution: Execution) -> None:
    """Rules, guard and identity: quick, and before anything that lets traffic flow."""
    _together(_of(steps, ChangeRules), execution, lambda batch: _rules(host, batch))
    # Before the guard: at boot nobody has a way out when the port is closed already.
    _together(_of(steps, ChangeStopped), execution, lambda batch: _stopped(host, batch))
    _together(_of(steps, ChangeGuard), execution, lambda batch: _guard(host, batch))
    for strict in _of(steps, LoosenFilter):
        _together([strict], execution, lambda batch: host.loosen_filter(batch[0].interface))
    for removal in _of(steps, RemoveMap):
        _together([removal], execution, lambda batch: host.remove_map(batch[0].usb_path))
    for new in _of(steps, WriteMap):
        _together([new], execution, lambda batch: _write_map(host, batch[0]))


def begin_proxies(host: Host, steps: Sequence[Step], execution: Execution) -> None:
    """Write configurations and begin the changes of units; a unit of an old one is left alone."""
    _write_configs(host, _of(steps, WriteConfig), execution)
    changes = [step for step in _of(steps, ChangeUnit) if step.serial not in execution.kept]
    begin_changes(host, changes, execution)


def begin_changes(host: Host, changes: Sequence[ChangeUnit], execution: Execution) -> None:
    """Begin changes of units; signals of systemd tell of their ends."""
    execution.jobs_deadline = time.monotonic() + systemd.JOB_TIMEOUT_S
    for verb in systemd.ORDER:
        mine = [step for step in changes if step.verb == verb and not execution.stops(step)]
        if verb == systemd.ENABLE:
            _together(mine, execution, lambda batch: systemd.enable(host.bus, _units(batch)))
        elif verb == systemd.RESET:
            _together(mine, execution, lambda batch: systemd.reset_failed(host.bus, _units(batch)))
        elif mine:
            _begin_jobs(host, verb, mine, execution)


def end_jobs(host: Host, execution: Execution, results: dict[str, str]) -> None:
    """Book the jobs that have ended: `results` by job object; also those that took too long."""
    if time.monotonic() > execution.jobs_deadline:
        results = dict.fromkeys(execution.jobs, "timeout") | results
    for job in [job for job in results if job in execution.jobs]:
        step, result = execution.jobs.pop(job), results[job]
        if result == "done":
            execution.done.append(step)
        else:
            execution.unit_failed.add(step.serial)
            execution.refuse(step.serial, systemd.failure(host.bus, step.unit, step.verb, result))


def _begin_jobs(host: Host, verb: str, steps: Sequence[ChangeUnit], execution: Execution) -> None:
    try:
        answers = systemd.begin(host.bus, verb, _units(steps))
    except FarmError as error:
        for step in steps:
            execution.refuse(step.serial, error)
        return
    for step, answer in zip(steps, answers, strict=True):
        if isinstance(answer, BusError):
            execution.refuse(step.serial, answer)
        else:
            execution.jobs[answer] = step


def _units(steps: Sequence[ChangeUnit]) -> list[str]:
    return [step.unit for step in steps]


def _of(steps: Sequence[Step], kind: type[_S]) -> list[_S]:
    return [step for step in steps if isinstance(step, kind)]


def _rules(host: Host, batch: Sequence[ChangeRules]) -> None:
    host.change_rules([change for step in batch for change in step.changes])


def _guard(host: Host, batch: Sequence[ChangeGuard]) -> None:
    delete = frozenset().union(*(step.delete for step in batch))
    add = frozenset().union(*(step.add for step in batch))
    host.change_guard(delete, add)


def _stopped(host: Host, batch: Sequence[ChangeStopped]) -> None:
    delete = frozenset().union(*(step.delete for step in batch))
    add = frozenset().union(*(step.add for step in batch))
    host.change_stopped(delete, add)


def _write_map(host: Host, step: WriteMap) -> None:
    host.write_map(step.usb_path, step.serial)
    host.trigger_udev(step.nodes)


def _write_configs(host: Host, steps: Sequence[WriteConfig], execution: Execution) -> None:
    """Stage all, let the engine check those that replace one in use, swap the good ones in."""
    staged: dict[str, Path] = {}
    for step in steps:
        _together([step], execution, lambda batch: _stage(host, batch[0], staged))
    _check(host, [s for s in steps if s.check and s.serial in staged], staged, execution)
    for step in steps:
        if step.serial in staged:
            host.commit_config(staged[step.serial], step.path)


def _check(
    host: Host, steps: Sequence[WriteConfig], staged: dict[str, Path], execution: Execution
) -> None:
    """Take the refused ones, and all when nobody can be asked, out of `staged`."""
    if not steps:
        return
    answers: Sequence[FarmError | None]
    try:
        answers = host.check_configs([staged[step.serial] for step in steps])
    except FarmError as error:
        answers = [error] * len(steps)
    for step, answer in zip(steps, answers, strict=True):
        if answer is not None:
            staged.pop(step.serial).unlink(missing_ok=True)
            execution.done.remove(step)
            execution.kept[step.serial] = answer


def _stage(host: Host, step: WriteConfig, staged: dict[str, Path]) -> None:
    staged[step.serial] = host.stage_config(step.path, step.text)


def _together(
    steps: Sequence[_S], execution: Execution, action: Callable[[Sequence[_S]], None]
) -> None:
    """One action for all steps; when a tool refuses it, one for each, to find the culprit."""
    batch = [step for step in steps if not execution.stops(step)]
    if not batch:
        return
    try:
        action(batch)
    except (FarmError, OSError) as error:
        if len(batch) > 1 and isinstance(error, ToolError):
            for step in batch:
                _together([step], execution, action)
            return
        for step in batch:
            execution.refuse(step.serial, as_farm_error(error))
    else:
        execution.done.extend(batch)


def state_after(error: FarmError) -> str:
    """How a modem stands after an error: a service that is late needs time, not a person."""
    return WAITING if isinstance(error, LateError) else FAILED


def as_farm_error(error: FarmError | OSError) -> FarmError:
    """An OSError of a file as an error with a remedy."""
    if isinstance(error, FarmError):
        return error
    return ToolError(f"{error.filename}: {error.strerror}", "run playbooks/site.yml on this host")
