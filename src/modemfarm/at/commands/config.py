# SPDX-License-Identifier: GPL-3.0-or-later
"""Stored settings of the modem (AT+QCFG, EC25 manual). Reading only: writing is the lifecycle's."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from ..answers import Fields, first, unreadable
from ..session import AtSession

T = TypeVar("T")

COMPOSITIONS = ("qmi", "ecm", "mbim", "rndis")  # "usbnet" 0 to 3
# Bits of the first mask of "band" (EC25 manual).
GSM_UMTS_BANDS = (
    "GSM 900", "GSM 1800", "GSM 850", "GSM 1900", "WCDMA 2100", "WCDMA 1900", "WCDMA 850",
    "WCDMA 900", "WCDMA 800", "WCDMA 1700",
)  # fmt: skip
MASK_MAX = 2**256 - 1
USB_FUNCTIONS = ("diag", "nmea", "at", "modem", "net", "adb", "uac")
_ORDER = {
    "00": "automatic", "01": "GSM", "02": "TD-SCDMA", "03": "WCDMA", "04": "LTE", "05": "CDMA",
}  # fmt: skip
_SEQUENCE = re.compile(r"(?:0[0-5]){1,8}\Z")


class ScanMode(Enum):
    """Which technologies the modem looks for ("nwscanmode")."""

    AUTOMATIC = 0
    GSM = 1
    WCDMA = 2
    LTE = 3
    TDSCDMA = 4
    UMTS = 5
    OTHER = -1


@dataclass(frozen=True)
class UsbIdentity:
    """Vendor and product id, and which USB functions are on; None for one it does not name."""

    vendor: int
    product: int
    diag: bool | None
    nmea: bool | None
    at: bool | None
    modem: bool | None
    net: bool | None
    adb: bool | None
    uac: bool | None


@dataclass(frozen=True)
class Bands:
    """Bands the modem may use: GSM and WCDMA by name, LTE by number."""

    gsm_umts: tuple[str, ...]
    lte: tuple[int, ...]
    gsm_umts_mask: int
    lte_mask: int


def composition(session: AtSession) -> str:
    """AT+QCFG="usbnet": qmi, ecm, mbim or rndis; what it will be after the next restart."""
    last = len(COMPOSITIONS) - 1
    return COMPOSITIONS[setting(session, "usbnet", lambda fields: fields.number(1, 0, last))]


def usb_identity(session: AtSession) -> UsbIdentity:
    """AT+QCFG="usbcfg": `0x2C7C,0x0125,1,1,1,1,1,0,0`; some firmwares leave the last ones out."""
    return setting(session, "usbcfg", _usb_identity)


def bands(session: AtSession) -> Bands:
    """AT+QCFG="band": `0xd0,0x1e200000095[,0x0]`; the third mask, TD-SCDMA, is not given on."""
    return setting(session, "band", _bands)


def scan_mode(session: AtSession) -> ScanMode:
    """AT+QCFG="nwscanmode"."""
    value = setting(session, "nwscanmode", lambda fields: fields.number(1, 0, 99))
    return ScanMode(value) if value <= 5 else ScanMode.OTHER


def scan_order(session: AtSession) -> tuple[str, ...]:
    """AT+QCFG="nwscanseq": technologies in the order in which the modem looks for them."""
    return setting(session, "nwscanseq", _scan_order)


def setting(session: AtSession, name: str, read: Callable[[Fields], T]) -> T:
    """AT+QCFG="name": what `read` makes of `"name",value...`."""

    def named(fields: Fields) -> T:
        if fields.text(0).lower() != name:
            unreadable(f"this is not {name}")
        return read(fields)

    return first(session, f'AT+QCFG="{name}"', "+QCFG", named)


def _usb_identity(fields: Fields) -> UsbIdentity:
    on = [fields.maybe_number(place, 0, 1) for place in range(3, 3 + len(USB_FUNCTIONS))]
    flags = (None if value is None else value == 1 for value in on)
    vendor, product = fields.hexadecimal(1, 0xFFFF), fields.hexadecimal(2, 0xFFFF)
    return UsbIdentity(vendor, product, *flags)


def _bands(fields: Fields) -> Bands:
    older, lte = fields.hexadecimal(1, MASK_MAX), fields.hexadecimal(2, MASK_MAX)
    names = tuple(name for bit, name in enumerate(GSM_UMTS_BANDS) if older >> bit & 1)
    numbers = tuple(bit + 1 for bit in range(lte.bit_length()) if lte >> bit & 1)
    return Bands(names, numbers, older, lte)


def _scan_order(fields: Fields) -> tuple[str, ...]:
    codes = fields.raw(1)
    if not _SEQUENCE.match(codes):
        unreadable(f"{codes[:20]!r} is no order of technologies")
    return tuple(_ORDER[codes[place : place + 2]] for place in range(0, len(codes), 2))
