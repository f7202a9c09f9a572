# SPDX-License-Identifier: GPL-3.0-or-later
"""The bus of the lab host: USB ports of vhci-hcd."""

import asyncio
from pathlib import Path

from modemlab.faces import vhci
from modemlab.modem.errors import LabError
from modemlab.modem.modem import Modem

# The kernel takes the drivers of a pulled modem down after it has closed our socket; under
# emulation, with 30 modems at once, that has been seconds.
GONE_CAP_S, GONE_POLL_S = 15.0, 0.02
IN_USE = "006"  # VDEV_ST_USED, linux drivers/usb/usbip/usbip_common.h


class VhciBus:
    """Plugs modems into vhci ports; a modem itself says where it is."""

    def __init__(self, controller: Path = vhci.CONTROLLER) -> None:
        self._controller = controller
        self._choosing = asyncio.Lock()

    async def attach(self, modem: Modem, port: int | None) -> int:
        """Plug in, at `port` or the first free one. Raises LabError."""
        async with self._choosing:  # or two would choose the same free port
            return await vhci.attach(modem, port, self._controller)

    async def detach(self, modem: Modem) -> None:
        """Pull the modem out and wait until the kernel has let go of it. Raises LabError."""
        if modem.port is None:
            return
        name = self.usb_paths().get(modem.port)
        vhci.detach(modem.port, self._controller)
        try:
            async with asyncio.timeout(GONE_CAP_S):
                while modem.plugged or self._is_there(name):
                    await asyncio.sleep(GONE_POLL_S)
        except TimeoutError:
            raise LabError(f"modem {modem.number} is still there after {GONE_CAP_S:g} s") from None

    def _is_there(self, name: str | None) -> bool:
        """Whether the kernel still has the USB device of that name (as 1-1)."""
        return name is not None and any(self._controller.glob(f"usb*/{name}"))

    def port_of(self, modem: Modem) -> int | None:
        """Where the modem is, None when it is not plugged in."""
        return modem.port if modem.plugged else None

    def usb_paths(self) -> dict[int, str]:
        """Kernel names of the USB devices (as 1-1) by port, for the ports in use."""
        found = {}
        for file in self._controller.glob("status*"):
            for line in file.read_text().splitlines()[1:]:
                columns = line.split()
                if len(columns) >= 7 and columns[2] == IN_USE:
                    found[int(columns[1])] = columns[6]
        return found
