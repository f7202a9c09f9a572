# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the plan of a host's USB as text. Strings from devices are escaped."""

from __future__ import annotations

from collections.abc import Iterator

from modemfarm.usbplan.advice import composition
from modemfarm.usbplan.capacity import Capacity
from modemfarm.usbplan.model import PORT_MA, Controller, Device
from modemfarm.usbplan.plan import Plan

from ..text import printable

NAME = 60  # characters of a device's own name


def draw(plan: Plan) -> Iterator[str]:
    """All lines, without line ends."""
    if not plan.controllers:
        yield "no USB controller: this host has none, or a container hides it"
    for controller, holds in zip(plan.controllers, plan.capacities, strict=True):
        yield from _controller(plan, controller, holds)
        yield ""
    yield from _summary(plan)
    yield from _warnings(plan)
    yield from _kernel(plan)


def _controller(plan: Plan, controller: Controller, holds: Capacity) -> Iterator[str]:
    pci = f", {printable(controller.pci)}" if controller.pci else ""
    yield f"controller {printable(controller.name)} ({printable(controller.driver)}{pci})"
    for root in controller.roots:
        if root.speed > 480 and not _children(controller, root):
            continue  # the empty SuperSpeed half says nothing about modems
        yield f"  {root.name}  {root.speed:g} Mbit/s, {_ports(root)}"
        yield from _below(plan, controller, root, "  ")
    yield f"  {_takes(holds, len(controller.modems))}"
    for room in holds.rooms:
        total = "-" if room.total is None else f"{room.total}{'' if room.known else ' (assumed)'}"
        allows = "no limit here" if room.room is None else f"{room.room} more"
        yield (
            f"    {room.limit:<17} {room.used:>5} of {total:<14} {room.each:>4} each"
            f"  {allows:<14} {room.why}"
        )


def _takes(holds: Capacity, modems: int) -> str:
    said = f"{modems} modem(s); takes {holds.now} more as it is plugged ({holds.because})"
    if holds.at_most is None:
        return f"{said}; {printable(holds.at_most_because)}"
    return f"{said}, at most {holds.at_most} with more hubs ({holds.at_most_because})"


def _below(plan: Plan, controller: Controller, hub: Device, indent: str) -> Iterator[str]:
    children = _children(controller, hub)
    for child in children:
        last = child is children[-1]
        yield f"{indent}{'└─' if last else '├─'} {_line(plan, controller, child)}"
        if child.is_hub:
            yield from _below(plan, controller, child, indent + ("   " if last else "│  "))


def _children(controller: Controller, hub: Device) -> list[Device]:
    return [device for device in controller.plugged if device.parent == hub.name]


def _line(plan: Plan, controller: Controller, device: Device) -> str:
    head = f"{device.name}  tier {device.tier}"
    speed = f"{device.speed:g} Mbit/s"
    if device.is_hub:
        power = "self-powered" if device.self_powered else "bus-powered"
        fed = [modem for modem in controller.modems if modem.parent == device.name]
        return f"{head}  hub {_name(device)}  {speed}, {power}, {_ports(device)}{_supply(fed)}"
    if not device.is_modem:
        return f"{head}  {_name(device)}  {speed}, {device.endpoints} endpoints"
    serial = plan.serials.get(device.name)
    who = f"EC25 {serial}" if serial else f"EC25 (IMEI not known) {_name(device)}"
    if not device.configured:
        return f"{head}  {who}  {speed}, NOT CONFIGURED, wants {device.declared} endpoints"
    each = " ".join(f"{i.number:02x}:{len(i.endpoints)}" for i in device.interfaces)
    return (
        f"{head}  {who}  {speed}, {composition(device)}, {device.endpoints} endpoints"
        f" (0:1 + {each}), {device.milliamperes} mA"
    )


def _supply(modems: list[Device]) -> str:
    """What the supply of a hub has to give; sysfs does not know what it can."""
    amperes = sum(modem.milliamperes or PORT_MA for modem in modems) / 1000
    return f"; supply of {amperes:g} A at least" if modems else ""


def _name(device: Device) -> str:
    return f'"{printable(device.product, NAME)}"' if device.product else device.vendor


def _ports(hub: Device) -> str:
    free = sum(port.usable for port in hub.ports)
    return f"{len(hub.ports)} ports, {free} free"


def _summary(plan: Plan) -> Iterator[str]:
    now = sum(one.now for one in plan.capacities)
    yield (
        f"this host: {plan.modems} EC25 on the bus, takes {now} more as it is plugged"
        f" ({plan.each} endpoints each, endpoint 0 included)"
    )


def _warnings(plan: Plan) -> Iterator[str]:
    for one in plan.advice:
        yield f"warning: {one.code}: {printable(one.where)}: {printable(one.message)}"
        yield f"         {printable(one.remedy)}"


def _kernel(plan: Plan) -> Iterator[str]:
    if plan.kernel.problem:
        yield f"kernel log not read ({printable(plan.kernel.source)}): {plan.kernel.problem}"
        return
    if not plan.kernel.findings:
        yield f"kernel log ({printable(plan.kernel.source)}): nothing about USB that went wrong"
    for one in plan.kernel.findings:
        number = "" if one.code is None else f" ({one.code})"
        last = f", last {printable(one.last)}" if one.last else ""
        yield f"kernel: {printable(one.where)}: {one.name}{number}, {one.count} time(s){last}"
        yield f"        {printable(one.message)}"
        yield f"        means: {one.meaning}"
        yield f"        remedy: {one.remedy}"
