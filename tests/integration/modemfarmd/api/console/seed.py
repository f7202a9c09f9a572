# SPDX-License-Identifier: GPL-3.0-or-later
"""Thirty modems in mixed states, with a day of signal and some history."""

import json
import math
from datetime import UTC, datetime, timedelta

from modemfarmd.registry.db import Database
from modemfarmd.registry.history import BearerSpan, History, PlaceSpan, Sample, SimSpan
from modemfarmd.registry.hosts import HostBook
from modemfarmd.registry.logs import LogBook
from modemfarmd.registry.model import Event, LogLine, Observation
from modemfarmd.registry.modems import Host, Registry
from modemfarmd.registry.repairs import Repair, RepairBook

HOST = "lab"
HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m\u202eevil\nline {{ 7*7 }}"
# state, status, reason, remedy
_KINDS = (
    *[("serving", "online", None, None)] * 17,
    ("degraded", "online", "it waits for network since 6 min: not registered",
     "check antenna, coverage, APN and the SIM's contract"),
    ("waiting", "offline", "the SIM wants a PIN", "modemfarm sim pin"),
    ("waiting", "offline", "the bearer has no address yet", None),
    ("failed", "error", "it waits for ports since 2 min: ttyUSB has not appeared",
     "check `lsmod` for option and qmi_wwan, then replug it"),
    ("quarantined", "error", "two modems say the IMEI; neither gets a port",
     "give one of them its own IMEI back"),
    ("repairing", "offline", "step reset: three proofs failed in a row", None),
    ("applying", "offline", None, None),
    ("held", "online", "an operator is at work", None),
    ("identifying", "offline", "it is being asked who it is", None),
    ("offline", "offline", "unplugged", "plug it in again"),
    ("offline", "offline", "unplugged", "plug it in again"),
    ("degraded", "online", HOSTILE, "look at the carrier"),
    ("serving", "online", None, None),
)  # fmt: skip
COUNT = len(_KINDS)
_OPERATORS = ("Telekom.de", "Vodafone.de", "o2 - de")


def serial(number: int) -> str:
    return f"8675840300000{number:02d}"


def seed(database: Database) -> None:
    """Fill an empty registry."""
    registry = Registry(database, Host(HOST, 32, 3127))
    HostBook(database, HOST).seen("0.1.0")
    for number, (state, status, reason, remedy) in enumerate(_KINDS, 1):
        present = state != "offline"
        registry.upsert(Observation(
            serial(number), present=present, usb_path=f"1-{1 + number // 8}.{1 + number % 7}",
            path=f"/sys/bus/usb/devices/1-{number}", at_port=f"/dev/ttyUSB{number * 4 + 2}",
            qmi_port=f"/dev/cdc-wdm{number}", interface=f"wwan{number}",
            iccid=f"89490200001234567{number:02d}", imsi=f"2620212345678{number:02d}",
            manufacturer="Quectel", model="EC25", revision="EC25EUXGAR08A05M1G",
            status=status, state=state, reason=reason, remedy=remedy,
        ))  # fmt: skip
        _standing(database, number, state)
    _day(database)
    _more(database, registry)


def run(database: Database, statement: str, *values: object) -> None:
    """One statement."""
    with database._cursor() as cursor:
        cursor.execute(statement, values or None)


def _standing(database: Database, number: int, state: str) -> None:
    up = state in ("serving", "degraded", "held")
    run(
        database,
        "UPDATE modems SET operator = %s, signal = %s, registration = %s, wan_address = %s"
        " WHERE serial = %s",
        HOSTILE if number == 29 else _OPERATORS[number % 3] if up else None,
        -55 - (number * 7) % 52 if up else None, "home" if up else None,
        f"10.{64 + number}.3.{number}" if up else None, serial(number),
    )  # fmt: skip
    if number == COUNT:  # nobody has heard of it since
        run(database, "UPDATE modems SET last_seen = now() - interval '7 minutes'"
            " WHERE serial = %s", serial(number))  # fmt: skip
    if state == "offline":
        run(database, "UPDATE modems SET last_seen = now() - interval '3 hours'"
            " WHERE serial = %s", serial(number))  # fmt: skip


def _day(database: Database) -> None:
    now = datetime.now(UTC)
    history = History(database, HOST)
    samples = []
    for number in range(1, COUNT + 1):
        for step in range(24 * 6):
            if number in (5, 29) and 40 < step < 60:
                continue  # it was away
            level = -58 - (number * 7) % 50 + 6 * math.sin(step / 9 + number)
            samples.append(Sample(
                serial(number), now - timedelta(minutes=10 * (144 - step)), round(level, 1),
                round(level - 28, 1), -10.0, round(12 + 5 * math.sin(step / 14), 1), "home",
                _OPERATORS[number % 3],
            ))  # fmt: skip
    history.record_samples(samples)
    for number in range(1, COUNT + 1):
        address = f"10.{64 + number}.3.{number}"
        history.sims([SimSpan(serial(number), f"89490200001234567{number:02d}", None,
                              now - timedelta(days=4))])  # fmt: skip
        history.places([PlaceSpan(serial(number), f"1-{1 + number // 8}.{1 + number % 7}",
                                  now - timedelta(days=4))])  # fmt: skip
        history.bearers([BearerSpan(serial(number), f"wwan{number}", f"10.9.8.{number}",
                                    now - timedelta(days=2))])  # fmt: skip
        history.bearers([BearerSpan(serial(number), f"wwan{number}", address,
                                    now - timedelta(minutes=13 * number))])  # fmt: skip


def _more(database: Database, registry: Registry) -> None:
    now = datetime.now(UTC)
    for number in range(1, 6):
        registry.add_events([Event("plugged", serial(number), {"usb_path": f"1-{number}"})])
    registry.add_events([Event("moved", serial(1), {"from": "1-2", "to": HOSTILE})])
    LogBook(database, HOST).add([
        LogLine(serial(1), "at", "AT+QCSQ", '+QCSQ: "LTE",71,-98,120,-11', "ok", 12.5, "agent",
                None),
        LogLine(serial(1), "at", "AT+COPS?", HOSTILE, "error", 250.0, "api:alice", "c1"),
    ])  # fmt: skip
    RepairBook(database, HOST).record([Repair(
        serial(1), "radio", "three proofs in a row failed", now - timedelta(hours=5),
        now - timedelta(hours=5) + timedelta(seconds=14), "done",
        {"proofs": ["timeout", "timeout", "refused"], "signal": -97},
        {"registration": "searching"}, {"registration": "home", "said": json.loads('"ok"')},
    )])  # fmt: skip
    run(
        database,
        "INSERT INTO holds (host, serial, until, placed_by, reason)"
        " VALUES ('lab', %s, now() + interval '2 hours', 'api:alice', 'antenna is being changed')",
        serial(25),
    )
