# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about the modems on the bus: all are asked at once, each in its own time."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .at.commands.identity import identify
from .at.port_lock import LOCK_DIR
from .at.reads import READS
from .at.session import AtSession
from .contact import ASKERS, ROOT, Contact, all_contacts, first_answering
from .errors import AnswerUnreadableError, CommandFailedError, FarmError, InvalidValueError
from .identity import check_serial
from .plain import as_plain
from .qmi.facts import facts as qmi_facts
from .spool import Spool

IDENTITY, QMI, ALL = "identity", "qmi", "all"
GROUPS: dict[str, tuple[str, ...]] = {
    IDENTITY: (),  # into the row itself
    "sim": ("sim_state", "pin_tries", "own_numbers"),
    "signal": ("function", "signal", "detailed_signal", "extended_signal"),
    "cells": ("serving_cell", "neighbour_cells", "network_info"),
    "network": (
        "registration", "circuit_registration", "packet_registration", "operator", "provider",
    ),
    "bearer": ("contexts", "addresses", "active_contexts", "traffic", "traffic_autosave"),
    "config": ("composition", "usb_identity", "bands", "scan_mode", "scan_order", "ims"),
    "hardware": ("product", "clock", "temperatures", "supply"),
    "messages": ("stores",),
    "voice": ("calls",),
    QMI: (),  # by qmicli
}  # fmt: skip
DEFAULT = (IDENTITY, "sim", "signal", "network")
PORT_WAIT_S = 10.0  # the agent looks after a modem for less than a second at a time


class Speaker:
    """Who asks: makes the observer of each modem. Nothing is kept where `actor` is None."""

    def __init__(
        self, actor: str | None = None, correlation: str | None = None, folder: Path | None = None
    ) -> None:
        self._actor, self._correlation, self._folder = actor, correlation, folder

    def observer(self, contact: Contact) -> Spool | None:
        """The observer for one modem; to be closed."""
        if self._actor is None or self._folder is None:
            return None
        return Spool(contact.serial, self._actor, self._correlation, self._folder)


def modem_facts(
    modems: Sequence[str] = (),
    gather: Iterable[str] = DEFAULT,
    root: Path = ROOT,
    lock_dir: Path = LOCK_DIR,
    speaker: Speaker | None = None,
) -> list[dict[str, Any]]:
    """One row per EC25, ordered by USB path; see modem_info's RETURN for its fields.

    `modems` are IMEIs or USB paths, all when empty. A port that is busy, silent or missing gives
    `error`, an answer that the modem refuses is in `errors`, and the other modems go on.
    InvalidValueError for an unknown group or modem; nothing is asked then.
    """
    groups = _groups(gather)
    contacts = all_contacts(root)
    named = [name for name in modems if "-" not in check_name(name)]
    # Only what is asked who it is can be told from the others, so without notes all are asked.
    chosen = [c for c in contacts if not modems or c.usb.path in modems or c.serial in modems]
    if named and len(chosen) < len(modems):
        chosen += [c for c in contacts if c.serial is None and c not in chosen]
    if not chosen:
        rows: list[dict[str, Any]] = []
    else:
        with ThreadPoolExecutor(min(ASKERS, len(chosen))) as pool:
            ask = _Asker(groups, lock_dir, speaker or Speaker())
            rows = list(pool.map(ask, chosen))
    if modems:
        rows = [row for row in rows if row["usb_path"] in modems or row["serial"] in modems]
        _all_found(modems, rows, contacts)
    return rows


def check_name(name: str) -> str:
    """An IMEI or what may be a USB path; InvalidValueError."""
    return name if "-" in name else check_serial(name, "modems")


def _groups(gather: Iterable[str]) -> tuple[str, ...]:
    wanted = tuple(gather)
    for name in wanted:
        if name not in GROUPS and name != ALL:
            raise InvalidValueError("gather", name, ", ".join((*GROUPS, ALL)))
    return tuple(GROUPS) if ALL in wanted else wanted


def _all_found(modems: Sequence[str], rows: list[dict[str, Any]], contacts: list[Contact]) -> None:
    known = {row["usb_path"] for row in rows} | {row["serial"] for row in rows}
    for name in modems:
        if name not in known:
            there = ", ".join(contact.name for contact in contacts) or "none is there"
            raise InvalidValueError("modems", name, f"a modem of this host: {there}")


class _Asker:
    """Asks one modem for all groups; called from many threads."""

    def __init__(self, groups: tuple[str, ...], lock_dir: Path, speaker: Speaker) -> None:
        self._groups = groups
        self._reads = tuple(name for group in groups for name in GROUPS[group])
        self._lock_dir = lock_dir
        self._speaker = speaker

    def __call__(self, contact: Contact) -> dict[str, Any]:
        row = _row(contact)
        spool = self._speaker.observer(contact)
        try:
            if self._reads or IDENTITY in self._groups:
                self._ask_at(contact, row, spool)
            if QMI in self._groups:
                self._ask_qmi(contact, row, spool)
        finally:
            if spool is not None:
                spool.close()
        return row

    def _ask_at(self, contact: Contact, row: dict[str, Any], spool: Spool | None) -> None:
        try:
            with first_answering(contact.at_ports, spool, self._lock_dir, PORT_WAIT_S) as session:
                if IDENTITY in self._groups:
                    found = identify(session)
                    row |= {"serial": found.imei, "iccid": found.iccid, "imsi": found.imsi}
                    row |= {"model": found.model, "revision": found.revision}
                    if spool is not None and contact.serial is None:
                        spool.identified(found.imei)
                for name in self._reads:
                    row["at"][name] = _read(session, name, row["errors"])
        except FarmError as error:
            row["error"] = str(error)

    def _ask_qmi(self, contact: Contact, row: dict[str, Any], spool: Spool | None) -> None:
        try:
            found = qmi_facts(contact.qmi_port, spool)
        except FarmError as error:
            row["errors"]["qmi"] = error.message
            return
        reasons = found.pop("reasons")
        row["qmi"] = found
        row["errors"] |= {f"qmi {name}": reason["message"] for name, reason in reasons.items()}


def _read(session: AtSession, name: str, errors: dict[str, str]) -> Any:
    """One answer; a "no" or rubbish is a reason, a port that is gone is the caller's."""
    try:
        return as_plain(READS[name](session))
    except (CommandFailedError, AnswerUnreadableError) as error:
        errors[name] = error.message
        return None


def _row(contact: Contact) -> dict[str, Any]:
    modem = contact.usb
    return {
        "usb_path": modem.path,
        "product": modem.product,
        "usb_serial": modem.usb_serial,
        "composition": modem.composition,
        "interface": modem.net,
        "cdc_wdm": modem.cdc_wdm,
        "ports": {i.number: i.tty for i in modem.interfaces if i.tty is not None},
        "at_port": modem.at_tty,
        "serial": contact.serial,
        "iccid": None,
        "imsi": None,
        "model": None,
        "revision": None,
        "at": {},
        "qmi": {},
        "errors": {},
        "error": None,
    }
