# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the device management service (DMS): who the modem is and whether it is on."""

from dataclasses import dataclass

from ..errors import InvalidValueError
from ..identity import check_iccid, check_serial
from .text import Node
from .values import required, state, switch, text, unreadable


@dataclass(frozen=True)
class DeviceIds:
    """`serial` is the IMEI, 15 digits; `esn` and `meid` are None on modems without CDMA."""

    serial: str
    imei_sv: str | None
    esn: str | None
    meid: str | None


@dataclass(frozen=True)
class Manufacturer:
    """As the modem's firmware names it, which is the chip's maker on an EC25."""

    manufacturer: str


@dataclass(frozen=True)
class Model:
    """As the modem's firmware names it, not the type of AT+CGMM."""

    model: str


@dataclass(frozen=True)
class Revision:
    """Firmware, such as EC25EUXGAR08A13M1G."""

    revision: str


@dataclass(frozen=True)
class OperatingMode:
    """`mode`: online, low-power, offline, reset, ...; `reason` why it is off, where it says so."""

    mode: str
    hardware_restricted: bool | None
    reason: str | None


@dataclass(frozen=True)
class Msisdn:
    """The SIM's own number; many SIMs do not know it."""

    msisdn: str | None


@dataclass(frozen=True)
class Iccid:
    """The number of the SIM, 18 to 20 digits."""

    iccid: str


def device_ids(tree: Node) -> DeviceIds:
    """dms-get-ids."""
    try:
        serial = check_serial(required(tree, "IMEI"), "IMEI")
    except InvalidValueError as error:
        raise unreadable(f"a bad {error.message}") from error
    # "0" is how a modem without CDMA says that it has no ESN.
    esn = text(tree, "ESN")
    return DeviceIds(serial, text(tree, "IMEI SV"), None if esn == "0" else esn, text(tree, "MEID"))


def manufacturer(tree: Node) -> Manufacturer:
    """dms-get-manufacturer."""
    return Manufacturer(required(tree, "Manufacturer"))


def model(tree: Node) -> Model:
    """dms-get-model."""
    return Model(required(tree, "Model"))


def revision(tree: Node) -> Revision:
    """dms-get-revision."""
    return Revision(required(tree, "Revision"))


def operating_mode(tree: Node) -> OperatingMode:
    """dms-get-operating-mode."""
    return OperatingMode(state(tree, "Mode"), switch(tree, "HW restricted"), text(tree, "Reason"))


def msisdn(tree: Node) -> Msisdn:
    """dms-get-msisdn."""
    return Msisdn(text(tree, "MSISDN"))


def iccid(tree: Node) -> Iccid:
    """dms-uim-get-iccid, and uim-get-slot-status for modems without the former."""
    try:
        return Iccid(check_iccid(required(tree, "ICCID")))
    except InvalidValueError as error:
        raise unreadable(f"a bad {error.message}") from error
