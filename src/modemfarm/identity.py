# SPDX-License-Identifier: GPL-3.0-or-later
"""The three names of a modem: IMEI (which one), USB path (where), ICCID (which SIM).

All of them come from devices and may be hostile, so they are checked before they become part of a
file name, a unit name or a rule. `[0-9]` and not `\\d`: the latter takes digits of other scripts.
"""

import re

from .errors import InvalidValueError

_SERIAL = re.compile(r"[0-9]{15}\Z")
_USB_PATH = re.compile(r"[0-9]{1,3}-[0-9]{1,3}(\.[0-9]{1,3}){0,6}\Z")
_ICCID = re.compile(r"[0-9]{18,20}\Z")
_IMSI = re.compile(r"[0-9]{6,15}\Z")
_APN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?\Z")
# IFNAMSIZ is 16 with the final NUL. Narrower than the kernel on purpose: no quotes, no spaces.
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}\Z")
_DEVICE_ID = re.compile(r"[0-9a-f]{20,64}\Z")


def _match(pattern: re.Pattern[str], field: str, value: object, allowed: str) -> str:
    if not isinstance(value, str) or not pattern.match(value):
        raise InvalidValueError(field, value, allowed)
    return value


def check_serial(value: object, field: str = "serial") -> str:
    """Return the IMEI or raise InvalidValueError. Luhn is not asked for: some ship a wrong one."""
    return _match(_SERIAL, field, value, "an IMEI, exactly 15 ASCII digits")


def check_usb_path(value: object, field: str = "usb_path") -> str:
    """Return the sysfs name of a USB device (bus-port[.port...]) or raise InvalidValueError."""
    return _match(_USB_PATH, field, value, "a sysfs USB device name such as 1-1 or 1-1.4.2")


def check_iccid(value: object, field: str = "iccid") -> str:
    """Return the ICCID (18 to 20 digits, ITU-T E.118) or raise InvalidValueError."""
    return _match(_ICCID, field, value, "an ICCID, 18 to 20 ASCII digits")


def check_imsi(value: object, field: str = "imsi") -> str:
    """Return the IMSI (6 to 15 digits, ITU-T E.212) or raise InvalidValueError."""
    return _match(_IMSI, field, value, "an IMSI, 6 to 15 ASCII digits")


def check_apn(value: object, field: str = "apn") -> str:
    """Return the access point name (3GPP TS 23.003 section 9: labels of a domain name)."""
    return _match(_APN, field, value, "1 to 100 letters, digits, dots, hyphens or underscores")


def check_interface(value: object, field: str = "interface") -> str:
    """Return a network interface or device node name or raise InvalidValueError."""
    return _match(_INTERFACE, field, value, "1 to 15 letters, digits, dots, hyphens, underscores")


def check_device_id(value: object, field: str = "device identifier") -> str:
    """Return ModemManager's DeviceIdentifier (a hex digest) or raise InvalidValueError."""
    return _match(_DEVICE_ID, field, value, "20 to 64 lower-case hex digits")
