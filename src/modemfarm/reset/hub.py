# SPDX-License-Identifier: GPL-3.0-or-later
"""Power of one hub port, by uhubctl, which knows which hubs really switch it.

The hub and the port follow from the modem's USB path: 1-1.4.2 is port 2 of the hub at 1-1.4, and
1-3 is port 3 of the root hub of bus 1.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..apply.host import Runner
from ..errors import MissingPartError, PermanentError, ToolError
from ..identity import check_usb_path
from ..usb import PRODUCT, VENDOR

OFF_S = 5.0  # capacitors of a stick hold it up for 1 to 3 s
TOOL_S = 15.0  # uhubctl looks again for some seconds after a switch
_HUB = re.compile(r"^Current status for hub (\S+) \[(.*)\]$", re.MULTILINE)


@dataclass(frozen=True)
class HubPort:
    """A port in the words of uhubctl: the hub's location and the port's number."""

    location: str
    port: int

    @classmethod
    def of(cls, usb_path: str) -> "HubPort":
        """The port that the device at `usb_path` hangs on."""
        bus, _, ports = check_usb_path(usb_path).partition("-")
        above, _, port = ports.rpartition(".")
        return cls(f"{bus}-{above}" if above else bus, int(port))

    def __str__(self) -> str:
        return f"port {self.port} of hub {self.location}"


def check(port: HubPort, neighbours: Iterable[str], run: Runner) -> None:
    """PermanentError unless uhubctl switches this port alone and the modem hangs on it.

    neighbours: USB paths of the other modems.
    """
    try:
        said = run(_command(port), timeout=TOOL_S)
    except MissingPartError as error:
        raise MissingPartError(error.message, "install uhubctl on the modem host") from error
    except ToolError as error:
        raise _cannot(port, f"uhubctl says: {error.message}") from error
    hubs = {match[1]: match[2].split(", ") for match in _HUB.finditer(said)}
    abilities = hubs.get(port.location, [])
    if "ganged" in abilities:
        others = [path for path in neighbours if HubPort.of(path).location == port.location]
        raise _cannot(port, f"its ports share one switch, also with {', '.join(others) or 'none'}")
    if "ppps" not in abilities:
        raise _cannot(port, "the hub does not switch power per port")
    row = re.search(rf"^  Port {port.port}: .*$", said, re.MULTILINE)
    if row is None or f"[{VENDOR}:{PRODUCT}" not in row[0]:
        raise _cannot(port, "uhubctl does not see the modem there")


def switch(port: HubPort, on: bool, run: Runner) -> None:
    """Switch it. ToolError."""
    run((*_command(port), "-a", "on" if on else "off"), timeout=TOOL_S)


def _command(port: HubPort) -> tuple[str, ...]:
    return ("uhubctl", "-l", port.location, "-p", str(port.port))


def _cannot(port: HubPort, why: str) -> PermanentError:
    return PermanentError(
        f"the power of {port} cannot be switched for one modem: {why}",
        "take the step usb, or have somebody replug the modem",
    )
