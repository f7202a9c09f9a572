# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that are stored and read back and change nothing else in the modem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemlab.at.command import OK, Command, Lines, Table

if TYPE_CHECKING:
    from modemlab.at.port import AtPort

# name -> (value at power-on, answer to =? without the name)
STORED = {
    "+CMGF": ("0", "(0,1)"),
    "+CSCS": ('"GSM"', '("GSM","IRA","UCS2")'),
    "+CNMI": ("2,1,0,0,0", ""),
    "+CTZU": ("0", "(0,1,3)"),
    "+CTZR": ("0", "(0-2)"),
    "+CLIP": ("0,2", "(0,1)"),
    "+CRC": ("0", "(0,1)"),
    "+CCWA": ("0", "(0,1)"),
    "+CGEREP": ("0,0", "(0-2),(0,1)"),
    "+CEMODE": ("2", "(0-3)"),
    "+CSMP": ("17,167,0,0", ""),
    "+CSMS": ("0,1,1,1", "(0,1)"),
    "+CSDH": ("0", "(0,1)"),
    "+QINDCFG": ("", ""),
    "+QURCCFG": ('"urcport","usbat"', '"urcport",("usbat","usbmodem","uart1","all")'),
}


def _stored(name: str, default: str, test: str) -> Command:
    def write(port: AtPort, text: str) -> Lines:
        port.settings[name] = text
        return OK

    def read(port: AtPort, _text: str) -> Lines:
        return (f"{name}: {port.settings.get(name, default)}",)

    return Command(read=read, write=write, test=(f"{name}: {test}",) if test else None)


SETTINGS: Table = {name: _stored(name, *values) for name, values in STORED.items()}
