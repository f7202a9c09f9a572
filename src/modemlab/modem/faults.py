# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a virtual modem: each has a name, one line of description and allowed values."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields

from modemlab.modem.spec import COMPOSITIONS

MAX_SLOW = 600.0  # seconds; longer than any time-out a client has
MAX_FLOOD = 500.0  # URCs a second; a real 115200 baud port could carry about 500 short lines


@dataclass(frozen=True)
class Fault:
    """The declaration of one fault. `parse` raises ValueError on a value that is not allowed."""

    name: str
    description: str
    allowed: str
    parse: Callable[[object], object]


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}
    return words[str(value).lower()]


def _one_of(*names: str) -> Callable[[object], str]:
    """A word of a list; booleans stand for the first ("off") and the second word."""

    def parse(value: object) -> str:
        text = names[int(value)] if isinstance(value, bool) else str(value).lower()
        if text not in names:
            raise ValueError(text)
        return text

    return parse


def _number(highest: float) -> Callable[[object], float]:
    def parse(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise TypeError(value)
        number = float(value)
        if not 0 <= number <= highest:
            raise ValueError(value)
        return number

    return parse


def _at_error(value: object) -> str:
    """off, error, or the kind and number of an error; a bare true is `error`."""
    if isinstance(value, bool):
        return "error" if value else "off"
    text = str(value).lower()
    if not re.fullmatch(r"off|error|cm[es]:[0-9]{1,4}", text):
        raise ValueError(text)
    return text


def _word_or_number(highest: float, *names: str) -> Callable[[object], str | float]:
    def parse(value: object) -> str | float:
        if isinstance(value, bool) or str(value).lower() in names:
            return _one_of(*names)(value)
        return _number(highest)(value)

    return parse


def _usb_serial(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 126 or not value.isprintable():
        raise ValueError(value)
    return value


def _composition(value: object) -> str | None:
    return None if value is None else _one_of(*COMPOSITIONS)(value)


SWITCH = "true or false"
DECLARED = (
    Fault("silent", "AT ports take commands and never answer",
          "off, all, 2 (ModemManager's port) or 3 (ours)", _one_of("off", "all", "2", "3")),
    Fault("slow", "every AT answer comes this late",
          f"seconds from 0 to {MAX_SLOW:g}", _number(MAX_SLOW)),
    Fault("late", "the next AT answer comes this late, once",
          f"seconds from 0 to {MAX_SLOW:g}", _number(MAX_SLOW)),
    Fault("split", "AT answers come byte by byte", SWITCH, _switch),
    Fault("at_error", "the next AT command fails this way, once",
          "off, error, cme:NUMBER or cms:NUMBER, as cme:30", _at_error),
    Fault("garbage", "noise on the AT ports: instead of the answer, before it, or without end",
          "off, replace, prefix or endless", _one_of("off", "replace", "prefix", "endless")),
    Fault("echo", "ATE0 has no effect: commands are always echoed", SWITCH, _switch),
    Fault("truncate", "AT answers stop before the final OK or ERROR", SWITCH, _switch),
    Fault("urc_in_answer", "an unsolicited line comes in the middle of each AT answer",
          SWITCH, _switch),
    Fault("urc_flood", "unsolicited lines on both AT ports without end",
          f"lines a second from 0 (off) to {MAX_FLOOD:g}", _number(MAX_FLOOD)),
    Fault("usb_serial", "the USB serial number shown from the next plug on",
          'null (as specified), "", "0", or up to 126 printable characters', _usb_serial),
    Fault("composition", "the USB composition shown from the next plug on",
          "null (as specified), " + ", ".join(COMPOSITIONS), _composition),
    Fault("sim", "the SIM is missing, or wants its PIN or PUK",
          "ok, missing, pin or puk", _one_of("ok", "missing", "pin", "puk")),
    Fault("network", "what the modem finds when it looks for a network",
          "home, none, denied or roaming", _one_of("home", "none", "denied", "roaming")),
    Fault("vanish", "the modem leaves the bus in the middle of the next command, once",
          "off, at or qmi", _one_of("off", "at", "qmi")),
    Fault("qmi_silent", "QMI requests are taken and never answered", SWITCH, _switch),
    Fault("sms", "a short message is refused by the network, accepted and lost, finds the store "
          "full, hangs for two minutes when international, or takes this long",
          f"ok, refuse, lost, full, hang or seconds up to {MAX_SLOW:g}",
          _word_or_number(MAX_SLOW, "ok", "refuse", "lost", "full", "hang")),
    Fault("data_dead", "the bearer stays up and every packet is lost", SWITCH, _switch),
)  # fmt: skip
FAULTS = {fault.name: fault for fault in DECLARED}


def _unheard(_name: str) -> None:
    """Nobody listens yet."""


@dataclass
class Faults:
    """The faults of one modem; every default means "no fault"."""

    silent: str = "off"
    slow: float = 0.0
    late: float = 0.0
    split: bool = False
    at_error: str = "off"
    garbage: str = "off"
    echo: bool = False
    truncate: bool = False
    urc_in_answer: bool = False
    urc_flood: float = 0.0
    usb_serial: str | None = None
    composition: str | None = None
    sim: str = "ok"
    network: str = "home"
    vanish: str = "off"
    qmi_silent: bool = False
    sms: str | float = "ok"
    data_dead: bool = False
    on_change: Callable[[str], None] = field(default=_unheard, repr=False, compare=False)

    def set(self, name: str, value: object) -> None:
        """Set one fault. Raises ValueError naming the faults or the values that are allowed."""
        fault = FAULTS.get(name)
        if fault is None:
            raise ValueError(f"no fault {name!r}: {', '.join(FAULTS)} are allowed")
        try:
            parsed = fault.parse(value)
        except (ValueError, TypeError, KeyError):
            raise ValueError(f"fault {name} is {value!r}: {fault.allowed} is allowed") from None
        setattr(self, name, parsed)
        self.on_change(name)

    def once(self, name: str) -> object | None:
        """The value of a fault that strikes once, and end it; None when it is not set."""
        value: object = getattr(self, name)
        if value == NO_FAULTS[name]:
            return None
        self.set(name, NO_FAULTS[name])
        return value

    def clear(self) -> None:
        """Back to no fault at all."""
        for name, default in NO_FAULTS.items():
            if getattr(self, name) != default:
                self.set(name, default)

    def active(self) -> dict[str, object]:
        """The faults that differ from their default, by name."""
        return {name: getattr(self, name) for name, default in NO_FAULTS.items()
                if getattr(self, name) != default}  # fmt: skip


NO_FAULTS = {f.name: f.default for f in fields(Faults) if f.name in FAULTS}
