# SPDX-License-Identifier: GPL-3.0-or-later
"""compute(current, wanted) → steps. Pure: reads nothing, changes nothing, so check mode is free.

What needs ModemManager (profile, activation) is not here but in `assess`: it cannot be known
before the modem's object is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

from ..errors import FarmError
from ..proxy import threeproxy, v2ray
from ..proxy.plan import ProxyPlan
from ..proxy.policy import listen_address
from ..proxy.quota import HARD
from ..settings import FarmSettings, SlotPlan
from ..snapshot import ModemRecord
from ..usb import AT_FARM, UsbModem
from ..usb_map import map_text
from . import systemd
from .guard import Element, wanted_changes
from .rules import Rule, host_changes, slot_changes
from .sockets import Listener, owners
from .steps import (
    ChangeGuard,
    ChangeRules,
    ChangeStopped,
    ChangeUnit,
    LoosenFilter,
    RemoveMap,
    Step,
    WriteConfig,
    WriteMap,
)
from .systemd import UnitState

LISTEN_S = 10.0  # from a start to the port: 3proxy 20 ms, v2ray 2 s under emulation


@dataclass(frozen=True)
class Target:
    """One modem of the batch with all that follows from its slot.

    proxy: what its proxy has to do; an error where its policy cannot be: what it has now stays.
    """

    record: ModemRecord
    slot: SlotPlan
    usb: UsbModem | None = None
    proxy: ProxyPlan | FarmError | None = None

    @property
    def serial(self) -> str:
        """The IMEI."""
        return self.record.serial

    def listen(self, settings: FarmSettings) -> IPv4Address:
        """Where its proxy is to listen."""
        return listen_address(settings, self.record.policy)

    @property
    def online(self) -> bool:
        """True when it should serve: registered as present, and on the bus."""
        return self.record.present and self.usb is not None


@dataclass(frozen=True)
class Config:
    """A proxy configuration on disk; text None when there is none, times in Unix seconds.

    good: the last one that served. refused_until: the wanted one did not work and is not tried
    again before.
    """

    text: str | None = None
    mtime: float = 0.0
    good: str | None = None
    refused_until: float | None = None


@dataclass(frozen=True)
class Current:
    """What the host has now, read once for the whole batch. `now` is Unix time in seconds.

    links: udev's link folder by IMEI as names, None where udev makes none (a host in a test).
    holders: who listens on a port of the farm that is not the slot's own user, in words.
    stopped: ports that no new client gets to; None where the guard has no such set.
    strict: interfaces with strict reverse path filtering.
    guard_lost, units_error: why the guard, or systemd's units, could not be read.
    """

    maps: Mapping[str, str | None] = field(default_factory=dict)
    links: Mapping[str, frozenset[str]] | None = None
    rules: frozenset[Rule] = frozenset()
    guard: frozenset[Element] = frozenset()
    stopped: frozenset[int] | None = frozenset()
    strict: frozenset[str] = frozenset()
    guard_lost: FarmError | None = None
    units: Mapping[str, UnitState] = field(default_factory=dict)
    units_error: FarmError | None = None
    configs: Mapping[int, Config] = field(default_factory=dict)
    listeners: tuple[Listener, ...] = ()
    holders: Mapping[int, str] = field(default_factory=dict)
    now: float = 0.0

    def config(self, target: Target) -> Config:
        """The configuration that the target's proxy has."""
        return self.configs.get(target.slot.slot, Config())


@dataclass(frozen=True)
class Plan:
    """Steps in the order of their safety, and modems that must not be touched further, with why."""

    steps: tuple[Step, ...]
    blocked: Mapping[str, tuple[str, str]]


def compute(
    current: Current,
    settings: FarmSettings,
    targets: Sequence[Target],
    away: Sequence[Target] = (),
    records: Sequence[ModemRecord] | None = None,
) -> Plan:
    """The plan of a batch: barriers (rules, guard) come before whatever lets traffic flow.

    Of `away`, modems that are not to be touched otherwise, only the guard's elements change.
    records: all modems of the host. Who gets no new clients is decided for all of them, also for
    those that are held or busy; without records nothing is decided.
    """
    # After a new port_base each has the port of a neighbour that moves in this same run.
    moving = frozenset(target.slot.uid for target in targets)
    blocked = {
        target.serial: reason
        for target in targets
        if (reason := _port_conflict(current, target.listen(settings), target, moving)) is not None
    }
    for target in targets:
        if isinstance(target.proxy, FarmError) and not current.config(target).text:
            blocked.setdefault(target.serial, (target.proxy.message, target.proxy.remedy))
    steps: list[Step] = []
    missing = host_changes(current.rules, settings)
    if missing:
        steps.append(ChangeRules(None, missing))
    for target in targets:
        changes = slot_changes(current.rules, target.slot)
        if changes:
            steps.append(ChangeRules(target.serial, changes))
    if records is not None:
        steps += stop_steps(current.stopped, settings, records, [*targets, *away])
        blocked |= _unstoppable(current, targets)
    steps += guard_steps(current.guard, [*targets, *away])
    steps += [
        LoosenFilter(target.serial, target.usb.net)
        for target in targets
        if target.online and target.usb is not None and target.usb.net in current.strict
    ]
    for target in targets:
        steps += _map_steps(current, target)
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


def stop_steps(
    current: frozenset[int] | None,
    settings: FarmSettings,
    records: Sequence[ModemRecord],
    targets: Sequence[Target],
) -> list[ChangeStopped]:
    """One step for each modem of `targets` whose ports are not as its quota says, one for the rest
    of the host: ports of a modem that was forgotten, and of modems that are not in this run.
    """
    if current is None:
        return []
    wanted = frozenset(
        port
        for record in records
        if record.quota == HARD and record.slot <= settings.slots
        for port in _ports(settings.slot(record.slot))
    )
    steps = []
    left = wanted ^ current
    for target in targets:
        mine = left & _ports(target.slot)
        if mine:
            steps.append(ChangeStopped(target.serial, mine & current, mine & wanted))
            left = left - mine
    if left:
        steps.append(ChangeStopped(None, left & current, left & wanted))
    return steps


def _unstoppable(current: Current, targets: Sequence[Target]) -> dict[str, tuple[str, str]]:
    """Modems that are to get no new clients under a guard of an earlier release."""
    words = "its volume is used up, and the guard of this host cannot close its port"
    return {
        target.serial: (words, "run the role routing on this host")
        for target in targets
        if current.stopped is None and target.record.quota == HARD
    }


def _ports(slot: SlotPlan) -> frozenset[int]:
    return frozenset(port for port in (slot.port, slot.socks_port) if port is not None)


def _map_steps(current: Current, target: Target) -> list[Step]:
    here = target.record.usb_path if target.online else None
    steps: list[Step] = [
        RemoveMap(target.serial, path)
        for path, serial in current.maps.items()
        if serial == target.serial and path != here
    ]
    if here is not None and target.usb is not None:
        before = current.maps.get(here)
        if before != target.serial or _links_missing(current, target.serial, target.usb):
            old = map_text(before) if before else ""
            steps.append(WriteMap(target.serial, here, old, _nodes(target.usb)))
    return steps


def _links_missing(current: Current, serial: str, modem: UsbModem) -> bool:
    """True when udev's links to ports that are there are not: a new look makes them again."""
    if current.links is None:
        return False
    ports = {"at": modem.tty(AT_FARM), "qmi": modem.cdc_wdm}
    wanted = {name for name, device in ports.items() if device is not None}
    return not wanted <= current.links.get(serial, frozenset())


def _nodes(modem: UsbModem) -> tuple[Path, ...]:
    """The class folders of the modem's character devices, as udevadm takes them."""
    ttys = [Path("/sys/class/tty") / tty for tty in modem.ttys]
    wdm = [Path("/sys/class/usbmisc") / modem.cdc_wdm] if modem.cdc_wdm else []
    return tuple(ttys + wdm)


def render_config(settings: FarmSettings, plan: ProxyPlan) -> str:
    """The text of a proxy configuration."""
    return v2ray.render(plan) if settings.engine == "v2ray" else threeproxy.render(plan)


def rendered(settings: FarmSettings, target: Target) -> str | None:
    """The text that the target's policy wants; None where it has none that can be."""
    return render_config(settings, target.proxy) if isinstance(target.proxy, ProxyPlan) else None


def same_places(settings: FarmSettings, one: str, other: str) -> bool:
    """True when both configurations listen at the same address and ports.

    A port of earlier settings may be another modem's by now.
    """
    places = v2ray.places if settings.engine == "v2ray" else threeproxy.places
    return places(one) == places(other)


def wanted_config(settings: FarmSettings, target: Target, config: Config) -> str | None:
    """The text to have now: what the policy says, the last good one while that is refused, and
    what is there where the policy cannot be.
    """
    good = config.good or config.text
    if config.refused_until is not None and good is not None:
        return good
    return rendered(settings, target) or config.text


def _proxy_steps(current: Current, settings: FarmSettings, target: Target) -> list[Step]:
    slot, serial = target.slot, target.serial
    config = current.config(target)
    text = wanted_config(settings, target, config)
    if text is None:
        return []
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
    elif _deaf(current, target.listen(settings), target.slot, unit):
        steps.append(ChangeUnit(serial, slot.unit, systemd.RESTART))
    return steps


def listens(listeners: tuple[Listener, ...], address: IPv4Address, slot: SlotPlan) -> bool:
    """True when the slot's own user listens on each of its ports."""
    ports = filter(None, (slot.port, slot.socks_port))
    return all(slot.uid in owners(listeners, address, port) for port in ports)


def _deaf(current: Current, address: IPv4Address, slot: SlotPlan, unit: UnitState) -> bool:
    """True for a process that runs and does not listen: 3proxy stays so for ever.

    It waited for a port that somebody else had, or read a configuration without a service.
    """
    settled = unit.changed_at + LISTEN_S < current.now
    return settled and not listens(current.listeners, address, slot)


def _started_before(unit: UnitState, config: Config, now: float) -> bool:
    """True when the file changed after the process read it: a run ended between the two.

    A file from the future (the clock was set back), or no time at all, proves nothing.
    """
    return 0 < unit.changed_at < config.mtime <= now


def _port_conflict(
    current: Current, address: IPv4Address, target: Target, moving: frozenset[int]
) -> tuple[str, str] | None:
    """Somebody else's process on a port of the modem: told, and left alone."""
    for port in filter(None, (target.slot.port, target.slot.socks_port)):
        foreign = owners(current.listeners, address, port) - moving
        if foreign:
            who = current.holders.get(port, f"uid {min(foreign)}")
            return (
                f"port_conflict: proxy port {port} is held by a foreign process ({who})",
                f"find it with `ss -tlnp sport = :{port}` and stop it, or move port_base",
            )
    return None
