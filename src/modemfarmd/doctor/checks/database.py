# SPDX-License-Identifier: GPL-3.0-or-later
"""The database: is it there, is its schema ours, and does it say what the snapshot says."""

from __future__ import annotations

from collections.abc import Iterator

from modemfarm.errors import FarmError

from ..check import Said, fault, warning
from ..facts import Facts, known


def _gone(facts: Facts) -> Iterator[Said]:
    if isinstance(facts.registered, FarmError) and not isinstance(facts.settings, FarmError):
        cause = f"the database cannot be used: {facts.registered.message}; proxies go on without it"
        yield "postgresql", cause, facts.registered.remedy


def _old(facts: Facts) -> Iterator[Said]:
    found = known(facts.registered)
    if found is not None and found.version < found.wanted:
        yield (
            "postgresql",
            f"the database has schema {found.version or 'none'}, this program wants {found.wanted}",
            "sudo /opt/modemfarm/venv/bin/modemfarm-migrate",
        )


def _new(facts: Facts) -> Iterator[Said]:
    found = known(facts.registered)
    if found is not None and found.version > found.wanted:
        yield (
            "postgresql",
            f"the database has schema {found.version}, newer than this program's {found.wanted}",
            "install the version of modemfarm that made the schema",
        )


def _differs(facts: Facts) -> Iterator[Said]:
    found, snapshot = known(facts.registered), known(facts.snapshot)
    if found is None or snapshot is None or found.version != found.wanted:
        return
    on_disk = {record.serial: record.slot for record in snapshot.modems}
    for serial in sorted(on_disk.keys() | found.slots.keys()):
        here, there = on_disk.get(serial), found.slots.get(serial)
        if here != there:
            yield (
                serial,
                f"the database gives it {_slot(there)}, the snapshot {_slot(here)}",
                "wait a minute: the agent reads all again; then restart modemfarm-agent",
            )


def _slot(number: int | None) -> str:
    return "no slot" if number is None else f"slot {number}"


CHECKS = (
    fault("database", "the database answers", _gone),
    fault("schema-old", "the database's schema is not older than this program", _old),
    fault("schema-new", "the database's schema is not newer than this program", _new),
    warning("snapshot-differs", "database and snapshot give each modem the same slot", _differs),
)
