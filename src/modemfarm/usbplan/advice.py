# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong, or soon will be, with how the modems are plugged in."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..usb import UsbInterface, UsbModem
from .capacity import FULL_SPEED_KINDS, Capacity
from .limits import EC25_ENDPOINTS
from .model import (
    BUS_POWERED_PORT_MA,
    HIGH_SPEED,
    LAST_HUB_TIER,
    PORT_MA,
    Controller,
    Device,
)

UNEVEN = 2  # modems more on one controller than on another


@dataclass(frozen=True)
class Advice:
    """One warning about a controller, hub, port or modem (`where`)."""

    code: str
    where: str
    message: str
    remedy: str


def composition(device: Device) -> str:
    """qmi, ecm, mbim, rndis or unknown, by the rules of the farm."""
    interfaces = tuple(UsbInterface(i.number, i.triple, i.driver) for i in device.interfaces)
    # Path(): nothing is read, the answer follows from the interfaces.
    return UsbModem(device.name, Path(), device.product, "", interfaces).composition


def advise(controllers: tuple[Controller, ...], capacities: tuple[Capacity, ...]) -> list[Advice]:
    """All warnings, controller by controller."""
    found: list[Advice] = []
    for controller, capacity in zip(controllers, capacities, strict=True):
        found += _limits(controller, capacity)
        for device in controller.devices:
            if device.is_hub:
                found += _hub(controller, device)
            elif device.is_modem:
                found += _modem(device)
    return [*found, *_uneven(controllers, capacities)]


def _limits(controller: Controller, capacity: Capacity) -> Iterator[Advice]:
    missing = sum(m.declared - 1 for m in controller.modems if not m.configured and m.authorized)
    for room in capacity.rooms:
        wanted = room.used + (missing if room.limit == "endpoint contexts" else 0)
        if room.total is None or room.limit in ("hub ports", "hub tiers"):
            continue
        if wanted > room.total or "more than the usual" in room.why:
            yield Advice(
                "over-limit",
                controller.name,
                f"{wanted} {room.limit} are wanted of {room.total} ({room.why})",
                "move modems to another controller, or add a PCIe USB controller",
            )


def _hub(controller: Controller, hub: Device) -> Iterator[Advice]:
    modems = [modem for modem in controller.modems if modem.parent == hub.name]
    if modems and not hub.feeds_modems:
        wanted = sum(modem.milliamperes or PORT_MA for modem in modems)
        yield Advice(
            "bus-powered-hub",
            hub.name,
            f"a bus-powered hub feeds {len(modems)} modem(s) that declare {wanted} mA in all;"
            f" a port of it may give {BUS_POWERED_PORT_MA} mA",
            "use a hub with its own supply of 0.5 A a port and more",
        )
    if hub.tier >= LAST_HUB_TIER:
        yield Advice(
            "last-tier",
            hub.name,
            f"it is on tier {hub.tier}: modems work on it, a further hub does not",
            "plug the next hub nearer to the controller",
        )
    for port in hub.ports:
        if port.over_currents:
            yield Advice(
                "over-current",
                f"{hub.name} port {port.number}",
                f"the port was switched off for too much current {port.over_currents} time(s)",
                "check the hub's supply and the cable; use a hub with a stronger supply",
            )


def _modem(modem: Device) -> Iterator[Advice]:
    def say(code: str, message: str, remedy: str) -> Advice:
        return Advice(code, modem.name, message, remedy)

    if not modem.authorized:
        yield say("not-authorized", "the modem is switched off by `authorized` 0",
                  f"echo 1 > /sys/bus/usb/devices/{modem.name}/authorized")  # fmt: skip
        return
    if modem.speed and modem.speed < HIGH_SPEED:
        yield say("full-speed", f"the link runs at {modem.speed:g} Mbit/s instead of 480",
                  "change cable and port; a full-speed hub may be between")  # fmt: skip
    if modem.autosuspend:
        yield say("autosuspend", "the kernel may suspend the modem, which makes EC25 hang",
                  "run site.yml: its udev rule sets power/control to on")  # fmt: skip
    if not modem.configured:
        yield say("not-configured", "the kernel sees the modem and could not configure it",
                  "see the kernel's words below; most often the controller is full")  # fmt: skip
        return
    if modem.endpoints > EC25_ENDPOINTS:
        yield say("more-endpoints",
                  f"it uses {modem.endpoints} endpoints, an EC25 in QMI {EC25_ENDPOINTS}",
                  'functions such as ADB or audio are on; see AT+QCFG="usbcfg"')  # fmt: skip
    if (kind := composition(modem)) != "qmi":
        yield say("composition", f"the modem is in {kind} composition; the farm works with qmi",
                  "modem_config, composition: qmi")  # fmt: skip


def _uneven(
    controllers: tuple[Controller, ...], capacities: tuple[Capacity, ...]
) -> Iterator[Advice]:
    """The fullest controller against the emptiest that could take a modem."""
    pairs = [
        (len(controller.modems), controller, capacity)
        for controller, capacity in zip(controllers, capacities, strict=True)
        if controller.kind not in FULL_SPEED_KINDS
    ]
    takers = [pair for pair in pairs if pair[2].now > 0]
    if not takers:
        return
    most, fullest, _ = max(pairs, key=lambda pair: pair[0])
    least, emptiest, _ = min(takers, key=lambda pair: pair[0])
    if most - least >= UNEVEN:
        moves = min((most - least) // 2, min(takers, key=lambda pair: pair[0])[2].now)
        yield Advice(
            "uneven",
            fullest.name,
            f"it carries {most} modems, {emptiest.name} only {least}",
            f"move {moves} of them to {emptiest.name}: endpoints and bandwidth are per controller",
        )
