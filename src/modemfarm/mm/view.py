# SPDX-License-Identifier: GPL-3.0-or-later
"""What ModemManager sees of a modem: identity, registration, signal and its bearer. Only reads.

Properties: introspection of org.freedesktop.ModemManager1.{Modem,Modem.Modem3gpp,Sim,Bearer};
numbers: ModemManager-enums.h.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..dbus.connection import Bus
from ..errors import AnswerUnreadableError, FarmError, PortGoneError
from .access import Operation, as_dict
from .find import find, get_all
from .objects import FAILED, FAILED_REASONS, LOCKS, MODEM, NETWORK, REGISTRATIONS, SERVICE

SIM = f"{SERVICE}.Sim"
BEARER = f"{SERVICE}.Bearer"
STATES = {
    -1: "failed", 0: "unknown", 1: "initializing", 2: "locked", 3: "disabled", 4: "disabling",
    5: "enabling", 6: "enabled", 7: "searching", 8: "registered", 9: "disconnecting",
    10: "connecting", 11: "connected",
}  # fmt: skip
TECHNOLOGIES = (
    "pots", "gsm", "gsm-compact", "gprs", "edge", "umts", "hsdpa", "hsupa", "hspa", "hspa-plus",
    "1xrtt", "evdo0", "evdoa", "evdob", "lte", "5gnr", "lte-cat-m", "lte-nb-iot",
)  # fmt: skip
METHODS = {1: "ppp", 2: "static", 3: "dhcp"}
_NO_OBJECT = "/"


@dataclass(frozen=True)
class Bearer:
    """A connected bearer. Bytes and seconds are of this connection; ModemManager asks the modem for
    them every 30 s, so they may be that old; None where it has none yet.
    """

    interface: str | None
    apn: str | None
    method: str | None
    address: str | None
    prefix: int | None
    gateway: str | None
    rx_bytes: int | None
    tx_bytes: int | None
    seconds: int | None


@dataclass(frozen=True)
class View:
    """One modem. `signal` is in per cent; `bearer` is None while nothing is connected."""

    imei: str
    usb_path: str
    iccid: str | None
    imsi: str | None
    state: str
    failed_reason: str | None
    lock: str | None
    registration: str | None
    operator_code: str | None
    operator_name: str | None
    technologies: tuple[str, ...]
    signal: int | None
    bearer: Bearer | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and Ansible."""
        return {**asdict(self), "technologies": list(self.technologies)}


def view(serial: str | None, usb_path: str | None = None, bus: Callable[[], Bus] = Bus) -> View:
    """Read one modem; errors as `find.find`, AnswerUnreadableError."""
    with bus() as opened:
        operation = Operation(opened, find(opened, serial, usb_path), "view")
        try:
            return _view(operation)
        except (TypeError, ValueError, IndexError) as error:
            raise AnswerUnreadableError(
                f"ModemManager's view is unreadable: {error}", "see its version"
            ).about(serial, "view") from error


def _view(operation: Operation) -> View:
    path = operation.modem.path
    modem = operation.properties(path, MODEM)
    network = operation.properties(path, NETWORK) if NETWORK in operation.modem.offers else {}
    sim_path = str(modem.get("Sim", _NO_OBJECT))
    sim = operation.properties(sim_path, SIM) if sim_path != _NO_OBJECT else {}
    state = int(modem.get("State", 0))
    registration = network.get("RegistrationState")
    return View(
        imei=str(modem.get("EquipmentIdentifier", "")),
        usb_path=operation.modem.usb_path,
        iccid=_text(sim, "SimIdentifier"),
        imsi=_text(sim, "Imsi"),
        state=STATES.get(state, f"state {state}"),
        failed_reason=FAILED_REASONS.get(operation.modem.failed_reason)
        if state == FAILED
        else None,
        lock=LOCKS.get(int(modem.get("UnlockRequired", 0))),
        registration=None if registration is None else REGISTRATIONS.get(int(registration)),
        operator_code=_text(network, "OperatorCode"),
        operator_name=_text(network, "OperatorName"),
        technologies=_technologies(int(modem.get("AccessTechnologies", 0))),
        signal=int(modem["SignalQuality"][0]) if "SignalQuality" in modem else None,
        bearer=_bearer(operation, [str(item) for item in modem.get("Bearers", [])]),
    )


def _bearer(operation: Operation, paths: list[str]) -> Bearer | None:
    for answer in operation.answers([get_all(path, BEARER) for path in paths]):
        if isinstance(answer, PortGoneError):
            continue  # it was deleted between the two questions
        if isinstance(answer, FarmError):
            raise answer
        found = as_dict(answer)
        if found.get("Connected"):
            return parse_bearer(found)
    return None


def parse_bearer(found: Mapping[str, Any]) -> Bearer:
    """A bearer from its properties."""
    ip, statistics = found.get("Ip4Config", {}), found.get("Stats", {})
    return Bearer(
        interface=_text(found, "Interface"),
        apn=_text(found.get("Properties", {}), "apn"),
        method=METHODS.get(int(ip.get("method", 0))),
        address=_text(ip, "address"),
        prefix=_number(ip, "prefix"),
        gateway=_text(ip, "gateway"),
        rx_bytes=_number(statistics, "rx-bytes"),
        tx_bytes=_number(statistics, "tx-bytes"),
        seconds=_number(statistics, "duration"),
    )


def _technologies(mask: int) -> tuple[str, ...]:
    return tuple(name for bit, name in enumerate(TECHNOLOGIES) if mask >> bit & 1)


def _text(properties: Mapping[str, Any], name: str) -> str | None:
    return str(properties.get(name, "")) or None


def _number(properties: Mapping[str, Any], name: str) -> int | None:
    return int(properties[name]) if name in properties else None
