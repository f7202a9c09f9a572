# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out a plan: one process for all steps of a kind, and singly where that one fails.

A step that fails costs its own modem the rest of the run; the others go on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeVar

from ..errors import FarmError, ToolError
from .host import Host
from .plan import (
    ChangeGuard,
    ChangeRules,
    ChangeUnit,
    RemoveMap,
    Step,
    WriteConfig,
    WriteMap,
)

_S = TypeVar("_S", bound=Step)


@dataclass
class Execution:
    """What was done, and the first error of each modem (None: of the host, so of all)."""

    done: list[Step] = field(default_factory=list)
    errors: dict[str | None, FarmError] = field(default_factory=dict)

    def error_of(self, serial: str) -> FarmError | None:
        """The error that stops this modem."""
        return self.errors.get(None) or self.errors.get(serial)

    def stops(self, step: Step) -> bool:
        """True when an earlier error forbids this step."""
        return None in self.errors or step.serial in self.errors


def run_barriers(host: Host, steps: Sequence[Step], execution: Execution) -> None:
    """Rules, guard and identity: quick, and before anything that lets traffic flow."""
    _together(_of(steps, ChangeRules), execution, lambda batch: _rules(host, batch))
    _together(_of(steps, ChangeGuard), execution, lambda batch: _guard(host, batch))
    for removal in _of(steps, RemoveMap):
        _single(removal, execution, lambda step: host.remove_map(step.usb_path))
    maps = _of(steps, WriteMap)
    for new in maps:
        _single(new, execution, lambda step: host.write_map(step.usb_path, step.serial))
    written = [step for step in maps if step in execution.done]
    nodes = [node for step in written for node in step.nodes]
    try:
        host.trigger_udev(nodes)
    except FarmError as error:
        for step in written:
            execution.errors.setdefault(step.serial, error)


def run_proxies(host: Host, steps: Sequence[Step], execution: Execution) -> None:
    """Configurations and units: may take seconds, so it runs beside the wait for the bearers."""
    for config in _of(steps, WriteConfig):
        _single(config, execution, lambda step: host.write_config(step.path, step.text, step.check))
    for verb, group in groupby(
        sorted(_of(steps, ChangeUnit), key=lambda step: _VERB_ORDER.index(step.verb[1])),
        key=lambda step: step.verb,
    ):
        _together(
            list(group),
            execution,
            lambda batch, verb=verb: host.change_units(verb, [step.unit for step in batch]),  # type: ignore[misc]
        )


_VERB_ORDER = ("enable", "reset-failed", "start", "reload", "restart")


def _of(steps: Sequence[Step], kind: type[_S]) -> list[_S]:
    return [step for step in steps if isinstance(step, kind)]


def _rules(host: Host, batch: Sequence[ChangeRules]) -> None:
    host.change_rules([change for step in batch for change in step.changes])


def _guard(host: Host, batch: Sequence[ChangeGuard]) -> None:
    delete = frozenset().union(*(step.delete for step in batch))
    add = frozenset().union(*(step.add for step in batch))
    host.change_guard(delete, add)


def _together(
    steps: Sequence[_S], execution: Execution, action: Callable[[Sequence[_S]], None]
) -> None:
    batch = [step for step in steps if not execution.stops(step)]
    if not batch:
        return
    try:
        action(batch)
    except ToolError as error:
        if len(batch) == 1:
            execution.errors.setdefault(batch[0].serial, error)
        else:
            for step in batch:
                _together([step], execution, action)
    except (FarmError, OSError) as error:
        for step in batch:
            execution.errors.setdefault(step.serial, as_farm_error(error))
    else:
        execution.done.extend(batch)


def _single(step: _S, execution: Execution, action: Callable[[_S], None]) -> None:
    if execution.stops(step):
        return
    try:
        action(step)
    except (FarmError, OSError) as error:
        execution.errors.setdefault(step.serial, as_farm_error(error))
    else:
        execution.done.append(step)


def as_farm_error(error: FarmError | OSError) -> FarmError:
    """An OSError of a file as an error with a remedy."""
    if isinstance(error, FarmError):
        return error
    return ToolError(f"{error.filename}: {error.strerror}", "run playbooks/site.yml on this host")
