# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that everything starts from: settings, snapshot of the registry, PIN ledger."""

from __future__ import annotations

from collections.abc import Iterator

from modemfarm.errors import FarmError
from modemfarm.pin.ledger import DEFAULT_PATH as LEDGER
from modemfarm.settings import DEFAULT_PATH as SETTINGS

from ..check import Said, fault, warning
from ..facts import Facts, known

AGENT = "modemfarm-agent.service"
SITE = "run playbooks/site.yml for this host"


def _settings(facts: Facts) -> Iterator[Said]:
    if isinstance(facts.settings, FarmError):
        yield "", facts.settings.message, facts.settings.remedy


def _lan(facts: Facts) -> Iterator[Said]:
    settings, kernel = known(facts.settings), known(facts.kernel)
    if settings is None or kernel is None:
        return
    interface = settings.lan_interface
    found = kernel.addresses.get(interface, ())
    if settings.lan_address not in found:
        has = ", ".join(map(str, found)) or "no IPv4 address"
        yield (
            interface,
            f"clients ask {settings.lan_address}, but {interface} has {has}",
            "give the interface that address, or set farm_lan_address and run playbooks/site.yml",
        )
    there = {item for addresses in kernel.addresses.values() for item in addresses}
    for address in settings.listen_addresses:
        if address not in there:
            yield (
                str(address),
                f"proxies may listen on {address}, but no interface has it",
                "give an interface of the LAN that address, or change farm_listen_addresses",
            )


def _snapshot(facts: Facts) -> Iterator[Said]:
    if isinstance(facts.snapshot, FarmError):
        yield "", facts.snapshot.message, facts.snapshot.remedy


def _host(facts: Facts) -> Iterator[Said]:
    settings, snapshot = known(facts.settings), known(facts.snapshot)
    if settings is not None and snapshot is not None and settings.host != snapshot.host:
        yield (
            "",
            f"the snapshot is of host {snapshot.host}, this host is {settings.host}",
            "restart modemfarm-agent; a host that was renamed gets its old name in the inventory",
        )


def _slots(facts: Facts) -> Iterator[Said]:
    settings, snapshot = known(facts.settings), known(facts.snapshot)
    if settings is None or snapshot is None:
        return
    for record in snapshot.modems:
        if record.slot > settings.slots:
            yield (
                record.serial,
                f"it has slot {record.slot}, and this host has {settings.slots} slots",
                "raise farm_slots and run playbooks/site.yml",
            )


def _old_settings(facts: Facts) -> Iterator[Said]:
    units, file = known(facts.units), facts.files.get(str(SETTINGS))
    unit = units.get(AGENT) if units is not None else None
    if unit is None or file is None or not unit.active:
        return
    if 0 < unit.changed_at < file.changed_at <= facts.clock.now:
        yield (
            AGENT,
            f"{SETTINGS} was written after the agent had read it",
            "systemctl restart modemfarm-agent",
        )


def _ledger(facts: Facts) -> Iterator[Said]:
    key = LEDGER.with_suffix(".key")
    there = [path for path in (LEDGER, key) if _is_there(facts, str(path))]
    if len(there) == 1:
        lost = key if there[0] == LEDGER else LEDGER
        yield (
            str(lost),
            f"{lost} is gone and {there[0].name} is there: no PIN is entered on any SIM",
            "restore both from a backup; without one see docs/modems.md, PINs",
        )


def _is_there(facts: Facts, path: str) -> bool:
    file = facts.files.get(path)
    return file is not None and file.mode is not None


CHECKS = (
    fault("settings", "/etc/modemfarm/farm.json can be read and every value is allowed", _settings),
    fault("lan-address", "the LAN interface has the address that clients ask", _lan),
    fault("snapshot", "the snapshot of the registry can be read: all works from it", _snapshot),
    fault("snapshot-host", "the snapshot is this host's", _host),
    fault("slots", "every registered modem's slot exists on this host", _slots),
    warning("settings-unread", "the agent runs with the settings on the disk", _old_settings),
    fault("pin-ledger", "the ledger of tried PINs and its key are both there, or neither", _ledger),
)
