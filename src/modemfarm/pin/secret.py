# SPDX-License-Identifier: GPL-3.0-or-later
"""A PIN, and the PINs a host was given (/etc/modemfarm/pins.json, written by the role agent).

A PIN is in no log, error, argument list or database: it goes from the file to the port.
"""

import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from ..errors import InvalidValueError, SettingsError
from ..identity import check_iccid

DEFAULT_PATH = Path("/etc/modemfarm/pins.json")
DEFAULT_KEY = "default"
MAX_BYTES = 100_000  # 120 SIMs need 4 kB
_PIN = re.compile(r"[0-9]{4,8}\Z")  # 3GPP TS 31.101 section 9.5; digits of other scripts are none
_REMEDY = "correct agent_sim_pins and run the role agent"


class Pin:
    """4 to 8 digits. Nothing shows them but `reveal`. InvalidValueError without the value."""

    __slots__ = ("_digits",)

    def __init__(self, digits: object) -> None:
        if not isinstance(digits, str) or not _PIN.match(digits):
            raise InvalidValueError("PIN", "****", "a text of 4 to 8 ASCII digits")
        self._digits = digits

    def reveal(self) -> str:
        """The digits, for the port and the keyed hash only."""
        return self._digits

    def __repr__(self) -> str:
        return "Pin(****)"

    def __reduce__(self) -> str:
        raise TypeError("a PIN is not written anywhere")


class Pins:
    """PINs by ICCID, and perhaps one for all other SIMs."""

    def __init__(self, by_iccid: Mapping[str, Pin], default: Pin | None = None) -> None:
        self._by_iccid = dict(by_iccid)
        self._default = default

    def of(self, iccid: str) -> Pin | None:
        """The PIN of a SIM; None when nobody gave one."""
        return self._by_iccid.get(iccid, self._default)


def read_pins(path: Path = DEFAULT_PATH) -> Pins:
    """The PINs of this host; none when there is no file.

    SettingsError when the file is damaged, or others may read it.
    """
    try:
        raw = _read(path)
    except FileNotFoundError:
        return Pins({})
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}", _REMEDY) from error
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        # Not chained: the parser's error holds the text.
        raise SettingsError(f"{path} is not JSON", _REMEDY) from None
    return _pins(path, document)


def _read(path: Path) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode) or mode & 0o077:
            raise SettingsError(f"{path} may be read by others", f"chmod 600 {path}")
        return stream.read(MAX_BYTES)


def _pins(path: Path, document: object) -> Pins:
    if not isinstance(document, dict):
        raise SettingsError(f"{path} is not a JSON object", _REMEDY)
    found = {key: _pin(path, key, value) for key, value in document.items()}
    default = found.pop(DEFAULT_KEY, None)
    return Pins(found, default)


def _pin(path: Path, key: str, value: object) -> Pin:
    try:
        if key != DEFAULT_KEY:
            check_iccid(key, "ICCID")
        return Pin(value)
    except InvalidValueError as error:
        whose = key[:20] if error.field == "PIN" else "an entry"
        raise SettingsError(f"{path}: {whose}: {error.remedy}", _REMEDY) from None
