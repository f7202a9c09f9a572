# SPDX-License-Identifier: GPL-3.0-or-later
"""The ModemManager object of one modem, looked up anew each time: its number changes."""

from collections.abc import Iterable, Sequence

from ..dbus.connection import Bus, BusError, Call
from ..dbus.wire import WireError, managed_objects
from ..errors import FarmError, PortGoneError, ToolError
from .failures import STATUS, explain
from .objects import FAILED, FAILED_REASONS, LOCKED, MODEM, READ, SERVICE, MmModem, parse_modems

PROPERTIES = "org.freedesktop.DBus.Properties"


def modems(bus: Bus) -> dict[str, MmModem]:
    """All modems by USB path. MissingPartError without ModemManager, ToolError."""
    try:
        # Presence of an interface counts, so all are read; one farm's answer is 200 kB.
        return parse_modems(managed_objects(bus.call(READ), _is_of_modem))
    except WireError as error:
        raise _unreadable(error) from error
    except BusError as error:
        raise explain(error, "any", "GetManagedObjects") from error
    except (TypeError, ValueError) as error:
        raise _unreadable(error) from error


def find(bus: Bus, serial: str | None, usb_path: str | None = None) -> MmModem:
    """The modem with this IMEI, and at this USB path where one is given; one of both is needed.

    ToolError, naming what ModemManager knows, for a modem that it does not know; PortGoneError
    when the modem sits elsewhere.
    """
    known = modems(bus).values()
    found = [m for m in known if serial in (None, m.imei)]
    there = [m for m in found if usb_path in (None, m.usb_path)]
    if len(there) == 1:
        return there[0]
    raise _not_found(serial, usb_path, found if serial else [], known).about(serial or usb_path)


def need(modem: MmModem, interface: str, what: str) -> None:
    """ToolError, saying in which state the modem is, when its object does not offer `interface`."""
    if interface in modem.offers:
        return
    why = "ModemManager does not offer it"
    if modem.state == LOCKED:
        why = "the SIM is locked"
    elif modem.state == FAILED:
        why = FAILED_REASONS.get(modem.failed_reason, "unknown error")
    raise ToolError(
        f"modem {modem.imei} has no {what}: {why}", "look at its state with modem_info"
    ).about(modem.imei)


def get_all(path: str, interface: str) -> Call:
    """Read all properties of one interface of an object; answers a{sv}."""
    return Call(SERVICE, path, PROPERTIES, "GetAll", "s", (interface,))


def _is_of_modem(name: str) -> bool:
    return name == MODEM or name.startswith(f"{MODEM}.")


def _not_found(
    serial: str | None, usb_path: str | None, found: Sequence[MmModem], known: Iterable[MmModem]
) -> FarmError:
    places = " and ".join(sorted(modem.usb_path for modem in found))
    if len(found) == 1:
        return PortGoneError(
            f"modem {serial} has left USB path {usb_path}; it is at {places} now",
            "wait until the agent has seen it",
        )
    if found:  # some makers give one IMEI to many modems
        return ToolError(f"IMEI {serial} is at USB paths {places}", "name the USB path as well")
    imeis = ", ".join(sorted(modem.imei or "unknown IMEI" for modem in known)) or "none"
    return ToolError(
        f"ModemManager does not know modem {serial or usb_path}; it knows {imeis}",
        "wait until it has probed the modem; see `mmcli -L` and `journalctl -u ModemManager`",
    )


def _unreadable(error: Exception) -> FarmError:
    return ToolError(f"ModemManager's answer is unreadable: {error}", f"{STATUS}; its version")
