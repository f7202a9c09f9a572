# SPDX-License-Identifier: GPL-3.0-or-later
"""AT+QCFG: settings of the module by name ("EC2x QCFG AT commands manual").

Without values a setting is read, with values it is written; most writes wait for a reset.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from modemlab.at.command import OK, Command, Lines, Table, arguments, integer
from modemlab.at.errors import AtError, Cme
from modemlab.modem.config import (
    ANY_2G_3G,
    ANY_LTE,
    BANDS_2G_3G,
    BANDS_LTE,
    USB_FUNCTIONS,
    ModuleConfig,
)

if TYPE_CHECKING:
    from modemlab.at.port import AtPort

VENDOR, PRODUCT = "0x2C7C", "0x0125"
EFFECTS = range(2)  # a last argument: 0 after the next reset, 1 at once
Read = Callable[[ModuleConfig], str]
Write = Callable[["AtPort", list[str]], None]


def _hex(text: str) -> int:
    if not re.fullmatch(r"(0[xX])?[0-9A-Fa-f]{1,16}", text):
        raise AtError(Cme.INVALID_PARAMETER)
    return int(text, 16)


def _count(values: list[str], low: int, high: int) -> None:
    if not low <= len(values) <= high:
        raise AtError(Cme.INVALID_PARAMETER)


def _effect(values: list[str], position: int) -> None:
    """An <effect> at `position`, when there is one; the lab's modem always acts at once."""
    _count(values, position, position + 1)
    if len(values) > position:
        integer(values[position], EFFECTS)


def _write_usbnet(port: AtPort, values: list[str]) -> None:
    _count(values, 1, 1)
    port.modem.config.usbnet = integer(values[0], range(4))


def _read_usbcfg(config: ModuleConfig) -> str:
    return ",".join((VENDOR, PRODUCT, *map(str, config.functions)))


def _write_usbcfg(port: AtPort, values: list[str]) -> None:
    """Functions at zero are gone after the next reset, and an AT port among them for good."""
    _count(values, 2 + len(USB_FUNCTIONS), 2 + len(USB_FUNCTIONS))
    for text in values[:2]:
        _hex(text)
    functions = tuple(integer(text, range(2)) for text in values[2:])
    port.modem.counters.destructive += 1
    port.modem.config.functions = functions


def _read_band(config: ModuleConfig) -> str:
    return ",".join(f"0x{mask:x}" for mask in config.bands)


def _write_band(port: AtPort, values: list[str]) -> None:
    """Masks of 2G/3G, LTE and TD-SCDMA; 0 leaves one as it is, all ones mean every band."""
    _effect(values, 3)
    config = port.modem.config
    masks = [_hex(text) for text in values[:3]]
    whole = (ANY_2G_3G, ANY_LTE, 0), (BANDS_2G_3G, BANDS_LTE, 0)
    for index, (any_band, all_bands) in enumerate(zip(*whole, strict=True)):
        if masks[index] == any_band:
            masks[index] = all_bands
        masks[index] = masks[index] & all_bands or config.bands[index]
    config.bands = (masks[0], masks[1], masks[2])
    port.modem.radio.allow_lte(config.lte_allowed)


def _write_scan_mode(port: AtPort, values: list[str]) -> None:
    _effect(values, 1)
    config = port.modem.config
    config.scan_mode = integer(values[0], range(9))
    port.modem.radio.allow_lte(config.lte_allowed)


def _write_scan_sequence(port: AtPort, values: list[str]) -> None:
    _effect(values, 1)
    if not re.fullmatch(r"(0[0-5]){1,5}", values[0]):
        raise AtError(Cme.INVALID_PARAMETER)
    port.modem.config.scan_sequence = values[0]


def _write_ims(port: AtPort, values: list[str]) -> None:
    _count(values, 1, 1)
    port.modem.config.ims = integer(values[0], range(3))


SETTINGS: dict[str, tuple[str, Read, Write]] = {
    "usbnet": ("<0-3>", lambda c: str(c.usbnet), _write_usbnet),
    "usbcfg": (
        "<vid>,<pid>,<diag>,<nmea>,<at_port>,<modem>,<rmnet>,<adb>,<uac>",
        _read_usbcfg,
        _write_usbcfg,
    ),
    "band": ("(0-93),(0-7FFFFFFFFFFFFFFF),(0-3F),(0,1)", _read_band, _write_band),
    "nwscanmode": ("(0-8),(0,1)", lambda c: str(c.scan_mode), _write_scan_mode),
    "nwscanseq": ("(00-0403010205),(0,1)", lambda c: c.scan_sequence, _write_scan_sequence),
    "ims": ("(0-2)", lambda c: f"{c.ims},{int(c.volte)}", _write_ims),
}
PLAIN = {
    "gprsattach": ("(0,1)", 1),
    "roamservice": ("(1,2,255),(0,1)", 2),
    "servicedomain": ("(0,1,2),(0,1)", 2),
    "pdp/duplicatechk": ("(0,1)", 1),
    "airplanecontrol": ("(0-2)", 1),
    "risignaltype": ('("respective","physical")', 1),
    "urc/delay": ("(0,1)", 1),
}


def _configure(port: AtPort, text: str) -> Lines:
    name, *values = arguments(text)
    name = name.lower()
    if name in SETTINGS:
        _, read, write = SETTINGS[name]
        if not values:
            return (f'+QCFG: "{name}",{read(port.modem.config)}',)
        write(port, values)
        return OK
    if name not in PLAIN:
        raise AtError(Cme.INVALID_PARAMETER)
    return _plain(port, name, values)


def _plain(port: AtPort, name: str, values: list[str]) -> Lines:
    """A setting that is kept and changes nothing else here."""
    plain = port.modem.config.plain
    if not values:
        return (f'+QCFG: "{name}",{plain[name]}',)
    _count(values, 1, PLAIN[name][1])
    words = re.findall(r'"(\w+)"', PLAIN[name][0])
    if words:
        if values[0] not in words:
            raise AtError(Cme.INVALID_PARAMETER)
        plain[name] = f'"{values[0]}"'
    else:
        plain[name] = str(integer(values[0], range(256)))
    return OK


def _offered() -> Lines:
    ranges = {name: row[0] for name, row in SETTINGS.items()}
    ranges |= {name: row[0] for name, row in PLAIN.items()}
    return tuple(f'+QCFG: "{name}",{shown}' for name, shown in ranges.items())


QCFG: Table = {"+QCFG": Command(write=_configure, test=_offered())}
