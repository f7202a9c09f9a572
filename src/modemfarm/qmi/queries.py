# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be asked over QMI: a closed table. Everything in it only reads.

A query has one action of qmicli, or several for modems that lack the first.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..at.permit import Role
from ..errors import CommandRefusedError, FarmError, InvalidValueError, NotSupportedError
from ..record import Observer, Record, outcome_of
from . import dms, nas, radio, tool, uim, wds
from .text import Node, parse

# qmicli itself gives a scan 300 s; it blocks the modem's data for a minute or three.
SCAN_TIMEOUT_S = 310.0

Reader = Callable[[Node], Any]
Speak = Callable[..., str]


@dataclass(frozen=True)
class Query:
    """A name, who may ask, how long it may take in seconds, and (action, reader) in order."""

    name: str
    attempts: tuple[tuple[str, Reader], ...]
    role: Role = Role.VIEWER
    timeout: float = tool.ANSWER_TIMEOUT_S


def _query(name: str, action: str, reader: Reader, **more: Any) -> Query:
    return Query(name, ((action, reader),), **more)


_TABLE = (
    _query("ids", "dms-get-ids", dms.device_ids),
    _query("manufacturer", "dms-get-manufacturer", dms.manufacturer),
    _query("model", "dms-get-model", dms.model),
    _query("revision", "dms-get-revision", dms.revision),
    _query("operating-mode", "dms-get-operating-mode", dms.operating_mode),
    _query("msisdn", "dms-get-msisdn", dms.msisdn),
    _query("serving-system", "nas-get-serving-system", nas.serving_system),
    _query("signal-info", "nas-get-signal-info", radio.signal_info),
    _query("system-info", "nas-get-system-info", nas.system_info),
    _query("home-network", "nas-get-home-network", nas.home_network),
    _query("rf-band-info", "nas-get-rf-band-info", radio.rf_band_info),
    _query(
        "network-scan",
        "nas-network-scan",
        radio.network_scan,
        role=Role.OPERATOR,
        timeout=SCAN_TIMEOUT_S,
    ),
    _query("packet-service-status", "wds-get-packet-service-status", wds.packet_service_status),
    Query(
        "data-bearer-technology",
        (
            ("wds-get-current-data-bearer-technology", wds.current_bearer),
            ("wds-get-data-bearer-technology", wds.bearer),
        ),
    ),
    _query("packet-statistics", "wds-get-packet-statistics", wds.packet_statistics),
    _query("current-settings", "wds-get-current-settings", wds.current_settings),
    _query("card-status", "uim-get-card-status", uim.card_status),
    _query("slot-status", "uim-get-slot-status", uim.slot_status),
    Query(
        "iccid",
        (("dms-uim-get-iccid", dms.iccid), ("uim-get-slot-status", dms.iccid)),
    ),
)
QUERIES = {query.name: query for query in _TABLE}
# qmicli's own spellings. The first query of an action has it: slot-status, not iccid.
_BY_ACTION = {action: query for query in reversed(_TABLE) for action, _ in query.attempts}


def find(name: object) -> Query:
    """The query of that name, in our spelling (signal-info) or qmicli's (nas-get-signal-info).

    InvalidValueError, naming what is allowed.
    """
    found = (QUERIES.get(name) or _BY_ACTION.get(name)) if isinstance(name, str) else None
    if found is None:
        raise InvalidValueError("query", name, ", ".join(QUERIES))
    return found


def ask(
    device: str,
    name: str,
    observer: Observer | None = None,
    role: Role = Role.VIEWER,
    speak: Speak = tool.ask,
) -> Any:
    """The answer to one query: a dataclass of dms, nas, radio, wds or uim.

    Errors as `tool.ask`; CommandRefusedError when the role may not ask this, AnswerUnreadableError
    when the answer lacks what the query is for. Nothing is started for what is refused.
    """
    query = find(name)
    if not role.includes(query.role):
        raise _refusal(device, query, role, observer)
    *first, last = query.attempts
    for action, reader in first:
        try:
            return _read(action, reader, speak(device, action, observer, query.timeout))
        except NotSupportedError:
            continue
    action, reader = last
    return _read(action, reader, speak(device, action, observer, query.timeout))


def _refusal(
    device: str, query: Query, role: Role, observer: Observer | None
) -> CommandRefusedError:
    """The error, which the observer gets as well: refusals are what an audit looks for."""
    error = CommandRefusedError(
        f"{role.value} may not ask {device} for {query.name}", f"ask as {query.role.value}"
    )
    if observer is not None:
        observer(Record("qmi", query.name, error.message, outcome_of(error), 0.0, time.time()))
    return error.about(command=query.name)


def _read(action: str, reader: Reader, answer: str) -> Any:
    try:
        return reader(parse(answer))
    except FarmError as error:
        error.about(command=action)
        raise
