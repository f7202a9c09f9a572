# SPDX-License-Identifier: GPL-3.0-or-later
"""The modems of the lab: made, plugged into the bus, unplugged, changed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Interface
from typing import Any, Protocol, TypeVar

from modemlab.carrier.line import ModemLike
from modemlab.carrier.sms_centre import SmsCentre
from modemlab.commands.fields import FieldError, RequestError
from modemlab.modem.spec import ModemSpec, Wan, Wan6

T = TypeVar("T")

MAX_MODEMS = 120  # 8 vhci controllers with 15 high-speed ports each


class FaultsLike(Protocol):
    """The faults of a modem."""

    def set(self, name: str, value: object) -> None: ...


class FarmModem(ModemLike, Protocol):
    """What the farm needs of a modem, beyond what the carrier needs."""

    @property
    def faults(self) -> FaultsLike: ...
    def snapshot(self) -> dict[str, Any]: ...


class Bus(Protocol):
    """Where modems are plugged in. Both raise OSError or LabError when the kernel refuses."""

    async def attach(self, modem: Any, port: int | None) -> int: ...
    async def detach(self, modem: Any) -> None: ...
    def port_of(self, modem: Any) -> int | None: ...
    def usb_paths(self) -> dict[int, str]: ...


class Network(Protocol):
    """The carrier, as far as the farm uses it."""

    def connect(self, modem: ModemLike) -> None: ...
    def disconnect(self, modem: ModemLike) -> None: ...


class Farm:
    """All modems by number. Not thread-safe: used in one event loop."""

    def __init__(self, make: Callable[[ModemSpec], Any], bus: Bus, network: Network) -> None:
        self._make = make
        self._bus = bus
        self._network = network
        self.sms_centre = SmsCentre()
        self._modems: dict[int, Any] = {}
        self._busy: set[int] = set()

    def __len__(self) -> int:
        return len(self._modems)

    @property
    def plugged(self) -> int:
        """How many modems are on the bus now."""
        return sum(self._bus.port_of(m) is not None for m in self._modems.values())

    def is_wan(self, address: str) -> bool:
        """Whether `address` is the IPv4 WAN address of any modem."""
        return any(modem.wan.address == address for modem in self._modems.values())

    def select(self, numbers: Iterable[int] | None) -> list[int]:
        """The given numbers (None: all), each of which must exist. Raises FieldError."""
        if numbers is None:
            return sorted(self._modems)
        chosen = list(numbers)
        for number in chosen:
            self.get(number)
        return chosen

    def get(self, number: int) -> Any:
        """The modem with this number. Raises FieldError."""
        if number not in self._modems:
            raise FieldError("modem", number, f"one of {_ranges(self._modems)}")
        return self._modems[number]

    def add(self, first: int | None, specs: list[dict[str, Any]]) -> list[int]:
        """Make one modem for each of `specs` (fields of ModemSpec) and connect their lines.

        They are numbered from `first` on (None: after the highest number). Returns the numbers.
        Raises RequestError; then no modem was made.
        """
        count = len(specs)
        start = first if first is not None else max(self._modems, default=0) + 1
        wanted = range(start, start + count)
        taken = [n for n in wanted if n in self._modems]
        if taken:
            raise FieldError("n", taken[0], f"a number that is free; taken: {_ranges(taken)}")
        if len(self._modems) + count > MAX_MODEMS:
            raise FieldError("count", count, f"up to {MAX_MODEMS - len(self._modems)} more modems")
        try:
            made = [
                self._make(ModemSpec(number=number, **spec))
                for number, spec in zip(wanted, specs, strict=True)
            ]
        except ValueError as error:
            raise RequestError(str(error)) from None
        for modem in made:
            self._modems[modem.number] = modem
            self._network.connect(modem)
            modem.join(self.sms_centre)
        return list(wanted)

    async def remove(self, numbers: Iterable[int]) -> None:
        """Unplug and forget modems."""
        chosen = list(numbers)
        await self.unplug(chosen)
        for number in chosen:
            modem = self._modems.pop(number)
            self._network.disconnect(modem)
            self.sms_centre.leave(modem)

    async def clear(self) -> None:
        """Remove all modems."""
        await self.remove(sorted(self._modems))

    async def plug(self, numbers: list[int], port: int | None) -> dict[int, int]:
        """Plug modems in, all at once; those that are in stay. Returns their ports.

        Raises FieldError when `port` cannot be given, OSError or LabError from the bus.
        """
        if port is not None and len(numbers) > 1:
            raise FieldError("port", port, "null when more than one modem is plugged")
        for number in numbers:
            self._free(number)
            present = self._bus.port_of(self.get(number))
            if port is not None and present is not None and present != port:
                raise FieldError("port", port, f"{present}: modem {number} is plugged there")
        ports = await self._together(numbers, lambda modem: self._attach(modem, port))
        return dict(zip(numbers, ports, strict=True))

    async def _attach(self, modem: Any, port: int | None) -> int:
        present = self._bus.port_of(modem)
        return await self._bus.attach(modem, port) if present is None else present

    async def unplug(self, numbers: list[int]) -> list[int]:
        """Pull modems out, all at once; those that are out stay out. Returns those pulled."""
        for number in numbers:
            self._free(number)
        pulled = [n for n in numbers if self._bus.port_of(self.get(n)) is not None]
        await self._together(pulled, self._bus.detach)
        return pulled

    async def _together(self, numbers: list[int], act: Callable[[Any], Awaitable[T]]) -> list[T]:
        """Do `act` with several modems at once; when all are done, raise the first error."""
        self._busy.update(numbers)
        try:
            results = await asyncio.gather(
                *(act(self._modems[n]) for n in numbers), return_exceptions=True
            )
        finally:
            self._busy.difference_update(numbers)
        done: list[T] = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            done.append(result)
        return done

    def _free(self, number: int) -> None:
        if number in self._busy:
            raise FieldError("modem", number, "a modem that is not just being plugged or unplugged")

    def fault(self, numbers: Iterable[int], name: str, value: object) -> None:
        """Set one fault of several modems. Raises RequestError."""
        for number in numbers:
            try:
                self._modems[number].faults.set(name, value)
            except ValueError as error:
                raise RequestError(str(error)) from None

    def readdress(
        self,
        number: int,
        wan: tuple[str, int] | None,
        ipv6: tuple[str, int] | None,
        *,
        gateway: str | None = None,
        drop: bool = True,
    ) -> None:
        """Give a modem other WAN addresses, as a carrier may at any time. Raises RequestError.

        `drop` ends its data sessions, as most carriers do; without it the change is silent.
        """
        modem = self.get(number)
        try:
            if wan is not None:
                modem.change_wan(wan_of(wan, gateway), drop=drop)
            elif gateway is not None:
                modem.change_wan(replace(modem.wan, gateway=gateway), drop=drop)
            if ipv6 is not None:
                modem.ipv6 = wan6_of(ipv6)
        except ValueError as error:
            raise RequestError(str(error)) from None

    def snapshots(self, numbers: Iterable[int] | None = None) -> list[dict[str, Any]]:
        """The state of modems, with `port` as the bus sees it and the kernel's `usb_path`."""
        paths = self._bus.usb_paths()
        rows = []
        for number in self.select(numbers):
            modem = self._modems[number]
            port = self._bus.port_of(modem)
            path = None if port is None else paths.get(port)
            place = {"port": port, "plugged": port is not None, "usb_path": path}
            rows.append({**modem.snapshot(), **place})
        return rows


def wan_of(wan: tuple[str, int], gateway: str | None) -> Wan:
    """Wan from (address, prefix length); the gateway defaults to the first other host address."""
    address, prefix = wan
    return Wan(address, gateway or _neighbour(IPv4Interface(f"{address}/{prefix}")), prefix)


def wan6_of(wan: tuple[str, int]) -> Wan6:
    """The same for IPv6."""
    address, prefix = wan
    return Wan6(address, _neighbour(IPv6Interface(f"{address}/{prefix}")), prefix)


def _neighbour(interface: IPv4Interface | IPv6Interface) -> str:
    first = interface.network.network_address + 1
    return str(first if first != interface.ip else first + 1)


def _ranges(numbers: Iterable[int]) -> str:
    """[1, 2, 3, 7] as "1-3,7"; "none" when empty."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][-1] + 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ",".join("-".join(str(n) for n in part) for part in parts) or "none"
