# SPDX-License-Identifier: GPL-3.0-or-later
"""A farm of modems that only exist as what they would show, on a clock of its own.

It knows the truth about each modem and checks every order against it: no step is taken that the
rules forbid, whatever the seed brings.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import Enum

from modemfarmd.repair.budget import DAY_S, HOUR_S, RESETS_PER_HOUR
from modemfarmd.repair.evidence import Asked, Control, Evidence, Owner
from modemfarmd.repair.keeper import PARALLEL, PARALLEL_RESETS, Keeper
from modemfarmd.repair.ladder import RESETS, RUNGS, Step
from modemfarmd.repair.order import Member, Notice, Order

TICK_S = 2.0
ALL_HARD = frozenset((Step.RESET, Step.USB, Step.HUB_POWER))


class Fault(Enum):
    """What is wrong with a modem, and the steps that cure it."""

    NONE = ()
    BEARER = (Step.RECONNECT, Step.RADIO, *ALL_HARD)
    PROXY = (Step.PROXY,)
    RADIO = (Step.RADIO, *ALL_HARD)
    FIRMWARE = (Step.RESET, Step.USB, Step.HUB_POWER)
    MISDRIVEN = (Step.RESET, Step.USB, Step.HUB_POWER, "misdriven")
    HUNG = (Step.USB, Step.HUB_POWER, "hung")
    POWER = (Step.HUB_POWER, "power")
    DEAD = ("dead",)
    NO_SIM = ("no sim",)
    PIN = ("pin",)
    NO_NETWORK = ("no network",)
    DENIED = ("denied",)
    TAKEN = ("port",)

    @property
    def silent(self) -> bool:
        return self in (Fault.HUNG, Fault.POWER)


# What a step that takes the modem off the bus may be taken for.
NEEDS_RESET = frozenset((Fault.FIRMWARE, Fault.MISDRIVEN, Fault.HUNG, Fault.POWER, Fault.DEAD))
CURABLE = (Fault.BEARER, Fault.PROXY, Fault.RADIO, Fault.FIRMWARE, Fault.HUNG, Fault.POWER)
HOPELESS = (
    Fault.DEAD, Fault.NO_SIM, Fault.PIN, Fault.NO_NETWORK, Fault.DENIED, Fault.TAKEN,
)  # fmt: skip


@dataclass
class Modem:
    serial: str
    hub: str
    fault: Fault = Fault.NONE
    since: float = 0.0
    present: bool = True
    left_alone: bool = False
    busy_until: float = 0.0
    next_look: float = 0.0
    back_at: float | None = None


@dataclass
class Model:
    """`run` lets seconds pass. What a test wants of the outside world are plain attributes."""

    modems: int
    seed: int
    hubs: int = 4
    noise: float = 0.01
    busy_ports: float = 0.1
    second_target: bool = True
    names_resolve: bool = True
    fail_fast: bool = False
    now: float = 1_000.0
    targets_down: tuple[bool, bool] = (False, False)
    carrier_down: bool = False
    log: list[tuple[float, str, Step]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311
        self.farm = {
            s: Modem(s, f"1-{n % self.hubs + 1}", next_look=self.now + self.random.uniform(0, 30))
            for n in range(self.modems)
            if (s := f"86758403{n:07d}")
        }
        self._looks: list[tuple[float, Evidence]] = []
        self._steps: dict[str, tuple[float, Step]] = {}
        self.keeper = self.new_keeper()

    def new_keeper(self) -> Keeper:
        return Keeper(lambda: self.now, self.random.uniform)

    def restart(self) -> None:
        """The agent is killed and comes back; steps that ran are in the registry."""
        self.keeper = self.new_keeper()
        self.keeper.load((serial, step, self.now - at) for at, serial, step in self.log)
        self._steps.clear()
        self._looks.clear()

    def __getitem__(self, number: int) -> Modem:
        return list(self.farm.values())[number]

    def break_(self, modem: Modem, fault: Fault) -> None:
        modem.fault, modem.since = fault, self.now

    def works(self, modem: Modem) -> bool:
        return modem.fault is Fault.NONE and not self.carrier_down

    def steps(self, number: int | None = None) -> list[str]:
        """The steps that were taken (at one modem), in order."""
        only = None if number is None else self[number].serial
        return [step.value for _, serial, step in self.log if only in (None, serial)]

    def told(self, kind: str) -> list[Notice]:
        return [notice for notice in self.notices if notice.kind == kind]

    # Time.

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += TICK_S
            self._return_and_finish()
            self.keeper.members(self._members())
            self._look()
            for order in self.keeper.orders():
                self._check(order)
                self._begin(order)
            self.notices += self.keeper.notices()

    def _members(self) -> list[Member]:
        return [
            Member(
                modem.serial,
                modem.hub,
                modem.left_alone,
                modem.busy_until > self.now,
                misdriven=modem.fault is Fault.MISDRIVEN,
            )
            for modem in self.farm.values()
            if modem.present
        ]

    def _look(self) -> None:
        for at, seen in [look for look in self._looks if look[0] <= self.now]:
            self._looks.remove((at, seen))
            self.keeper.take(seen)
        suspects = self.keeper.suspects()
        for modem in self.farm.values():
            if not modem.present or modem.serial in self._steps or self.now < modem.next_look:
                continue
            seen = self.look(modem)
            self._looks.append((seen.ended, seen))
            sooner = modem.serial in suspects or not seen.works
            modem.next_look = seen.ended + (10.0 if sooner else 30.0)

    def look(self, modem: Modem) -> Evidence:
        """What a look sees: the outside of the truth, and some noise."""
        lost = self.random.random() < self.noise
        good = self.works(modem) and not lost
        asked = [
            Asked("203.0.113.7") if good and not down else Asked(failure="no answer within 5 s")
            for down in self.targets_down
        ]
        fault = modem.fault
        quick = asked[0].worked or self.fail_fast
        took = 0.5 if quick else self.random.uniform(5.0, 10.0)
        control = Control.SILENT if fault.silent else Control.ANSWERED
        if self.random.random() < self.busy_ports:
            control = Control.BUSY
        answered = control is Control.ANSWERED
        return Evidence(
            serial=modem.serial, began=self.now, ended=self.now + took, control=control,
            registration=_registration(fault) if answered else None,
            sim=_sim(fault) if answered else None,
            serves=True, interface="wwan0",
            addresses=() if fault is Fault.MISDRIVEN else ("10.64.0.2",),
            received=self.works(modem) and self.names_resolve,
            owner=Owner.FOREIGN if fault is Fault.TAKEN else Owner.OURS,
            pulse=fault is not Fault.PROXY,
            first=asked[0],
            second=asked[1] if self.second_target and not asked[0].worked else None,
        )  # fmt: skip

    # Steps.

    def _begin(self, order: Order) -> None:
        self.keeper.began(order)
        self.log.append((self.now, order.serial, order.step))
        self._steps[order.serial] = (self.now + self.random.uniform(5, 90), order.step)
        if order.step in RESETS:
            modem = self.farm[order.serial]
            modem.present, modem.back_at = False, self.now + 40.0

    def _return_and_finish(self) -> None:
        for modem in self.farm.values():
            if modem.back_at is not None and modem.back_at <= self.now:
                modem.present, modem.back_at = True, None
                self.keeper.arrived(modem.serial)
        for serial, (end, step) in list(self._steps.items()):
            modem = self.farm[serial]
            if self.now < end or not modem.present:
                continue
            del self._steps[serial]
            if step in modem.fault.value:
                modem.fault = Fault.NONE
            self.keeper.ended(serial)
            modem.busy_until = self.now + 3.0  # the agent applies after each step
            if self.works(modem) and not self.targets_down[0]:
                self.keeper.proved(serial)

    # The rules.

    def _check(self, order: Order) -> None:
        modem = self.farm[order.serial]
        what = f"seed {self.seed}: {order.step.value} at {modem}"
        assert not modem.left_alone, what
        assert modem.present, what
        assert modem.busy_until <= self.now, what
        assert order.serial not in self._steps, what
        steps = [step for _, step in self._steps.values()] + [order.step]
        assert len(steps) <= PARALLEL, what
        assert sum(step in RESETS for step in steps) <= PARALLEL_RESETS, what
        if order.step in RESETS:
            assert modem.fault in NEEDS_RESET, what
            assert not self.carrier_down, what
        self._check_budget(order, what)

    def _check_budget(self, order: Order, what: str) -> None:
        ages = [
            self.now - at for at, s, step in self.log if (s, step) == (order.serial, order.step)
        ]
        rung = RUNGS[order.step]
        assert sum(age < HOUR_S for age in ages) < rung.hourly, what
        assert sum(age < DAY_S for age in ages) < rung.daily, what
        if order.step in RESETS:
            resets = [at for at, _, step in self.log if step in RESETS and self.now - at < HOUR_S]
            assert len(resets) < RESETS_PER_HOUR, what


def _registration(fault: Fault) -> str:
    return {Fault.NO_NETWORK: "searching", Fault.DENIED: "denied"}.get(fault, "home")


def _sim(fault: Fault) -> str | None:
    return {Fault.NO_SIM: "absent", Fault.PIN: "pin"}.get(fault)


def well(model: Model) -> Model:
    """Let its first rounds pass."""
    model.run(330)
    assert model.log == []
    return model
