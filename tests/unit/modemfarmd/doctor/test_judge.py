# SPDX-License-Identifier: GPL-3.0-or-later
"""Every check finds the fault that is planted for it, by name and alone; health gives nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from modemfarm.apply.kernel import KernelState
from modemfarm.apply.result import DEGRADED, FAILED, OFFLINE, WAITING, BatchResult
from modemfarm.apply.rules import Rule
from modemfarm.apply.sockets import Listener
from modemfarm.errors import InvalidValueError, SettingsError, SnapshotError, ToolError
from modemfarm.snapshot import ModemRecord, Snapshot
from modemfarm.usbplan.advice import Advice
from modemfarm.usbplan.kernel_log import Finding as KernelFinding
from modemfarmd.doctor.facts import Certificate, Disk, Facts, FileState, Registered
from modemfarmd.doctor.finding import Severity, exit_code
from modemfarmd.doctor.judge import CHECKS, NAMES, chosen, judge
from modemfarmd.errors import DatabaseGoneError

from .healthy import LAN, NOW, ONE, SNAPSHOT, TWO, batch, healthy, modem, unit, unplugged

Plant = Callable[[Facts], Facts]
PINS = "/var/lib/modemfarm/pin-tries"
AGENT, APPLY = "modemfarm-agent.service", "modemfarm-apply.socket"
TLS = "/etc/modemfarm/tls/api.crt"


def _with(**changes: Any) -> Plant:
    return lambda facts: replace(facts, **changes)


def _row(**changes: Any) -> Plant:
    return _with(batch=batch(**changes))


def _advice(code: str) -> Plant:
    found = (Advice(code, "1-1", "it is wrong", "mend it"),)
    return lambda facts: replace(facts, usb=replace(facts.usb, advice=found))


def _file(path: str, **changes: Any) -> Plant:
    def plant(facts: Facts) -> Facts:
        return replace(facts, files=facts.files | {path: replace(facts.files[path], **changes)})

    return plant


def _unit(name: str, **changes: Any) -> Plant:
    return lambda facts: replace(facts, units=dict(facts.units) | {name: unit(name, **changes)})


def _rule(rule: Rule) -> Plant:
    return lambda facts: replace(facts, rules=facts.rules | {rule})


def _agent(**changes: Any) -> Plant:
    return lambda facts: replace(facts, agent=dict(facts.agent) | changes)


def _parameter(name: str, value: str) -> Plant:
    return lambda facts: replace(facts, parameters=dict(facts.parameters) | {name: value})


def _lost(word: str) -> Plant:
    return _with(batch=BatchResult(batch().modems, host=[word]))


def _kernel_said(at: float) -> Plant:
    last = datetime.fromtimestamp(at, UTC).isoformat()
    said = KernelFinding("1-1", -71, "EPROTO", 3, last, "x", "garbled", "change the cable")

    def plant(facts: Facts) -> Facts:
        kernel = replace(facts.usb.kernel, findings=(said,))
        return replace(facts, usb=replace(facts.usb, kernel=kernel))

    return plant


def _no_log(facts: Facts) -> Facts:
    kernel = replace(facts.usb.kernel, problem="no right")
    return replace(facts, usb=replace(facts.usb, kernel=kernel))


def _main_route(facts: Facts) -> Facts:
    kernel = facts.kernel
    return replace(facts, kernel=replace(kernel, defaults=kernel.defaults | {(254, "wwan0")}))


def _away(facts: Facts) -> Facts:
    """Unplugged, and the registry knows it."""
    gone = replace(SNAPSHOT.modems[0], present=False)
    snapshot = Snapshot("lab", (gone, SNAPSHOT.modems[1]))
    return replace(facts, snapshot=snapshot, batch=unplugged(), modems=(modem(2),))


def _expires(month: int, day: int) -> Plant:
    return _with(certificates=(Certificate(TLS, datetime(2026, month, day, tzinfo=UTC)),))


def _disk(**changes: int) -> Plant:
    return lambda facts: replace(facts, disks=(replace(facts.disks[0], **changes),))


NOT_THERE: dict[str, Any] = {"mode": None, "owner": "", "group": ""}
# check: (what it is about, how it comes about); several for one check by `name/variant`.
PLANTS: Mapping[str, tuple[str, Plant]] = {
    "settings": ("", _with(settings=SettingsError("slots is 999", "allowed: 1 to 120"))),
    "lan-address": ("lan0", _with(kernel=KernelState({"lan0": (IPv4Address("10.0.0.1"),)}))),
    "snapshot": ("", _with(snapshot=SnapshotError("it is not JSON", "restart modemfarm-agent"))),
    "snapshot-host": ("", _with(snapshot=Snapshot("other", SNAPSHOT.modems))),
    "slots": (
        "867584030000033",
        _with(
            snapshot=Snapshot("lab", (*SNAPSHOT.modems, ModemRecord("867584030000033", 40))),
            registered=Registered(4, 4, {ONE: 1, TWO: 2, "867584030000033": 40}),
        ),
    ),
    "settings-unread": (AGENT, _file("/etc/modemfarm/farm.json", changed_at=NOW - 60)),
    "pin-ledger/key": (f"{PINS}.key", _file(f"{PINS}.key", **NOT_THERE)),
    "pin-ledger/ledger": (f"{PINS}.json", _file(f"{PINS}.json", **NOT_THERE)),
    "guard": ("nft table inet modemfarm_guard", _lost("guard")),
    "closed-rules": ("rule 2999", _lost("rule 2999")),
    "foreign-rule": ("ip rule 1500", _rule(Rule(4, 1500, table=51820))),
    "main-route": ("wwan0", _main_route),
    "open-port": (
        "port 3128",
        lambda facts: replace(
            facts, listeners=(Listener(IPv4Address(0), 3128, 61001, 1), facts.listeners[1])
        ),
    ),
    "nonlocal-bind": ("net.ipv4.ip_nonlocal_bind", _parameter("net/ipv4/ip_nonlocal_bind", "0")),
    "bus": ("", _with(units=ToolError("no answer", "look"))),
    "unit-missing": (
        APPLY, _unit(APPLY, loaded=False, active=False, enabled=False)
    ),
    "unit-failed": (
        "ModemManager.service", _unit("ModemManager.service", active=False, failed=True)
    ),
    "unit-stopped": ("NetworkManager.service", _unit("NetworkManager.service", active=False)),
    "unit-disabled": ("postgresql.service", _unit("postgresql.service", enabled=False)),
    "agent-silent": (AGENT, _with(agent=ToolError("no answer", "look"))),
    "agent-backlog": (AGENT, _agent(unwritten=5000)),
    "agent-snapshot": ("/var/lib/modemfarm/modems.json", _agent(snapshot_written=False)),
    "compare": ("", _with(batch=ToolError("nft is not installed", "run site.yml"))),
    **{
        f"modem-{word}": (ONE, _row(changed=[word]))
        for word in ("link", "guard", "rule", "filter", "proxy", "profile", "undo")
    },
    "modem-route": (
        ONE, _row(changed=["route"], state=FAILED, reason="the bearer does not fit: no table")
    ),
    "modem-bearer": (ONE, _row(changed=["bearer"], state=WAITING, reason="check mode: ...")),
    "modem-proxy/probe": (
        ONE, _row(changed=["proxy"], state=FAILED, reason="probe failed: refused")
    ),
    "port-conflict": (
        ONE, _row(state=FAILED, reason="port_conflict: pid 7 has port 3128", remedy="stop it")
    ),
    "modem-failed": (ONE, _row(state=FAILED, reason="no SIM", remedy="insert a SIM card")),
    "modem-failed/probe": (ONE, _row(state=FAILED, reason="probe failed: 503")),
    "modem-waiting": (ONE, _row(state=WAITING, reason="not registered: searching")),
    "modem-degraded": (ONE, _row(state=DEGRADED, reason="the new one was refused")),
    "modem-gone": (ONE, _row(state=OFFLINE, reason="no EC25 at USB path 1-1", remedy="plug it in")),
    "modem-unplugged": (ONE, _away),
    "modem-quarantined": (
        ONE,
        _agent(serials={ONE: {"state": "quarantined", "reason": "two modems claim it"}}),
    ),
    **{
        f"usb-{code}": ("1-1", _advice(code))
        for code in (
            "not-authorized", "not-configured", "composition", "over-limit", "bus-powered-hub",
            "over-current", "full-speed", "autosuspend", "more-endpoints",
        )
    },
    "usb-kernel": ("1-1", _kernel_said(NOW - 60)),
    "kernel-log": ("", _no_log),
    "driver/option": (
        "1-1:1.3", _with(modems=(modem(1, i3={"driver": None, "tty": None}), modem(2)))
    ),
    "driver/qmi_wwan": (
        "1-2:1.4",
        _with(modems=(modem(1), modem(2, i4={"driver": None, "cdc_wdm": None, "net": None}))),
    ),
    "ports": ("1-1", _with(modems=(modem(1, i4={"cdc_wdm": None}), modem(2)))),
    "link-target": (
        f"/dev/modems/{ONE}/at",
        lambda facts: replace(facts, links=dict(facts.links) | {ONE: {"at": "ttyUSB7"}}),
    ),
    "unregistered": ("1-3", lambda facts: replace(facts, modems=(*facts.modems, modem(3)))),
    "database": ("postgresql", _with(registered=DatabaseGoneError("connection refused"))),
    "schema-old": ("postgresql", _with(registered=Registered(2, 4))),
    "schema-old/none": ("postgresql", _with(registered=Registered(0, 4))),
    "schema-new": ("postgresql", _with(registered=Registered(9, 4))),
    "snapshot-differs": (TWO, _with(registered=Registered(4, 4, {ONE: 1, TWO: 3}))),
    "snapshot-differs/row": (TWO, _with(registered=Registered(4, 4, {ONE: 1}))),
    "disk-full": ("/", _disk(free=50_000_000)),
    "disk-full/inodes": ("/", _disk(inodes_free=100)),
    "disk-low": ("/", _disk(free=700_000_000)),
    "clock": ("", lambda facts: replace(facts, clock=replace(facts.clock, synchronised=False))),
    "clock-back": (
        "", lambda facts: replace(facts, clock=replace(facts.clock, now=NOW - 86_400 * 30))
    ),
    "file-mode/bits": ("/etc/modemfarm/pins.json", _file("/etc/modemfarm/pins.json", mode=0o644)),
    "file-mode/owner": ("/var/lib/modemfarm", _file("/var/lib/modemfarm", owner="root")),
    "file-mode/proxy": (
        "/etc/modemfarm/proxy/2.cfg", _file("/etc/modemfarm/proxy/2.cfg", mode=0o666)
    ),
    "file-missing": ("/run/modemfarm/udev", _file("/run/modemfarm/udev", **NOT_THERE)),
    "certificate-expired": (TLS, _expires(11, 1)),
    "certificate-expires": (TLS, _expires(12, 12)),
    "certificate": (TLS, _with(certificates=(Certificate(TLS, None, "no PEM"),))),
}  # fmt: skip


def test_a_healthy_farm_gives_nothing() -> None:
    assert judge(healthy()) == []


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_found_by_name_and_nothing_else_is(name: str) -> None:
    about, plant = PLANTS[name]
    found = judge(plant(healthy()))
    assert [(finding.check, finding.about) for finding in found] == [(name.split("/")[0], about)]
    assert found[0].cause
    assert found[0].remedy


def test_every_check_has_its_fault() -> None:
    assert {name.split("/")[0] for name in PLANTS} == set(NAMES)
    assert len(NAMES) == len(set(NAMES)) >= 25


# What looks alike and is no fault.
FINE: Mapping[str, Plant] = {
    "a rule of the kernel's own": _rule(Rule(4, 0, table=255)),
    "a rule behind the farm's": _rule(Rule(4, 5210, table=52)),
    "a rule for one mark": _rule(Rule(4, 1500, table=51820, mark=7)),
    "a rule with a selector of its own": _rule(Rule(4, 1500, table=52, other=True)),
    "the kernel's trouble of yesterday": _kernel_said(NOW - 86_400),
    "advice that is no fault": _advice("uneven"),
    "another program on all addresses": lambda facts: replace(
        facts, listeners=(*facts.listeners, Listener(IPv4Address(0), 22, 0, 7))
    ),
    "a modem that is held": _row(state="held", reason="held by cli:root"),
    "a clock of which nobody knows": lambda facts: replace(
        facts, clock=replace(facts.clock, synchronised=None)
    ),
    "settings from the future": _file("/etc/modemfarm/farm.json", changed_at=NOW + 60),
    "no PIN was ever tried": lambda facts: _file(f"{PINS}.key", **NOT_THERE)(
        _file(f"{PINS}.json", **NOT_THERE)(facts)
    ),
    "no PINs are set": _file("/etc/modemfarm/pins.json", **NOT_THERE),
    "a small disk with room": _with(disks=(Disk("/run", 200_000_000, 150_000_000, 0, 0),)),
    "no certificates yet": _with(certificates=()),
    "a kernel without IPv6": _with(parameters={"net/ipv4/ip_nonlocal_bind": "1"}),
}


@pytest.mark.parametrize("name", FINE)
def test_what_is_no_fault_is_not_found(name: str) -> None:
    assert judge(FINE[name](healthy())) == []


def test_a_part_that_nobody_could_look_at_hides_no_other() -> None:
    error = ToolError("no answer", "look")
    facts = replace(
        healthy(), settings=SettingsError("gone", "write it"),
        snapshot=SnapshotError("gone", "write it"), batch=error, units=error, rules=error,
        kernel=error, agent=error, registered=error, disks=(Disk("/", 10**10, 0, 0, 0),),
    )  # fmt: skip
    assert [finding.check for finding in judge(facts)] == [
        "settings", "snapshot", "bus", "agent-silent", "disk-full",
    ]  # fmt: skip


def test_a_stopped_agent_is_told_once() -> None:
    facts = replace(healthy(), agent=ToolError("nobody listens", "start it"))
    assert [f.check for f in judge(_unit(AGENT, active=False)(facts))] == ["unit-stopped"]


def test_the_exit_code_is_that_of_the_worst() -> None:
    warned, failed = PLANTS["disk-low"][1](healthy()), PLANTS["guard"][1](healthy())
    both = replace(failed, disks=warned.disks)
    assert [exit_code(judge(facts)) for facts in (healthy(), warned, failed, both)] == [0, 1, 2, 2]
    assert [finding.severity for finding in judge(both)] == [Severity.FAULT, Severity.WARNING]


def test_checks_are_left_out_by_name() -> None:
    facts = PLANTS["clock"][1](healthy())
    assert judge(facts, chosen(["clock"])) == []
    with pytest.raises(InvalidValueError, match=r"--skip is 'clocks' .*allowed: agent-backlog, "):
        chosen(["clocks"])


def test_the_document_names_every_check() -> None:
    text = (Path(__file__).parents[4] / "docs/doctor.md").read_text()
    for check in CHECKS:
        assert f"| {check.name} | {check.severity.value} | {check.looks_at} |" in text


def test_the_lan_address_is_where_proxies_listen() -> None:
    assert {item.address for item in healthy().listeners} == {LAN}


def test_files_are_told_with_what_they_are_and_should_be() -> None:
    facts = _file("/etc/modemfarm/pins.json", mode=0o644)(healthy())
    assert isinstance(facts.files["/etc/modemfarm/pins.json"], FileState)
    (found,) = judge(facts)
    assert found.cause == "it is modemfarm:modemfarm 0644, and should be modemfarm:modemfarm 0600"


def test_two_things_of_one_modem_are_both_told() -> None:
    facts = _row(changed=["link"], state=FAILED, reason="no SIM")(healthy())
    assert [finding.check for finding in judge(facts)] == ["modem-link", "modem-failed"]
