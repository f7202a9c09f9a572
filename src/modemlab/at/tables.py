# SPDX-License-Identifier: GPL-3.0-or-later
"""Every AT command of the modem in two tables: basic (V.250) and extended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from modemlab.at.cells import CELLS
from modemlab.at.command import OK, Lines, Table
from modemlab.at.device import DEVICE, describe, reset_settings
from modemlab.at.errors import AtError
from modemlab.at.network import NETWORK
from modemlab.at.pdp import PDP
from modemlab.at.qcfg import QCFG
from modemlab.at.settings import SETTINGS
from modemlab.at.sim import SIM
from modemlab.at.sms import SMS
from modemlab.at.ussd import USSD

if TYPE_CHECKING:
    from modemlab.at.port import AtPort

BasicHandler = Callable[["AtPort", str], Lines]


def _accept(*allowed: str) -> BasicHandler:
    """A basic setting that exists only for its OK."""

    def handle(_port: AtPort, number: str) -> Lines:
        if number not in allowed:
            raise AtError
        return OK

    return handle


def _echo(port: AtPort, number: str) -> Lines:
    if number not in ("", "0", "1"):
        raise AtError
    port.echo = number == "1"
    return OK


BASIC: dict[str, BasicHandler] = {
    "E": _echo,
    "I": describe,
    "Z": reset_settings,
    "&F": reset_settings,
    "&W": _accept("", "0"),
    "&C": _accept("", "0", "1"),
    "&D": _accept("", "0", "1", "2"),
    "&K": _accept("", "0", "3"),
    "V": _accept("1"),
    "Q": _accept("", "0"),
    "X": _accept("", "0", "1", "2", "3", "4"),
    "S": lambda _port, rest: ("000",) if rest.endswith("?") else OK,
    "H": _accept("", "0"),
}
EXTENDED: Table = {
    **SETTINGS, **DEVICE, **QCFG, **SIM, **NETWORK, **CELLS, **PDP, **SMS, **USSD,
}  # fmt: skip
