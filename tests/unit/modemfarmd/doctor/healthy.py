# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a healthy farm of two modems; each test plants one fault in it."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from modemfarm.apply.kernel import KernelState
from modemfarm.apply.result import OFFLINE, SERVING, BatchResult, ModemResult
from modemfarm.apply.rules import host_rules, mark_rule, slot_rule
from modemfarm.apply.sockets import Listener
from modemfarm.apply.systemd import UnitState
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import ModemRecord, Snapshot
from modemfarm.usb import UsbInterface, UsbModem
from modemfarm.usbplan.journal import KernelLog
from modemfarm.usbplan.plan import Plan
from modemfarmd.doctor.checks.services import UNITS
from modemfarmd.doctor.expected import expected_files
from modemfarmd.doctor.facts import Certificate, Clock, Disk, Facts, FileState, Registered

ONE, TWO = "867584030000017", "867584030000025"
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC).timestamp()
LAN = IPv4Address("192.168.1.100")
SETTINGS = FarmSettings(
    host="lab", engine="threeproxy", lan_address=LAN, lan_interface="lan0",
    clients=(IPv4Network("192.168.1.0/24"),), nameservers=(IPv4Address("203.0.113.53"),),
    apn="internet", probe_url="http://ip.lab.test/",
)  # fmt: skip
SNAPSHOT = Snapshot(
    "lab", (ModemRecord(ONE, 1, "1-1", present=True), ModemRecord(TWO, 2, "1-2", present=True))
)


def modem(number: int, **changes: dict[str, object]) -> UsbModem:
    """The modem at 1-<number>; `changes` of an interface by `i<number>`."""
    index = number - 1
    made = []
    for interface in range(5):
        serial = interface < 4
        values = {
            "driver": "option" if serial else "qmi_wwan",
            "tty": f"ttyUSB{4 * index + interface}" if serial else None,
            "cdc_wdm": None if serial else f"cdc-wdm{index}",
            "net": None if serial else f"wwan{index}",
        }
        made.append(
            UsbInterface(interface, (255, 255, 255), **values | changes.get(f"i{interface}", {}))
        )
    return UsbModem(f"1-{number}", Path(f"/sys/1-{number}"), "EC25-EUX", "", tuple(made))


def serving(serial: str, slot: int) -> ModemResult:
    """A row as check mode gives it for a modem that serves."""
    return ModemResult(
        serial, slot, 3127 + slot, SERVING, interface=f"wwan{slot - 1}",
        wan_address=f"10.64.{slot}.2",
    )  # fmt: skip


def batch(**changes: object) -> BatchResult:
    """Both modems as they should be; `changes` are of the first one."""
    first = serving(ONE, 1)
    for name, value in changes.items():
        setattr(first, name, value)
    return BatchResult([first, serving(TWO, 2)])


def unplugged() -> BatchResult:
    """The first modem is away."""
    return batch(state=OFFLINE, reason=None, interface=None, wan_address=None)


def unit(name: str, **changes: object) -> UnitState:
    """A unit that runs and starts with the host."""
    good = {"loaded": True, "active": True, "enabled": True, "changed_at": NOW - 3600}
    return UnitState(name, **good | changes)  # type: ignore[arg-type]


def healthy() -> Facts:
    """Nothing is wrong."""
    slots = [SETTINGS.slot(number) for number in (1, 2)]
    rules = host_rules(SETTINGS) | {make(s) for s in slots for make in (slot_rule, mark_rule)}
    return Facts(
        settings=SETTINGS,
        snapshot=SNAPSHOT,
        usb=Plan((), (), 15, {}, (), KernelLog("journalctl -k")),
        modems=(modem(1), modem(2)),
        batch=batch(),
        units={name: unit(name) for name in UNITS},
        rules=frozenset(rules),
        kernel=KernelState(
            {"lan0": (LAN,), "wwan0": (IPv4Address("10.64.1.2"),)},
            frozenset({(254, "lan0"), (1001, "wwan0"), (1002, "wwan1")}),
        ),
        listeners=tuple(Listener(LAN, slot.port, slot.uid, 4000) for slot in slots),
        links={
            ONE: {"at": "ttyUSB3", "modem": "ttyUSB2", "qmi": "cdc-wdm0"},
            TWO: {"at": "ttyUSB7", "modem": "ttyUSB6", "qmi": "cdc-wdm1"},
        },
        parameters={"net/ipv4/ip_nonlocal_bind": "1"},
        agent={
            "unwritten": 0, "snapshot_written": True, "devices": {},
            "serials": {ONE: {"state": "serving"}, TWO: {"state": "serving"}},
        },
        registered=Registered(4, 4, {ONE: 1, TWO: 2}),
        disks=(Disk("/", 10_000_000_000, 6_000_000_000, 1_000_000, 900_000),),
        files={
            e.path: FileState(e.path, e.mode, e.owner, e.group, NOW - 7200)
            for e in expected_files(SETTINGS, SNAPSHOT)
        },
        certificates=(
            Certificate("/etc/modemfarm/tls/api.crt", datetime(2027, 6, 1, tzinfo=UTC)),
        ),
        clock=Clock(NOW, True, NOW - 86_400, NOW - 5),
    )  # fmt: skip
