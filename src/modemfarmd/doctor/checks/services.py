# SPDX-License-Identifier: GPL-3.0-or-later
"""The services: do they run, do they start with the host, and does the agent answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from modemfarm.apply.systemd import UnitState
from modemfarm.errors import FarmError

from ..check import Said, fault, warning
from ..facts import Facts, known

# What each is for, and so what is missing without it.
UNITS = {
    "modemfarm-routing.service": "loads the guard and the routing rules at boot",
    "modemfarm-apply.socket": "starts the helper that changes the host",
    "modemfarm-agent.service": "sees modems come and go",
    "ModemManager.service": "brings modems into the network",
    "NetworkManager.service": "gives each modem its address and its routes",
    "postgresql.service": "is the registry",
}
BACKLOG = 1000  # rows: a minute of thirty busy modems


def _units(
    wrong: Callable[[UnitState], bool], cause: str, remedy: str
) -> Callable[[Facts], Iterable[Said]]:
    def found(facts: Facts) -> Iterator[Said]:
        units = known(facts.units)
        for name, use in UNITS.items():
            unit = units.get(name) if units is not None else None
            if unit is not None and wrong(unit):
                yield name, f"{cause}; it {use}", remedy.format(unit=name)

    return found


def _bus(facts: Facts) -> Iterator[Said]:
    if isinstance(facts.units, FarmError):
        cause = f"systemd does not answer on the system bus: {facts.units.message}"
        yield "", cause, "systemctl status dbus; then the checks of services can be made"


def _silent(facts: Facts) -> Iterator[Said]:
    units = known(facts.units)
    unit = units.get("modemfarm-agent.service") if units is not None else None
    if isinstance(facts.agent, FarmError) and (unit is None or unit.active):
        yield "modemfarm-agent.service", facts.agent.message, facts.agent.remedy


def _agent(facts: Facts) -> dict[str, object]:
    return dict(known(facts.agent) or {})


def _backlog(facts: Facts) -> Iterator[Said]:
    unwritten = _agent(facts).get("unwritten")
    if isinstance(unwritten, int) and unwritten > BACKLOG:
        yield (
            "modemfarm-agent.service",
            f"{unwritten} rows wait in its memory to be written to the database",
            "see the check database; the rows are lost if the agent is restarted before",
        )


def _unwritten_snapshot(facts: Facts) -> Iterator[Said]:
    if _agent(facts).get("snapshot_written") is False:
        yield (
            "/var/lib/modemfarm/modems.json",
            "the agent cannot write the snapshot, so applies work from an old one",
            "make room on its disk; see `journalctl -u modemfarm-agent`",
        )


CHECKS = (
    fault("bus", "systemd answers on the system bus", _bus),
    fault(
        "unit-missing",
        "every unit of the farm is installed",
        _units(lambda unit: not unit.loaded, "systemd does not know it", "run playbooks/site.yml"),
    ),
    fault(
        "unit-failed",
        "no unit of the farm has failed",
        _units(
            lambda unit: unit.failed,
            "it has failed",
            "journalctl -u {unit}, mend the cause, then systemctl restart {unit}",
        ),
    ),
    fault(
        "unit-stopped",
        "every unit of the farm runs",
        _units(
            lambda unit: unit.loaded and not unit.active and not unit.failed,
            "it does not run",
            "systemctl start {unit}",
        ),
    ),
    fault(
        "unit-disabled",
        "every unit of the farm starts with the host",
        _units(
            lambda unit: unit.loaded and not unit.enabled,
            "it would not start with the host",
            "systemctl enable {unit}",
        ),
    ),
    fault("agent-silent", "the agent answers", _silent),
    warning("agent-backlog", "the agent has written what it saw", _backlog),
    fault("agent-snapshot", "the agent can write the snapshot", _unwritten_snapshot),
)
