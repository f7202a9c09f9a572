# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands on the never-list that the farm does need, made here from typed values only.

`modem_reset` and `modem_config` send these; no text of a person or a program gets here.
Values: 3GPP TS 27.007 section 8.2 (+CFUN) and the Quectel EC2x QCFG manual.
"""

from collections.abc import Iterable
from enum import Enum, IntEnum

from ..errors import InvalidValueError
from .permit import Permit
from .syntax import parse
from .timeouts import limit_of

# The bands of an EC25-EUX; a band it does not have would be taken and leave it without network.
LTE_BANDS = (1, 3, 7, 8, 20, 28, 38, 40, 41)
NOW = 1  # the last value of most settings: at once instead of after a restart


class Composition(IntEnum):
    """What the modem shows on USB after its next restart (QCFG "usbnet")."""

    QMI = 0
    ECM = 1
    MBIM = 2
    RNDIS = 3


class ScanMode(IntEnum):
    """Which technology the modem looks for (QCFG "nwscanmode")."""

    AUTOMATIC = 0
    GSM = 1
    WCDMA = 2
    LTE = 3


class Technology(Enum):
    """One technology in the order of search (QCFG "nwscanseq"), two digits each."""

    GSM = "01"
    WCDMA = "03"
    LTE = "04"


class Ims(IntEnum):
    """Voice over LTE (QCFG "ims"); it counts after the next restart."""

    BY_CARRIER = 0
    ON = 1
    OFF = 2


class Roaming(IntEnum):
    """Whether foreign networks are used (QCFG "roamservice")."""

    OFF = 1
    ON = 2
    AUTOMATIC = 255


class WideBand(IntEnum):
    """GSM and WCDMA bands of an EC25-EUX; the value is the bit in QCFG "band"."""

    GSM_900 = 0x1
    GSM_1800 = 0x2
    WCDMA_2100 = 0x10
    WCDMA_900 = 0x80


def reset() -> Permit:
    """Restart the modem: it leaves the bus and comes back after some 11 s."""
    return _made("AT+CFUN=1,1")


def radio_on() -> Permit:
    """Full function."""
    return _made("AT+CFUN=1")


def radio_off() -> Permit:
    """Minimum function: neither radio nor SIM."""
    return _made("AT+CFUN=0")


def airplane() -> Permit:
    """No radio; the SIM stays readable."""
    return _made("AT+CFUN=4")


def set_usbnet(composition: Composition) -> Permit:
    """The USB composition after the next restart. InvalidValueError for what is none."""
    return _set("usbnet", _one_of(Composition, "composition", composition))


def set_scan_mode(mode: ScanMode) -> Permit:
    """Look for one technology only, at once."""
    return _set("nwscanmode", _one_of(ScanMode, "scan mode", mode), NOW)


def set_scan_order(order: Iterable[Technology]) -> Permit:
    """The order in which technologies are looked for, at once; each at most once."""
    wanted = list(order)
    known = all(isinstance(item, Technology) for item in wanted)
    if not wanted or not known or len(set(wanted)) != len(wanted):
        raise InvalidValueError("scan order", wanted, "some of LTE, WCDMA, GSM, each once")
    return _set("nwscanseq", "".join(item.value for item in wanted), NOW)


def set_ims(ims: Ims) -> Permit:
    """Voice over LTE after the next restart."""
    return _set("ims", _one_of(Ims, "ims", ims))


def set_roaming(roaming: Roaming) -> Permit:
    """Use of foreign networks, at once."""
    return _set("roamservice", _one_of(Roaming, "roaming", roaming), NOW)


def set_bands(lte: Iterable[int], wide: Iterable[WideBand] = ()) -> Permit:
    """The bands to use, at once. Empty `wide` leaves GSM and WCDMA bands as they are.

    InvalidValueError for no LTE band, or one that an EC25-EUX does not have.
    """
    numbers, others = set(lte), list(wide)
    if not numbers or not numbers <= set(LTE_BANDS):
        allowed = ", ".join(map(str, LTE_BANDS))
        raise InvalidValueError("LTE bands", sorted(map(str, numbers)), f"some of {allowed}")
    bits = sum(1 << (number - 1) for number in numbers)
    low = 0
    for band in others:
        low |= _one_of(WideBand, "GSM or WCDMA band", band)
    return _set("band", f"{low:X}", f"{bits:X}", 0, NOW)  # 0: no change, of bands it has not


def _one_of(kind: type[IntEnum], name: str, value: object) -> int:
    if not isinstance(value, kind):
        raise InvalidValueError(name, value, ", ".join(item.name for item in kind))
    return int(value)


def _set(name: str, *values: int | str) -> Permit:
    return _made(f'AT+QCFG="{name}",{",".join(map(str, values))}')


def _made(text: str) -> Permit:
    command = parse(text)
    return Permit(command.text, command.text, limit_of(command).seconds)
