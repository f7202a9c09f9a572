# SPDX-License-Identifier: GPL-3.0-or-later
"""How many EC25 a controller can still take, by each of its limits, and which limit ends it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from . import bandwidth, limits
from .limits import EC25_ENDPOINTS, HUB_ENDPOINTS
from .model import BUS_POWERED_PORT_MA, LAST_HUB_TIER, LAST_TIER, PORT_MA, Controller, Device, Port

FULL_SPEED_KINDS = ("ohci", "uhci")
VIRTUAL_KINDS = ("vhci", "dummy")
LISTED_KINDS = ("xhci", "ehci", *FULL_SPEED_KINDS, *VIRTUAL_KINDS)  # whose own limits are known


@dataclass(frozen=True)
class Room:
    """One limit. `room` is how many modems it still allows; None: it does not bind."""

    limit: str
    total: int | None
    used: int
    each: int
    room: int | None
    known: bool
    why: str


@dataclass(frozen=True)
class Capacity:
    """`now`: as it is plugged. `at_most`: with more hubs on it. None: no limit is known."""

    now: int
    because: str
    at_most: int | None
    at_most_because: str
    rooms: tuple[Room, ...]


def endpoints_each(controllers: Iterable[Controller]) -> int:
    """What one more modem will use: as most of the configured ones here, else an EC25 in QMI."""
    modems = (modem for controller in controllers for modem in controller.modems)
    seen = Counter(modem.endpoints for modem in modems if modem.configured)
    if not seen:
        return EC25_ENDPOINTS
    most = max(seen.values())
    return max(endpoints for endpoints, count in seen.items() if count == most)


def capacity(controller: Controller, each: int = EC25_ENDPOINTS) -> Capacity:
    """All limits of one controller; `each` is what a modem uses in endpoints."""
    own = tuple(room for room in (_slots(controller), _contexts(controller, each)) if room)
    own = (*own, _bandwidth(controller), *_addresses(controller))
    ports, power, tiers = _ports(controller), _power(controller), _tiers(controller)
    here = _least((*own, tiers, ports, power))
    full = _with_hubs(controller, own, (tiers, ports, power))
    known = controller.kind in LISTED_KINDS
    return Capacity(
        now=here.room or 0,
        because=here.limit,
        at_most=full.room if known else None,
        at_most_because=full.limit if known else f"limits of kind {controller.kind} not known",
        rooms=(*own, tiers, ports, power),
    )


def _least(rooms: Iterable[Room]) -> Room:
    """The limit that ends it; of equal ones the first."""
    return min(rooms, key=lambda one: float("inf") if one.room is None else one.room)


def _with_hubs(controller: Controller, own: tuple[Room, ...], plugs: tuple[Room, ...]) -> Room:
    """The controller's own limit when hubs are added where ports run out."""
    end = _least(own)
    ports = _least(plugs)
    extensible = plugs[0].room is None and any(hub.ports for hub in controller.modem_hubs)
    if controller.kind in VIRTUAL_KINDS or not extensible:
        return _least((*own, *plugs))
    if end.limit != "endpoint contexts" or (ports.room or 0) >= (end.room or 0):
        return end
    # One hub more: it takes two contexts itself.
    left = max(0, (end.total or 0) - end.used - HUB_ENDPOINTS) // end.each
    return Room(end.limit, end.total, end.used, end.each, left, end.known, end.why)


def _room(name: str, limit: limits.Limit, used: int, each: int) -> Room:
    total, why = limit.total, limit.source
    if used > total and not limit.known:
        why = f"more than the usual {total} are in use; how many more it has is not known"
        total = used
    return Room(name, total, used, each, max(0, total - used) // each, limit.known, why)


def _slots(controller: Controller) -> Room | None:
    limit = limits.slots(controller)
    used = len(controller.plugged)
    return _room("device slots", limit, used, 1) if limit else None


def _contexts(controller: Controller, each: int) -> Room | None:
    limit = limits.contexts(controller)
    used = sum(device.endpoints for device in controller.plugged)
    return _room("endpoint contexts", limit, used, each) if limit else None


def _addresses(controller: Controller) -> tuple[Room, ...]:
    if controller.kind == "xhci":
        return ()  # its slots end before
    limit = limits.Limit(limits.ADDRESSES, True, "seven bits of USB 2.0")
    return (_room("addresses", limit, len(controller.plugged), 1),)


def _bandwidth(controller: Controller) -> Room:
    """Reserved time. A controller without a high-speed bus has none for a modem."""
    used = sum(bandwidth.reserved(device) for device in controller.plugged)
    total, each = bandwidth.reservable(), bandwidth.ec25_reserves()
    room = int(max(0.0, total - used) / each)
    why = "bytes of a microframe that interrupt endpoints may reserve; bulk data shares the rest"
    if controller.kind in FULL_SPEED_KINDS:
        room, why = 0, "12 Mbit/s in all: a modem belongs on a high-speed controller"
    return Room("bandwidth", int(total), round(used), max(1, round(each)), room, True, why)


def _ports(controller: Controller) -> Room:
    every = [port for hub in controller.modem_hubs for port in hub.ports]
    reachable = [port for port in every if port.usable or port.taken_by]
    free = len(_free(controller.modem_hubs))
    used = len(reachable) - free
    why = "high-speed ports that can be reached, of the controller and of all hubs on it"
    return Room("hub ports", len(reachable), used, 1, free, True, why)


def _power(controller: Controller) -> Room:
    """Ports that may give the 500 mA a modem declares."""
    hubs = controller.modem_hubs
    starved = len(_free(hub for hub in hubs if not hub.feeds_modems))
    fed = len(_free(hub for hub in hubs if hub.feeds_modems))
    why = f"free ports that may give {PORT_MA} mA"
    if starved:
        why += f"; {starved} more on bus-powered hubs give {BUS_POWERED_PORT_MA} mA"
    declared = sum(modem.milliamperes for modem in controller.modems)
    return Room("power", None, declared, PORT_MA, fed, True, why)


def _tiers(controller: Controller) -> Room:
    """Tiers end it only where each free port is on the last hub tier."""
    deepest = max((device.tier for device in controller.devices), default=1)
    free = [hub for hub in controller.modem_hubs if _free([hub])]
    extensible = any(hub.tier < LAST_HUB_TIER for hub in free)
    room = None if extensible or not free else len(_free(free))
    why = "the controller is tier 1; a hub may be on tier 6, a modem on tier 7"
    return Room("hub tiers", LAST_TIER, deepest, 1, room, True, why)


def _free(hubs: Iterable[Device]) -> list[Port]:
    return [port for hub in hubs for port in hub.ports if port.usable]
