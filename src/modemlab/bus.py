# SPDX-License-Identifier: GPL-3.0-or-later
"""The bus of the lab host: USB ports of vhci-hcd."""

from modemlab.faces import vhci
from modemlab.modem.modem import Modem


class VhciBus:
    """Plugs modems into vhci ports; a modem itself says where it is."""

    async def attach(self, modem: Modem, port: int | None) -> int:
        """Plug in, at `port` or the first free one. Raises OSError or LabError."""
        return await vhci.attach(modem, port)

    async def detach(self, port: int) -> None:
        """Pull out what is at `port`. Raises OSError."""
        vhci.detach(port)

    def port_of(self, modem: Modem) -> int | None:
        """Where the modem is, None when it is not plugged in."""
        return modem.port if modem.plugged else None
