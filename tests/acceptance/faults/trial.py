# SPDX-License-Identifier: GPL-3.0-or-later
"""One fault on a running farm: neighbours are asked, invariants looked at, convergence measured."""

import contextlib
import logging
import os
import random
import statistics
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from modemlab.host import farm
from modemlab.host.errors import CommandFailed
from modemlab.host.lab import Lab

from .ground import Row, truth
from .history import registry, serving
from .invariants import Invariants, findings

log = logging.getLogger("faults")  # pytest --log-cli-level=INFO shows it while it happens
ASK_EVERY_S = 0.5  # about two requests a second through each port
LATE_S = 20.0  # a busy emulated host answers late; what counts is that it answers, and rightly
POLL_S = 0.3
CLEAN_S = 30.0  # after convergence the next looks must find nothing
# The caps of FAULTS.md are for a real host. An emulated one takes two to five times as long for
# the same apply (docs/lab.md), so each cap is stretched, and the summary says by how much.
SLOWNESS = {"kvm": 1.0, "tcg": 3.0}
# One look at the invariants on a lab host whose machine has nothing else to do. Where others use
# the machine too, looks take longer, and caps are stretched by as much again.
IDLE_LOOK_S = {"kvm": 0.2, "tcg": 0.6}
RECENT = 5
BUSIEST = 5.0  # a machine that is busier than this proves nothing; caps end somewhere


def slowness(lab: Lab) -> float:
    """By how much caps are stretched here at least."""
    given = os.environ.get("MODEMFARM_SLOWNESS")
    return float(given) if given else SLOWNESS[lab.need_running().accelerator]


@dataclass
class Trial:
    """A fault under way: `hit` are the rows it concerns, `others` are to notice nothing."""

    lab: Lab
    name: str
    seed: int
    hit: list[Row]
    others: list[Row]
    invariants: Invariants
    random: random.Random
    readers: contextlib.ExitStack
    url: str
    measured: list[str] = field(default_factory=list)

    @property
    def row(self) -> Row:
        """The one modem that is hit."""
        (only,) = self.hit
        return only

    def number(self, row: Row | None = None) -> int:
        """The lab's number of a modem."""
        return int(truth(self.lab)[(row or self.row)["serial"]]["number"])

    @property
    def factor(self) -> float:
        """By how much caps are stretched now."""
        recent = [float(look["seconds"]) for look in self.invariants.looks()[-RECENT:]]
        idle = IDLE_LOOK_S[self.lab.need_running().accelerator]
        busy = statistics.median(recent) / idle if recent else 1.0
        return slowness(self.lab) * min(max(1.0, busy), BUSIEST)

    def moment(self, longest: float) -> float:
        """Wait for a moment within a phase of `longest` seconds; the seed says which."""
        seconds = self.random.uniform(0, longest)
        time.sleep(seconds)
        return seconds

    def fault(self, name: str, value: Any, row: Row | None = None) -> None:
        """Give the hit modem a fault of the lab."""
        self.lab.control("fault", modem=self.number(row), name=name, value=value)

    def converges(self, what: str, cap_s: float, condition: Callable[[], Any]) -> Any:
        """Wait for `condition`, at most `cap_s` of a real host's seconds, and write down how long.

        A tool that fails meanwhile (a database that is away) is no answer yet.
        """
        factor = self.factor
        started = time.monotonic()
        error = ""
        while True:
            try:
                value = condition()
            except CommandFailed as failure:
                value, error = None, str(failure)[-300:]
            took = time.monotonic() - started
            if value:
                log.info("%s: %s after %.1f s", self.name, what, took)
                self.measured.append(f"{what} after {took:.1f} s (cap {cap_s:g} x {factor:.1f})")
                return value
            factor = max(factor, self.factor)
            if took > cap_s * factor:
                told = farm.explain(self.lab)
                raise AssertionError(
                    f"{self.name}: {what}: not within {cap_s:g} x {factor:.1f} s. {error}\n{told}"
                )
            time.sleep(POLL_S)

    def serves(self, row: Row | None = None, cap_s: float = 60.0, address: str = "") -> None:
        """The port answers from its own modem again, and the registry says serving."""
        row = row or self.row
        serial, port = row["serial"], row["proxy_port"]
        self.converges(
            f"port {port} answers by its own modem", cap_s, lambda: self.answers(row, address)
        )
        self.converges(
            f"{serial[-4:]} is shown as serving", cap_s, lambda: serving(self.lab, {serial})
        )

    def answers(self, row: Row | None = None, address: str = "") -> bool:
        """One request through the port comes from the modem itself (and from `address`)."""
        row = row or self.row
        answer = farm.request(self.lab, row["proxy_port"], self.url)
        if answer["status"] != 200:
            return False
        modem = truth(self.lab)[row["serial"]]
        assert answer["modem"] == str(modem["number"]), f"through another modem: {answer}"
        return bool(answer["body"].strip() == (address or modem["wan"]["address"]))

    def state(self, row: Row | None = None) -> Row:
        """The registry's row of a modem."""
        return registry(self.lab)[(row or self.row)["serial"]]

    def again(self) -> None:
        """Start the reader of invariants anew, after the lab host has."""
        self.invariants = self.readers.enter_context(Invariants(self.lab))

    def note(self, text: str) -> None:
        """Say something in the summary."""
        self.measured.append(text)


@contextlib.contextmanager
def trial(
    lab: Lab,
    name: str,
    seed: int,
    hit: Sequence[Row],
    others: Sequence[Row],
    remark: Callable[[str], None],
    allowed: Collection[str] = (),
    url: str = farm.IP_URL,
) -> Iterator[Trial]:
    """Run a fault. `allowed` are checks that the fault itself breaks; they hold at the end."""
    addresses = {serial: modem["wan"]["address"] for serial, modem in truth(lab).items()}
    ports = {str(row["proxy_port"]): addresses[row["serial"]] for row in others}
    with contextlib.ExitStack() as readers:
        if ports:
            lab.control("watch-start", ports=ports, interval=ASK_EVERY_S, timeout=LATE_S, url=url)
        running = Trial(
            lab,
            name,
            seed,
            list(hit),
            list(others),
            readers.enter_context(Invariants(lab)),
            random.Random(f"{name} {seed}"),  # noqa: S311 - no secret
            readers,
            url,
        )
        report: dict[str, Any] = {}
        try:
            yield running
            clean = running.invariants.clean_look(CLEAN_S * running.factor)
        finally:
            if ports:
                report = lab.control("watch-stop")["report"]
        running.invariants.stop()
        looks = running.invariants.looks()
        failures = {port: told["failures"] for port, told in report.get("ports", {}).items()}
        asked = report.get("ok_count", 0) + report.get("failed_count", 0)
        bad = report.get("failed_count", 0) + report.get("wrong_count", 0)
        broken = findings(looks, allowed)
        took = [float(look["seconds"]) for look in looks]
        say = (
            f"{name} seed {seed}: {'; '.join(running.measured) or 'nothing to wait for'}; "
            f"{asked} requests through {len(ports)} other ports, {bad} failed; "
            f"{len(looks)} looks at the invariants, {statistics.median(took):.1f} s each, "
            f"{len(broken)} broken"
        )
        log.info(say)
        remark(say)
        assert bad == 0, f"{name}: neighbours were disturbed: {str(failures)[:2000]}"
        assert broken == [], f"{name}: invariants: {broken[:10]}"
        assert clean is not None, f"{name}: still broken: {findings(looks[-2:])}"
        assert all(told["ok"] > 0 for told in report.get("ports", {}).values()), report
