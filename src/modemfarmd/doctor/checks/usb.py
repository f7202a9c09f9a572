# SPDX-License-Identifier: GPL-3.0-or-later
"""USB: how the modems are plugged in (as usb-plan judges it), their drivers, udev's links."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from modemfarm.usb import AT_FARM, UsbModem

from ..check import Check, Said, fault, warning
from ..facts import Facts, known

RECENT_S = 3600.0  # what the kernel complained of before may be mended since
DRIVERS = {0: "option", 1: "option", 2: "option", 3: "option", 4: "qmi_wwan"}
# Advice of `modemfarm usb-plan`. What is only worth knowing (uneven, last-tier) is said there.
_ADVICE: tuple[tuple[Callable[..., Check], str, str], ...] = (
    (fault, "not-authorized", "no modem is switched off at its USB port"),
    (fault, "not-configured", "the kernel could configure every modem"),
    (fault, "composition", "every modem is in QMI composition"),
    (warning, "over-limit", "no controller has more modems than it carries"),
    (warning, "bus-powered-hub", "no modem hangs on a hub without its own supply"),
    (warning, "over-current", "no hub port was switched off for too much current"),
    (warning, "full-speed", "every modem runs at 480 Mbit/s"),
    (warning, "autosuspend", "the kernel does not suspend modems"),
    (warning, "more-endpoints", "no modem has functions on that the farm does not use"),
)


def _advice(code: str) -> Callable[[Facts], Iterable[Said]]:
    def wrong(facts: Facts) -> Iterator[Said]:
        for advice in facts.usb.advice:
            if advice.code == code:
                yield advice.where, advice.message, advice.remedy

    return wrong


def _kernel(facts: Facts) -> Iterator[Said]:
    for found in facts.usb.kernel.findings:
        if _recent(found.last, facts.clock.now):
            words = f"the kernel said {found.name} {found.count} time(s), last at {found.last}"
            yield found.where, f"{words}: {found.meaning}", found.remedy


def _recent(at: str | None, now: float) -> bool:
    try:
        return at is not None and now - datetime.fromisoformat(at).timestamp() < RECENT_S
    except ValueError:
        return False


def _kernel_log(facts: Facts) -> Iterator[Said]:
    if facts.usb.kernel.problem is not None:
        yield "", f"the kernel's log could not be read: {facts.usb.kernel.problem}", (
            "see `journalctl -k`"
        )  # fmt: skip


def _drivers(facts: Facts) -> Iterator[Said]:
    for modem in facts.modems:
        if modem.composition != "qmi":
            continue  # a check of its own
        for interface in modem.interfaces:
            driver = DRIVERS.get(interface.number)
            if driver is not None and interface.driver is None:
                yield (
                    f"{modem.path}:1.{interface.number}",
                    f"no driver took interface {interface.number:02d}; it belongs to {driver}",
                    f"modprobe {driver}; if that says nothing, replug the modem",
                )


def _ports(facts: Facts) -> Iterator[Said]:
    for modem in facts.modems:
        if modem.composition != "qmi" or any(i.driver is None for i in modem.interfaces):
            continue
        missing = [name for name, device in _devices(modem) if device is None]
        if missing:
            yield (
                modem.path,
                f"the drivers have it and made no {', '.join(missing)}",
                "replug the modem; see `journalctl -k`",
            )


def _devices(modem: UsbModem) -> tuple[tuple[str, str | None], ...]:
    return (
        ("AT port", modem.at_tty),
        ("QMI device", modem.cdc_wdm),
        ("network interface", modem.net),
    )


def _links(facts: Facts) -> Iterator[Said]:
    snapshot = known(facts.snapshot)
    by_path = {modem.path: modem for modem in facts.modems}
    for record in snapshot.modems if snapshot is not None else ():
        modem = by_path.get(record.usb_path or "")
        if not record.present or modem is None:
            continue
        wanted = {"at": modem.tty(AT_FARM), "qmi": modem.cdc_wdm}
        for name, target in facts.links.get(record.serial, {}).items():
            if wanted.get(name) not in (None, target):
                yield (
                    f"/dev/modems/{record.serial}/{name}",
                    f"it leads to {target}, and the modem's port is {wanted[name]}",
                    f"udevadm trigger /dev/{wanted[name]}; if it stays, replug the modem",
                )


def _unregistered(facts: Facts) -> Iterator[Said]:
    snapshot = known(facts.snapshot)
    if snapshot is None:
        return
    places = {record.usb_path for record in snapshot.modems if record.present}
    agent = known(facts.agent) or {}
    standings = agent.get("devices") or {}
    for modem in facts.modems:
        if modem.path not in places:
            standing = standings.get(modem.path) or {}
            why = standing.get("reason") or "nobody has read its IMEI yet"
            yield (
                modem.path,
                f"a modem is plugged in and not registered: {why}",
                standing.get("remedy") or "wait half a minute; then see the journal of the agent",
            )


CHECKS = (
    *(kind(f"usb-{code}", looks_at, _advice(code)) for kind, code, looks_at in _ADVICE),
    warning("usb-kernel", "the kernel had no trouble with USB in the last hour", _kernel),
    warning("kernel-log", "the kernel's log can be read", _kernel_log),
    fault("driver", "option and qmi_wwan have taken every interface of every modem", _drivers),
    fault("ports", "every modem has its AT port, QMI device and network interface", _ports),
    fault("link-target", "/dev/modems/<IMEI>/ leads to that modem's own ports", _links),
    warning("unregistered", "every modem on the bus has a row and a slot", _unregistered),
)
