# SPDX-License-Identifier: GPL-3.0-or-later
"""The carrier: a network namespace with one TUN device and the services behind it."""

import asyncio
import contextlib
import os
from dataclasses import dataclass
from typing import Any

from modemlab.carrier import addresses as adr
from modemlab.carrier.counters import LineCounters
from modemlab.carrier.dns import Query, Zone
from modemlab.carrier.http import Request, View
from modemlab.carrier.line import Line, ModemLike
from modemlab.carrier.netns import Inside, ensure, ip_batch, remove
from modemlab.carrier.services import Services
from modemlab.carrier.tun import PACKET_MAX, open_tun

MTU = 1500  # as QMI reports it to the host
BURST = 64  # packets read from the TUN before the event loop gets its turn


@dataclass(frozen=True, slots=True)
class CarrierPlan:
    """Names in the kernel; tests use others than the lab."""

    netns: str = "carrier"
    tun: str = "carrier0"


def lab_zone() -> Zone:
    """The names the carrier's DNS knows from the start."""
    return Zone({"*.lab.test": (adr.HTTP_V4, adr.HTTP_V6), "lab.test": (adr.HTTP_V4, adr.HTTP_V6)})


class Carrier:
    """Connects modems with the carrier's services. Start and use it in one event loop."""

    def __init__(self, plan: CarrierPlan | None = None) -> None:
        self.plan = plan or CarrierPlan()
        self.zone = lab_zone()
        self.inside = Inside(self.plan.netns)
        self._lines: dict[int, Line] = {}
        self._by_v4: dict[bytes, Line] = {}
        self._by_v6: dict[bytes, Line] = {}
        self._services = Services(self.inside, self._view, self._resolve)
        self._tun: int | None = None

    async def start(self) -> None:
        """Build the namespace, the TUN and the services. Raises NetnsError or OSError.

        A namespace that an earlier run left behind is used again.
        """
        ensure(self.plan.netns)
        self._tun = await self.inside.acall(lambda: open_tun(self.plan.tun))
        ip_batch(self._commands(), self.plan.netns)
        asyncio.get_running_loop().add_reader(self._tun, self._readable)
        await self._services.start(adr.SERVICES_V4 + adr.SERVICES_V6, adr.DNS_V4, adr.DNS_V6)

    def _commands(self) -> list[str]:
        tun = self.plan.tun
        return [
            *(f"addr replace {a}/32 dev lo" for a in adr.SERVICES_V4),
            *(f"addr replace {a}/128 dev lo nodad" for a in adr.SERVICES_V6),
            f"link set {tun} mtu {MTU} addrgenmode none",
            f"link set {tun} up",
            f"route replace {adr.LINES_V4} dev {tun}",
            f"route replace {adr.LINES_V6} dev {tun}",
        ]

    async def stop(self) -> None:
        """End services, TUN and namespace."""
        await self._services.stop()
        if self._tun is not None:
            asyncio.get_running_loop().remove_reader(self._tun)
            os.close(self._tun)
            self._tun = None
        self.inside.close()
        remove(self.plan.netns)

    def connect(self, modem: ModemLike) -> None:
        """Give `modem` a line; its uplink leads here from now on."""
        number = modem.number
        line = Line(modem, self._transmit)
        self._lines[number] = line
        self._by_v4[adr.line_v4(number)] = line
        self._by_v6[adr.line_v6(number)] = line
        modem.uplink = line.uplink

    def disconnect(self, modem: ModemLike) -> None:
        """Take the line of `modem` away, with its counters."""
        number = modem.number
        self._lines.pop(number, None)
        self._by_v4.pop(adr.line_v4(number), None)
        self._by_v6.pop(adr.line_v6(number), None)
        modem.uplink = None

    def counters(self) -> dict[int, dict[str, Any]]:
        """Counters of every line by modem number, with its present WAN address."""
        return {
            number: {"wan": line.wan_address, **line.counters.as_dict()}
            for number, line in sorted(self._lines.items())
        }

    def reset_counters(self) -> None:
        """Set all counters back to nothing."""
        for line in self._lines.values():
            line.counters = LineCounters()

    def _transmit(self, packet: bytearray) -> bool:
        if self._tun is None:
            return False
        try:
            os.write(self._tun, packet)
        except OSError:
            return False  # a full queue or a device that is down loses packets, as a network does
        return True

    def _readable(self) -> None:
        if self._tun is None:
            return
        with contextlib.suppress(BlockingIOError):
            for _ in range(BURST):
                packet = os.read(self._tun, PACKET_MAX)
                version = packet[0] >> 4
                if version == 4:
                    line = self._by_v4.get(packet[16:20])
                else:
                    line = self._by_v6.get(packet[24:32])
                if line is not None:
                    line.downlink(packet)

    def _line_of(self, caller: str) -> Line | None:
        number = adr.number_of(caller)
        return None if number is None else self._lines.get(number)

    def _view(self, caller: str, called: str, _request: Request) -> View:
        """The modem's WAN address; a wrong view when the name was resolved on the LAN side."""
        line = self._line_of(caller)
        if line is None:
            return View(caller)
        line.counters.http_requests += 1
        body = line.wan_v6(caller) if ":" in caller else line.wan_address
        if called in (adr.LAN_DNS_V4, adr.LAN_DNS_V6):
            body = "view=lan-dns"
        return View(body, (("X-Lab-Modem", str(line.modem.number)),))

    def _resolve(self, caller: str, query: Query) -> bytes:
        line = self._line_of(caller)
        if line is not None:
            line.counters.dns(query.name)
        return self.zone.answer(query)
