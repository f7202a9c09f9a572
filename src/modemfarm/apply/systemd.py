# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy units over systemd's bus: state of all, changes of all, and the ends of their jobs.

`systemctl` costs 0.4 s a call under emulation; these calls cost 10 ms for the whole batch.
Source: org.freedesktop.systemd1(5).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ..dbus.connection import Bus, BusError, Call
from ..dbus.wire import INTERFACE, MEMBER, Message
from ..errors import ToolError

SERVICE = "org.freedesktop.systemd1"
_ROOT = "/org/freedesktop/systemd1"
_MANAGER = f"{SERVICE}.Manager"
SIGNALS = (f"type='signal',sender='{SERVICE}',interface='{_MANAGER}',member='JobRemoved'",)
# A start runs the configuration check first; thirty of them queue up on two cores.
JOB_TIMEOUT_S = 60.0

ENABLE, RESET, START, RELOAD, RESTART = "enable", "reset-failed", "start", "reload", "restart"
RELOAD_OR_START = "reload-or-start"
_JOB_METHODS = {
    START: "StartUnit",
    RELOAD: "ReloadUnit",
    RESTART: "RestartUnit",
    RELOAD_OR_START: "ReloadOrRestartUnit",  # for a unit with ExecReload it never restarts
}
ORDER = (ENABLE, RESET, START, RELOAD, RESTART)


@dataclass(frozen=True)
class UnitState:
    """One unit; changed_at is the Unix time in seconds of its last change of state, 0 for none."""

    name: str
    loaded: bool = False
    active: bool = False
    failed: bool = False
    enabled: bool = False
    changed_at: float = 0.0


def subscribe_call() -> Call:
    """Ask systemd to tell about jobs at all."""
    return Call(SERVICE, _ROOT, _MANAGER, "Subscribe")


def read_units(bus: Bus, names: Sequence[str]) -> dict[str, UnitState]:
    """State by name; units that are not there are not loaded."""
    listed = bus.call(Call(SERVICE, _ROOT, _MANAGER, "ListUnitsByNames", "as", (list(names),)))
    rows = {str(row[0]): row for row in listed.values()[0]}
    files = bus.call_all(
        Call(SERVICE, _ROOT, _MANAGER, "GetUnitFileState", "s", (name,)) for name in names
    )
    stamps = bus.call_all(_property(rows[name][6], "StateChangeTimestamp") for name in names)
    return {
        name: UnitState(
            name=name,
            loaded=rows[name][2] == "loaded",
            active=rows[name][3] in ("active", "reloading"),
            failed=rows[name][3] == "failed",
            enabled=_first(file, "").startswith("enabled"),
            changed_at=_first(stamp, 0) / 1e6,
        )
        for name, file, stamp in zip(names, files, stamps, strict=True)
    }


def _property(path: str, name: str, interface: str = f"{SERVICE}.Unit") -> Call:
    return Call(SERVICE, path, "org.freedesktop.DBus.Properties", "Get", "ss", (interface, name))


_T = TypeVar("_T")


def _first(answer: Message | BusError, default: _T) -> _T:
    if isinstance(answer, BusError):
        return default
    value = answer.values()[0]
    return value if isinstance(value, type(default)) else default


def running(bus: Bus, pattern: str) -> dict[str, str]:
    """Object path by name of the units that `pattern` names and that run or are about to."""
    states = ["active", "reloading", "activating"]
    call = Call(SERVICE, _ROOT, _MANAGER, "ListUnitsByPatterns", "asas", (states, [pattern]))
    return {str(row[0]): str(row[6]) for row in bus.call(call).values()[0]}


def main_pid(path: str) -> Call:
    """Ask for the main process of the service unit at an object path; 0 for none."""
    return _property(path, "MainPID", f"{SERVICE}.Service")


def enable(bus: Bus, names: Sequence[str]) -> None:
    """Make units start at boot; no reload of systemd, which takes a second and changes nothing."""
    bus.call(Call(SERVICE, _ROOT, _MANAGER, "EnableUnitFiles", "asbb", (list(names), False, False)))


def reset_failed(bus: Bus, names: Sequence[str]) -> None:
    """Forget failures, so that the limit of starts does not refuse the next one."""
    bus.call_all(Call(SERVICE, _ROOT, _MANAGER, "ResetFailedUnit", "s", (name,)) for name in names)


def begin(bus: Bus, verb: str, names: Sequence[str]) -> list[str | BusError]:
    """Queue one job per unit and return the jobs' objects; `ended` tells when one is over."""
    method = _JOB_METHODS[verb]
    answers = bus.call_all(
        Call(SERVICE, _ROOT, _MANAGER, method, "ss", (name, "replace")) for name in names
    )
    return [a if isinstance(a, BusError) else str(a.values()[0]) for a in answers]


def begin_commands(
    bus: Bus, commands: Sequence[tuple[str, Sequence[str]]], timeout: float
) -> list[str | BusError]:
    """Run commands as transient units outside of our own sandbox; (unit, arguments) each.

    The answers are as those of `begin`; a job is `done` when its command has ended with 0.
    """
    calls = []
    for unit, arguments in commands:
        properties = [
            ("Description", ("s", "Check of a proxy configuration by modemfarm")),
            ("Type", ("s", "oneshot")),
            ("CollectMode", ("s", "inactive-or-failed")),
            ("TimeoutStartUSec", ("t", int(timeout * 1e6))),
            ("ExecStart", ("a(sasb)", [(arguments[0], list(arguments), False)])),
        ]
        values: tuple[Any, ...] = (unit, "fail", properties, [])
        calls.append(
            Call(SERVICE, _ROOT, _MANAGER, "StartTransientUnit", "ssa(sv)a(sa(sv))", values)
        )
    return [a if isinstance(a, BusError) else str(a.values()[0]) for a in bus.call_all(calls)]


def wait_for(bus: Bus, jobs: Sequence[str], timeout: float) -> dict[str, str]:
    """Results of jobs that end within `timeout` seconds; other signals are lost."""
    results: dict[str, str] = {}
    deadline = time.monotonic() + timeout
    while set(jobs) - set(results) and (left := deadline - time.monotonic()) > 0:
        results |= dict(end for signal in bus.signals(left) if (end := ended(signal)) is not None)
    return results


def run_job(bus: Bus, verb: str, unit: str, timeout: float) -> None:
    """Have one job done and wait for it; other signals are lost. ToolError when it fails."""
    (job,) = begin(bus, verb, [unit])
    if isinstance(job, BusError):
        raise job
    result = wait_for(bus, [job], timeout).get(job, "timeout")
    if result != "done":
        raise failure(bus, unit, verb, result)


def ended(signal: Message) -> tuple[str, str] | None:
    """(job object, result) of a JobRemoved signal; the result of a good job is `done`."""
    if (signal.get(INTERFACE), signal.get(MEMBER)) != (_MANAGER, "JobRemoved"):
        return None
    _, job, _, result = signal.values()
    return str(job), str(result)


def failure(bus: Bus, unit: str, verb: str, result: str) -> ToolError:
    """The error of a job that did not end well, with the unit's own reason where it has one."""
    reason = ""
    try:
        (path,) = bus.call(Call(SERVICE, _ROOT, _MANAGER, "GetUnit", "s", (unit,))).values()
        answer = bus.call_all([_property(path, "Result", f"{SERVICE}.Service")])[0]
        reason = _first(answer, "")
    except BusError:
        pass  # the unit is gone again: the result of the job has to do
    told = f" ({reason})" if reason not in ("", "success") else ""
    return ToolError(f"{verb} of {unit}: {result}{told}", f"see `journalctl -u {unit}`")
