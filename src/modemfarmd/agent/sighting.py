# SPDX-License-Identifier: GPL-3.0-or-later
"""What a look at the bus says of one modem: how it is seen, and what happened to it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modemfarm.hold import Hold
from modemfarm.snapshot import ModemRecord

from ..registry.model import Event, Observation, Place
from .states import State

if TYPE_CHECKING:
    from .farm import Found, Modem

LINKS = "/dev/modems"  # made by the farm's udev rules
QUARANTINED = State.QUARANTINED


def record_of(seen: Observation, place: Place, hold: Hold | None) -> ModemRecord:
    """A modem's part of the snapshot."""
    return ModemRecord(
        serial=seen.serial,
        slot=place.slot,
        usb_path=seen.usb_path,
        iccid=seen.iccid,
        apn=place.apn,
        policy=place.policy,
        present=seen.present,
        sim_open=seen.present and seen.imsi is not None,
        hold=hold,
    )


def observed(found: Found, before: Modem | None) -> Observation:
    """What is seen of a modem that is there; it stands as before unless it is new or restarted."""
    usb, identity = found.device.usb, found.identity
    same = before is not None and before.seen.present and before.devnum == found.device.devnum
    standing = before.seen if same and before is not None else None
    seen = Observation(
        serial=identity.imei,
        present=True,
        usb_path=usb.path,
        path=f"{LINKS}/{identity.imei}",
        at_port=usb.at_tty,
        qmi_port=usb.cdc_wdm,
        interface=usb.net,
        iccid=identity.iccid,
        imsi=identity.imsi,
        manufacturer="Quectel",
        model=identity.model,
        revision=identity.revision,
        state=str(State.APPLYING),
        reason="just seen" if found.sim is None else found.sim.reason,
        remedy=None if found.sim is None else found.sim.remedy,
    )
    if standing is None and before is not None and before.repairing:
        return replace(seen, state=str(State.REPAIRING), reason=before.seen.reason, remedy=None)
    if standing is None:
        return seen
    return replace(
        seen, status=standing.status, state=standing.state, reason=standing.reason,
        remedy=standing.remedy,
    )  # fmt: skip


def twins(serial: str, items: list[Found], before: Modem | None) -> Observation:
    """Several devices say that they are this one: none of them is used."""
    places = " and ".join(sorted(item.device.usb.path for item in items))
    seen = before.seen if before is not None else observed(items[0], None)
    return replace(
        seen, present=False, status="error", state=str(QUARANTINED), interface=None,
        reason=f"the IMEI {serial} is at {places}",
        remedy="unplug all of them but one; an IMEI that two modems share was cloned",
    )  # fmt: skip


def differences(modem: Modem, seen: Observation, devnum: str) -> list[Event]:
    """What happened to a modem, by how it was and how it is seen now."""
    before = modem.seen
    events = []
    if seen.state == QUARANTINED:
        if before.state != QUARANTINED:
            events.append(Event("duplicate-imei", seen.serial, {"reason": seen.reason}))
        return events
    if not before.present:
        events.append(event("plugged", seen))
    elif modem.devnum != devnum:
        events.append(event("restarted", seen))
    if before.usb_path is not None and before.usb_path != seen.usb_path:
        detail = {"usb_path": seen.usb_path, "before": before.usb_path}
        events.append(Event("moved", seen.serial, detail))
    if before.iccid and seen.iccid is None and before.present and modem.devnum == devnum:
        events.append(Event("sim-unreadable", seen.serial, {"before": before.iccid}))
    if modem.card and seen.iccid and modem.card != seen.iccid:
        detail = {"iccid": seen.iccid, "before": modem.card}
        events.append(Event("sim-swapped", seen.serial, detail))
    return events


def event(kind: str, seen: Observation) -> Event:
    """Something that happened at a place."""
    return Event(kind, seen.serial, {"usb_path": seen.usb_path})
