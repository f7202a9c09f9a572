# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps, cheapest first: what each may cost, and which of them a verdict allows. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .verdict import Verdict


class Step(Enum):
    """The value is the name in the apply protocol and in the registry."""

    RECONNECT = "reconnect"
    PROXY = "proxy"
    RADIO = "radio"
    RESET = "reset"
    USB = "usb"
    HUB_POWER = "hub-power"


RESETS = frozenset((Step.RESET, Step.USB, Step.HUB_POWER))  # the modem leaves the bus


@dataclass(frozen=True)
class Rung:
    """Limits of a step for one modem, in seconds.

    timeout: one that nobody answered for so long counts as taken; the step and the apply service
    have caps of their own. After `cool_down` looks count as failures again.
    """

    timeout: float
    hourly: int
    daily: int
    cool_down: float


# Budgets: a step that is wanted more often than this does not cure. Time-outs are the step's own
# caps (4 s radio off and 60 s search; 20 s to leave the bus and 90 s to return) and the helper's
# share under emulation. Cool-downs: DHCP-like set-up of a bearer 10 to 20 s, a proxy at once, a
# cold search up to 40 s, an EC25 up to 60 s from power to ports and as much to attach.
RUNGS = {
    Step.RECONNECT: Rung(timeout=120, hourly=6, daily=24, cool_down=30),
    Step.PROXY: Rung(timeout=60, hourly=6, daily=24, cool_down=10),
    Step.RADIO: Rung(timeout=150, hourly=3, daily=12, cool_down=60),
    Step.RESET: Rung(timeout=200, hourly=2, daily=6, cool_down=150),
    Step.USB: Rung(timeout=200, hourly=2, daily=4, cool_down=150),
    Step.HUB_POWER: Rung(timeout=240, hourly=1, daily=3, cool_down=150),
}
# A search that ends by itself does so within this; a radio that hangs in it needs off and on.
SEARCH_S = 600.0

_GENTLE = (Step.RECONNECT, Step.PROXY, Step.RADIO)
_BEARER = (Step.RECONNECT, Step.RADIO)
HARD = (Step.RESET, Step.USB, Step.HUB_POWER)
# A port that answers nothing takes no AT command either, so neither radio nor reset.
_SILENT = (Step.RECONNECT, Step.USB, Step.HUB_POWER)
_NOT_ITS_OWN = frozenset((Verdict.NO_SIM, Verdict.SIM_LOCKED, Verdict.DENIED, Verdict.BROKEN_PROBE))


def plan(verdict: Verdict, witness: bool, lasting: float) -> tuple[Step, ...] | None:
    """The steps that may cure it, in order; None when no step may be taken for it at all.

    witness: another modem works, so that neither target, carrier nor host is to blame; without
    one the modem never leaves the bus, unless it is silent. lasting: seconds since it failed.
    """
    if not verdict.ill or verdict in _NOT_ITS_OWN:
        return None
    if verdict is Verdict.NO_NETWORK:
        return (Step.RADIO,) if witness and lasting >= SEARCH_S else None
    if verdict is Verdict.PORT_TAKEN:
        return ()  # the program is not ours: it is reported, never fought
    if verdict is Verdict.PROXY_DEAD:
        return (Step.PROXY,)
    if verdict is Verdict.MODEM_SILENT:
        return _SILENT
    gentle = _BEARER if verdict is Verdict.NO_BEARER else _GENTLE
    return gentle + HARD if witness else gentle


_REMEDIES = {
    Verdict.PORT_TAKEN: "end the program that holds the port (`ss -ltnp`), or give it another port",
    Verdict.PROXY_DEAD: "read the journal of its proxy (`journalctl -u '3proxy@*'`)",
    Verdict.DATA_DEAD: "look whether its SIM has data left; try the SIM in another modem",
    Verdict.NO_BEARER: "check the APN, and that the contract of its SIM has data",
    Verdict.MODEM_SILENT: "unplug it and look at cable and power; replace it if it stays silent",
    Verdict.NO_NETWORK: "look at its antenna and whether its carrier serves this place",
    Verdict.DENIED: "ask its carrier why the network refuses this SIM or modem",
    Verdict.NO_SIM: "put a SIM in",
    Verdict.SIM_LOCKED: "give the SIM's PIN in the inventory, or unlock it in a phone",
    Verdict.BROKEN_PROBE: "look whether the probe's targets answer (probe_url, second_probe_url)",
}


def remedy(verdict: Verdict) -> str:
    """What a person can do about it."""
    return _REMEDIES.get(verdict, "wait; it is looked at every 30 s")
