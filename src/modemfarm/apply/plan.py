# SPDX-License-Identifier: GPL-3.0-or-later
"""compute(current, wanted) → steps. Pure: reads nothing, changes nothing, so check mode is free.

What needs ModemManager (profile, activation) is not here but in `assess`: it cannot be known
before the modem's object is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

from ..proxy import threeproxy, v2ray
from ..proxy.plan import proxy_plan
from ..settings import FarmSettings, SlotPlan
from ..snapshot import ModemRecord
from ..usb import UsbModem
from ..usb_map import MAP_FOLDER, map_text
from . import systemd
from .guard import Element, wanted_changes
from .result import Diff
from .rules import Rule, RuleChange, host_changes, slot_changes
from .sockets import Listener, owners
from .systemd import UnitState


@dataclass(frozen=True)
class Target:
    """One modem of the batch with all that follows from its slot."""

    record: ModemRecord
    slot: SlotPlan
    usb: UsbModem | None = None

    @property
    def serial(self) -> str:
        """The IMEI."""
        return self.record.serial

    @property
    def online(self) -> bool:
        """True when it should serve: registered as present, and on the bus."""
        return self.record.present and self.usb is not None


@dataclass(frozen=True)
class Config:
    """A proxy configuration on disk; text None when there is none, mtime in Unix seconds."""

    text: str | None = None
    mtime: float = 0.0


@dataclass(frozen=True)
class Current:
    """What the host has now, read once for the whole batch. `now` is Unix time in seconds."""

    maps: Mapping[str, str | None] = field(default_factory=dict)
    rules: frozenset[Rule] = frozenset()
    guard: frozenset[Element] = frozenset()
    units: Mapping[str, UnitState] = field(default_factory=dict)
    configs: Mapping[int, Config] = field(default_factory=dict)
    listeners: tuple[Listener, ...] = ()
    now: float = 0.0


@dataclass(frozen=True)
class WriteMap:
    """Write udev's identity map for a USB path and let udev look at the nodes again."""

    serial: str
    usb_path: str
    before: str
    nodes: tuple[Path, ...]
    name = "identity"

    def diff(self) -> Diff:
        """The file."""
        return Diff(f"{MAP_FOLDER}/{self.usb_path}", self.before, map_text(self.serial))


@dataclass(frozen=True)
class RemoveMap:
    """Remove an identity map that names a modem which is not there."""

    serial: str
    usb_path: str
    name = "identity"

    def diff(self) -> Diff:
        """The file."""
        return Diff(f"{MAP_FOLDER}/{self.usb_path}", map_text(self.serial), "")


@dataclass(frozen=True)
class WriteConfig:
    """Write a proxy configuration; `check` asks the engine first, as a process uses the old one."""

    serial: str
    path: Path
    before: str
    text: str
    check: bool
    name = "config"

    def diff(self) -> Diff:
        """The file."""
        return Diff(str(self.path), self.before, self.text)


@dataclass(frozen=True)
class ChangeRules:
    """Add and remove policy routing rules; serial None for those of the host."""

    serial: str | None
    changes: tuple[RuleChange, ...]
    name = "rules"

    def diff(self) -> Diff:
        """The rules that go and come, in the words of `ip rule`."""
        return Diff("ip rule", _lines(self.changes, add=False), _lines(self.changes, add=True))


@dataclass(frozen=True)
class ChangeGuard:
    """Change the elements of one uid, or take its interface from another uid."""

    serial: str
    delete: frozenset[Element]
    add: frozenset[Element]
    name = "guard"

    def diff(self) -> Diff:
        """The elements that go and come."""
        before, after = (
            "".join(f"{uid} . {name}\n" for uid, name in sorted(elements))
            for elements in (self.delete, self.add)
        )
        return Diff("nft set inet modemfarm_guard uplinks", before, after)


@dataclass(frozen=True)
class ChangeUnit:
    """One change of a unit: enable, reset-failed, start, reload or restart."""

    serial: str
    unit: str
    verb: str
    name = "unit"

    def diff(self) -> Diff:
        """The verb, as the new state."""
        return Diff(self.unit, "", f"{self.verb}\n")


def _lines(changes: Sequence[RuleChange], add: bool) -> str:
    return "".join(f"{item.rule.arguments()}\n" for item in changes if item.add is add)


Step = WriteMap | RemoveMap | WriteConfig | ChangeRules | ChangeGuard | ChangeUnit


@dataclass(frozen=True)
class Plan:
    """Steps in the order of their safety, and modems that must not be touched further, with why."""

    steps: tuple[Step, ...]
    blocked: Mapping[str, tuple[str, str]]


def compute(current: Current, settings: FarmSettings, targets: Sequence[Target]) -> Plan:
    """The plan of a batch: barriers (rules, guard) come before whatever lets traffic flow."""
    blocked = {
        target.serial: reason
        for target in targets
        if (reason := _port_conflict(current, settings.lan_address, target)) is not None
    }
    steps: list[Step] = []
    missing = host_changes(current.rules, settings)
    if missing:
        steps.append(ChangeRules(None, missing))
    for target in targets:
        changes = slot_changes(current.rules, target.slot)
        if changes:
            steps.append(ChangeRules(target.serial, changes))
    steps += guard_steps(current.guard, targets)
    for target in targets:
        steps += _map_steps(current.maps, target)
    for target in targets:
        if target.serial not in blocked:
            steps += _proxy_steps(current, settings, target)
    return Plan(tuple(steps), blocked)


def guard_steps(current: frozenset[Element], targets: Sequence[Target]) -> list[ChangeGuard]:
    """One step for each modem whose element is missing, stale or held by another uid."""
    steps: list[ChangeGuard] = []
    left = current
    for target in targets:
        uplink = target.usb.net if target.online and target.usb is not None else None
        if target.usb is not None and target.usb.composition != "qmi":
            uplink = None
        delete, add = wanted_changes(left, {target.slot.uid: uplink})
        if delete or add:
            steps.append(ChangeGuard(target.serial, delete, add))
            left = (left - delete) | add
    return steps


def _map_steps(maps: Mapping[str, str | None], target: Target) -> list[Step]:
    here = target.record.usb_path if target.online else None
    steps: list[Step] = [
        RemoveMap(target.serial, path)
        for path, serial in maps.items()
        if serial == target.serial and path != here
    ]
    if here is not None and target.usb is not None and maps.get(here) != target.serial:
        before = maps.get(here)
        old = map_text(before) if before else ""
        steps.append(WriteMap(target.serial, here, old, _nodes(target.usb)))
    return steps


def _nodes(modem: UsbModem) -> tuple[Path, ...]:
    """The class folders of the modem's character devices, as udevadm takes them."""
    ttys = [Path("/sys/class/tty") / tty for tty in modem.ttys]
    wdm = [Path("/sys/class/usbmisc") / modem.cdc_wdm] if modem.cdc_wdm else []
    return tuple(ttys + wdm)


def render_config(settings: FarmSettings, slot: SlotPlan) -> str:
    """The text of the slot's proxy configuration."""
    plan = proxy_plan(settings, slot)
    return v2ray.render(plan) if settings.engine == "v2ray" else threeproxy.render(plan)


def _proxy_steps(current: Current, settings: FarmSettings, target: Target) -> list[Step]:
    slot, serial = target.slot, target.serial
    text = render_config(settings, slot)
    config = current.configs.get(slot.slot, Config())
    unit = current.units.get(slot.unit, UnitState(slot.unit))
    steps: list[Step] = []
    if config.text != text:
        check = unit.active and config.text is not None
        steps.append(WriteConfig(serial, slot.config_path, config.text or "", text, check))
    if not unit.enabled:
        steps.append(ChangeUnit(serial, slot.unit, systemd.ENABLE))
    if not unit.active:
        if unit.failed:  # else the limit of starts refuses this one too
            steps.append(ChangeUnit(serial, slot.unit, systemd.RESET))
        steps.append(ChangeUnit(serial, slot.unit, systemd.START))
    elif config.text != text or _started_before(unit, config, current.now):
        # v2ray has no reload.
        verb = systemd.RESTART if settings.engine == "v2ray" else systemd.RELOAD
        steps.append(ChangeUnit(serial, slot.unit, verb))
    return steps


def _started_before(unit: UnitState, config: Config, now: float) -> bool:
    """True when the file changed after the process read it: a run ended between the two.

    A file from the future (the clock was set back), or no time at all, proves nothing.
    """
    return 0 < unit.changed_at < config.mtime <= now


def _port_conflict(
    current: Current, address: IPv4Address, target: Target
) -> tuple[str, str] | None:
    for port in filter(None, (target.slot.port, target.slot.socks_port)):
        foreign = owners(current.listeners, address, port) - {target.slot.uid}
        if foreign:
            return (
                f"proxy port {port} is held by a foreign process (uid {min(foreign)})",
                f"find it with `ss -tlnp sport = :{port}` and stop it, or move port_base",
            )
    return None
