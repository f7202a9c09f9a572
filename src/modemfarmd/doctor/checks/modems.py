# SPDX-License-Identifier: GPL-3.0-or-later
"""Each modem against the registry: what an apply would change, as its check mode predicts it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from modemfarm.apply.result import DEGRADED, FAILED, OFFLINE, WAITING, ModemResult
from modemfarm.errors import FarmError

from ..check import Said, fault, warning
from ..facts import Facts, known

PORT_CONFLICT = "port_conflict: "
QUARANTINED = "quarantined"
_APPLY = "sudo modemfarm apply {serial}; if it comes back, see `journalctl -u modemfarm-apply`"
# Words of modem_apply's `changed`: what the check looks at, and what is wrong when it is there.
_DRIFT = {
    "link": (
        "udev knows each modem's IMEI and has made its links",
        "udev's links to its ports are missing, or it is noted at another USB path",
    ),
    "guard": (
        "the packet guard lets each proxy out by its own modem only",
        "the packet guard's element that ties its proxy to its interface is missing or stale",
    ),
    "rule": (
        "each modem's routing rules are there",
        "its policy routing rules are missing or wrong, so its proxy has no way out",
    ),
    "filter": (
        "answers are let in on each modem's interface",
        "strict reverse path filtering on its interface drops the answers to its proxy",
    ),
    "route": (
        "each modem's routing table leads to its own interface",
        "its routing table does not lead to its interface",
    ),
    "proxy": (
        "each proxy runs, listens, and has the configuration that the settings ask for",
        "its proxy does not run or listen, or its configuration is not what the settings say",
    ),
    "profile": (
        "each modem's NetworkManager profile is as the registry says",
        "its NetworkManager profile is missing or not what the registry says",
    ),
    "bearer": (
        "each modem is connected",
        "it is not connected, and an apply would connect it",
    ),
    "undo": (
        "no killed repair step has left anything switched off",
        "a repair step that was killed has left something switched off",
    ),
}
# Reasons that only follow from what the words above say: told with them, not beside them.
_FOLLOWS = ("probe failed: ", "the bearer does not fit: ", "check mode: ")


def _rows(facts: Facts) -> Iterable[ModemResult]:
    batch = known(facts.batch)
    return batch.modems if batch is not None else ()


def _drift(word: str, cause: str) -> Callable[[Facts], Iterable[Said]]:
    def wrong(facts: Facts) -> Iterator[Said]:
        for row in _rows(facts):
            if word in row.changed:
                more = f" ({row.reason})" if _follows(row) else ""
                yield row.serial, f"{cause}{more}", _APPLY.format(serial=row.serial)

    return wrong


def _follows(row: ModemResult) -> bool:
    return bool(row.changed) and (row.reason or "").startswith(_FOLLOWS)


def _conflict(row: ModemResult) -> bool:
    return (row.reason or "").startswith(PORT_CONFLICT)


def _states(state: str) -> Callable[[Facts], Iterable[Said]]:
    """What the run says of a modem in that state, unless a word has said it."""

    def wrong(facts: Facts) -> Iterator[Said]:
        for row in _rows(facts):
            if row.state == state and not _conflict(row) and not _follows(row):
                yield (
                    row.serial,
                    row.reason or state,
                    row.remedy or f"see `modemfarm show {row.serial}`",
                )

    return wrong


def _conflicts(facts: Facts) -> Iterator[Said]:
    for row in _rows(facts):
        if _conflict(row) and row.reason is not None:
            yield row.serial, row.reason.removeprefix(PORT_CONFLICT), row.remedy or ""


def _offline(facts: Facts) -> Iterator[Said]:
    """Registered as plugged in, and not on the bus."""
    for row in _rows(facts):
        if row.state == OFFLINE and row.serial in _present(facts):
            yield row.serial, row.reason or "it is not on the bus", row.remedy or "plug it in"


def _unplugged(facts: Facts) -> Iterator[Said]:
    for row in _rows(facts):
        if row.state == OFFLINE and row.serial not in _present(facts):
            yield (
                row.serial,
                f"it is unplugged; slot {row.slot} and port {row.port} are kept for it",
                f"plug it in, or `modemfarm forget {row.serial}` if it will not come back",
            )


def _present(facts: Facts) -> frozenset[str]:
    snapshot = known(facts.snapshot)
    records = snapshot.modems if snapshot is not None else ()
    return frozenset(record.serial for record in records if record.present)


def _quarantined(facts: Facts) -> Iterator[Said]:
    agent = known(facts.agent) or {}
    for serial, row in (agent.get("serials") or {}).items():
        if row.get("state") == QUARANTINED:
            yield (
                serial,
                row.get("reason") or QUARANTINED,
                row.get("remedy") or "see docs/repair.md",
            )


def _batch(facts: Facts) -> Iterator[Said]:
    settings_or_snapshot = (facts.settings, facts.snapshot)
    if isinstance(facts.batch, FarmError) and not any(
        isinstance(part, FarmError) for part in settings_or_snapshot
    ):
        yield "", f"modems could not be compared: {facts.batch.message}", facts.batch.remedy


CHECKS = (
    fault("compare", "host and registry can be compared at all", _batch),
    *(
        fault(f"modem-{word}", looks, _drift(word, cause))
        for word, (looks, cause) in _DRIFT.items()
    ),
    fault("port-conflict", "no foreign program has a proxy's port", _conflicts),
    fault(
        "modem-failed", "no modem waits for a person; requests leave by each port", _states(FAILED)
    ),
    warning("modem-waiting", "no modem waits for SIM, registration or a service", _states(WAITING)),
    warning("modem-degraded", "no proxy runs with its last good configuration", _states(DEGRADED)),
    fault("modem-gone", "every modem that is registered as plugged in is on the bus", _offline),
    warning("modem-unplugged", "every registered modem is plugged in", _unplugged),
    fault("modem-quarantined", "no modem is quarantined", _quarantined),
)
