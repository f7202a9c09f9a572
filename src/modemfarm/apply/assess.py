# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a modem stands on its way to the network, from one look at all services. Pure.

Each verdict that is not "go on" has a reason for people and a remedy.
"""

from dataclasses import dataclass
from enum import Enum

from ..errors import FarmError
from ..mm import objects as mm
from ..usb import UsbModem
from . import networkmanager as nm
from .host import Managers
from .profile import profile_id

LOCKED = "sim lock"  # stage of the verdict on a SIM that, by ModemManager, wants its PIN


class Kind(Enum):
    """What to do next."""

    WAIT = "wait"
    FAIL = "fail"
    OFFLINE = "offline"
    ACTIVATE = "activate"
    UP = "up"


@dataclass(frozen=True)
class Verdict:
    """A kind with its reason; device_id and control are set for ACTIVATE and UP."""

    kind: Kind
    reason: str = ""
    remedy: str = ""
    stage: str = ""  # what it waits for: ports, modemmanager, bearer
    control: str = ""
    device_id: str = ""


def assess(serial: str, usb_path: str, usb: UsbModem | None, managers: Managers) -> Verdict:
    """The verdict on one modem that should be online."""
    found = _ports(usb_path, usb)
    if found is not None or usb is None:
        return found or Verdict(Kind.OFFLINE)
    modem = _object(usb_path, managers)
    if isinstance(modem, Verdict):
        return modem
    return (
        _identity(serial, usb_path, usb, modem)
        or _sim(modem)
        or _device(serial, usb, modem, managers.network)
    )


def _wait(stage: str, reason: str, remedy: str) -> Verdict:
    return Verdict(Kind.WAIT, reason, remedy, stage)


def _fail(reason: str, remedy: str) -> Verdict:
    return Verdict(Kind.FAIL, reason, remedy)


def _ports(usb_path: str, usb: UsbModem | None) -> Verdict | None:
    if usb is None:
        return Verdict(
            Kind.OFFLINE, f"no EC25 at USB path {usb_path}", "plug the modem in, check the hub"
        )
    if usb.composition not in ("qmi", "unknown"):
        return _fail(
            f"wrong composition: {usb.composition}, the farm needs qmi",
            'set it with AT+QCFG="usbnet",0 and restart the modem',
        )
    if usb.cdc_wdm is None or usb.net is None:
        missing = "cdc-wdm device" if usb.cdc_wdm is None else "network interface"
        return _wait(
            "ports", f"the {missing} has not appeared", "check that qmi_wwan is loaded, replug"
        )
    return None


def _object(usb_path: str, managers: Managers) -> mm.MmModem | Verdict:
    if isinstance(managers.modems, FarmError):
        return _wait(
            "modemmanager",
            f"ModemManager does not answer: {managers.modems.message}",
            "systemctl status ModemManager",
        )
    modem = managers.modems.get(usb_path)
    if modem is None:
        return _wait(
            "modemmanager",
            "ModemManager has not seen it",
            "wait; after minutes see `journalctl -u ModemManager` and replug",
        )
    return modem


# A data port that came after ModemManager had made its modem is not taken by it any more: only a
# modem that leaves the bus and comes back is made anew.
MISDRIVEN = "ModemManager drives it through"


def _identity(serial: str, usb_path: str, usb: UsbModem, modem: mm.MmModem) -> Verdict | None:
    if not modem.imei:
        return _wait("modemmanager", "ModemManager is still reading it", "wait")
    if modem.imei != serial:
        return _fail(
            f"another modem sits at USB path {usb_path} (IMEI {modem.imei[:20]!r})",
            "wait for the agent to identify it; if it stays, replug it",
        )
    if modem.control is not None and modem.control != usb.cdc_wdm:
        return _fail(
            f"{MISDRIVEN} {modem.control}, not through {usb.cdc_wdm}",
            "check the farm's udev rules, then replug the modem",
        )
    return None


# What ModemManager's words mean for the person in front of the modem.
_SIM_REMEDIES = {
    mm.LOCK_PIN: "enter the PIN once in the farm's settings of this SIM",
    mm.LOCK_PUK: "unlock the SIM in a telephone with its PUK; the farm never does",
}


def _sim(modem: mm.MmModem) -> Verdict | None:
    if modem.state == mm.FAILED:
        reason = mm.FAILED_REASONS.get(modem.failed_reason, "unknown error")
        if modem.failed_reason == mm.SIM_MISSING:
            return _fail("no SIM", "insert a SIM card, then replug the modem")
        return _fail(f"ModemManager gave up: {reason}", "check the SIM card, restart the modem")
    if modem.state == mm.LOCKED:
        reason = mm.LOCKS.get(modem.lock, f"SIM lock {modem.lock}")
        stage = LOCKED if modem.lock == mm.LOCK_PIN else ""
        remedy = _SIM_REMEDIES.get(modem.lock, "ask the operator of the SIM")
        return Verdict(Kind.FAIL, reason, remedy, stage)
    if modem.state in (mm.UNKNOWN, mm.INITIALIZING):
        return _wait("modemmanager", "ModemManager is still initialising it", "wait")
    return None


def _device(
    serial: str, usb: UsbModem, modem: mm.MmModem, network: nm.NmState | FarmError
) -> Verdict:
    control = usb.cdc_wdm or ""
    if isinstance(network, FarmError):
        return _wait(
            "bearer",
            f"NetworkManager does not answer: {network.message}",
            "systemctl status NetworkManager",
        )
    device = network.devices.get(control)
    if device is None:
        return _wait("bearer", f"NetworkManager has not seen {control}", "wait")
    if device.state == nm.UNMANAGED:
        return _fail(
            f"NetworkManager does not manage {control}", "run the role modemmanager on this host"
        )
    if device.state < nm.DISCONNECTED:
        return _wait("bearer", f"NetworkManager cannot use {control} yet", "wait")
    if device.profile == profile_id(serial) and nm.DISCONNECTED < device.state < nm.FAILED:
        if device.state == nm.ACTIVATED:
            return Verdict(Kind.UP, control=control, device_id=modem.device_id)
        return _wait("bearer", "the bearer is being set up", "wait")
    return Verdict(Kind.ACTIVATE, control=control, device_id=modem.device_id)


# NMDeviceStateReason: what no second try mends.
_DEFINITIVE = {
    31: ("the network denied registration", "ask the operator of the SIM"),
    45: ("no SIM", "insert a SIM card, then replug the modem"),
    46: ("PIN required", _SIM_REMEDIES[mm.LOCK_PIN]),
    47: ("PUK required", _SIM_REMEDIES[mm.LOCK_PUK]),
}


def explain_refusal(said: str, reason: int | None, modem: mm.MmModem | None) -> Verdict:
    """Why an activation ended: FAIL when no further try helps now, else WAIT.

    `reason` is the device's NMDeviceStateReason where it was told, `said` the words of an error.
    """
    if reason in _DEFINITIVE:
        return _fail(*_DEFINITIVE[reason])
    if modem is not None and modem.registration == mm.REGISTRATION_DENIED:
        return _fail(*_DEFINITIVE[31])
    unregistered = _unregistered(modem)
    if unregistered is not None:
        return unregistered
    words = nm.REASONS.get(reason, f"reason {reason}") if reason is not None else said
    return _wait("bearer", f"bearer refused: {words}", "check the APN and the SIM's contract")


def waiting_for_bearer(modem: mm.MmModem | None) -> Verdict:
    """What a running activation waits for."""
    return _unregistered(modem) or _wait("bearer", "the bearer is being set up", "wait")


def _unregistered(modem: mm.MmModem | None) -> Verdict | None:
    if modem is None or modem.state >= mm.REGISTERED:
        return None
    registration = mm.REGISTRATIONS.get(modem.registration or 0, "unknown")
    return _wait(
        "registration",
        f"not registered: {registration}",
        "check antenna, coverage and the SIM's contract",
    )
