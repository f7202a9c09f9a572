# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole plan of a host's USB: what is plugged where, what still fits, what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..plain import as_plain
from .advice import Advice, advise, composition
from .capacity import Capacity, capacity, endpoints_each
from .journal import KernelLog
from .model import Controller, Device, Port
from .sysfs import read_controllers


@dataclass(frozen=True)
class Plan:
    """`serials` gives the IMEI by USB path where it is known; `each`: endpoints of one modem."""

    controllers: tuple[Controller, ...]
    capacities: tuple[Capacity, ...]
    each: int
    serials: Mapping[str, str]
    advice: tuple[Advice, ...]
    kernel: KernelLog

    @property
    def modems(self) -> int:
        """How many are on the bus."""
        return sum(len(controller.modems) for controller in self.controllers)


def make_plan(sysfs: Path, serials: Mapping[str, str], kernel: KernelLog) -> Plan:
    """Read sysfs and judge it."""
    controllers = read_controllers(sysfs)
    each = endpoints_each(controllers)
    capacities = tuple(capacity(controller, each) for controller in controllers)
    advice = tuple(advise(controllers, capacities))
    return Plan(controllers, capacities, each, serials, advice, kernel)


def as_document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON has it."""
    pairs = zip(plan.controllers, plan.capacities, strict=True)
    return {
        "modems": plan.modems,
        "takes_now": sum(one.now for one in plan.capacities),
        "endpoints_each": plan.each,
        "controllers": [_controller(plan, one, holds) for one, holds in pairs],
        "warnings": as_plain(plan.advice),
        "kernel": as_plain(plan.kernel),
    }


def _controller(plan: Plan, controller: Controller, holds: Capacity) -> dict[str, Any]:
    used = sum(device.endpoints for device in controller.plugged)
    return {
        "name": controller.name,
        "driver": controller.driver,
        "kind": controller.kind,
        "pci": controller.pci,
        "buses": [root.bus for root in controller.roots],
        "modems": len(controller.modems),
        "endpoints": used,
        "takes": as_plain(holds),
        "devices": [_device(plan, device) for device in controller.devices],
    }


def _device(plan: Plan, device: Device) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": device.name,
        "kind": "modem" if device.is_modem else "hub" if device.is_hub else "other",
        "parent": device.parent or None,
        "tier": device.tier,
        "id": f"{device.vendor}:{device.product_id}",
        "product": device.product,
        "mbit": device.speed,
        "configured": device.configured,
        "endpoints": 0 if device.is_root else device.endpoints,
        "interfaces": [
            {"number": i.number, "driver": i.driver, "endpoints": len(i.endpoints)}
            for i in device.interfaces
        ],
        "milliamperes": device.milliamperes,
        "self_powered": device.self_powered,
        "autosuspend": device.autosuspend,
    }
    if device.is_modem:
        found |= {"serial": plan.serials.get(device.name), "composition": composition(device)}
    if device.is_hub:
        found["ports"] = [_port(port) for port in device.ports]
    return found


def _port(port: Port) -> dict[str, Any]:
    return {**as_plain(port), "free": port.usable}
