# SPDX-License-Identifier: GPL-3.0-or-later
"""One loop for the whole batch: each round looks once at all services and moves every modem as far
as it can go (guard element, activation, verification, probe), so the waits overlap.

Signals of the services only wake the loop; what it does follows from what it reads.
"""

import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from ..dbus.wire import INTERFACE, MEMBER, PATH
from ..errors import FarmError, ToolError
from ..settings import FarmSettings
from . import networkmanager as nm
from . import systemd
from .activate import Activator, fail, profile_change, refused
from .assess import LOCKED, Kind, Verdict, assess
from .background import Background
from .execute import Execution, as_farm_error, end_jobs
from .fallback import Fallback
from .guard import Element
from .host import Host, Managers
from .plan import LISTEN_S, guard_steps, listens
from .probe import probe
from .progress import Progress
from .result import DEGRADED, FAILED, OFFLINE, SERVING, WAITING, Diff
from .steps import ChangeGuard
from .verify import mismatch, twin

IDLE_S = 1.0  # the longest time between two looks: a signal may be lost with its service
PORTS_S = 0.2  # nobody tells us about new ports, so look; they come within 2 s of a plug-in
PROBE_CAP_S = 10.0  # also when the batch's time is used up: LTE may need seconds for the first byte


class Waiter:
    """Runs the loop until each modem is done or `deadline` (time.monotonic) has passed.

    The jobs of the proxies are in `execution`, the guard's present elements in `guard`.
    """

    def __init__(
        self,
        host: Host,
        settings: FarmSettings,
        deadline: float,
        execution: Execution,
        guard: frozenset[Element],
        fallback: Fallback,
        diff: list[Diff],
    ) -> None:
        self._host = host
        self._settings = settings
        self._deadline = deadline
        self._execution = execution
        self._guard = guard
        self._fallback = fallback
        self._prove = True
        self._diff = diff
        self._started = time.monotonic()
        self._activator = Activator(host, settings, diff)
        self._wake, self._waker = socket.socketpair()

    def run(self, items: Sequence[Progress], prove: bool = True) -> None:
        """Move all modems until each is done, and all jobs of systemd have ended.

        Without `prove` no request goes through the ports; who listens on them has to do.
        """
        self._prove = prove
        with self._wake, self._waker:
            pending = [item for item in items if not item.done]
            while pending or self._execution.jobs:
                began = time.monotonic()
                self._round(pending)
                pending = [item for item in pending if not item.done]
                if pending or self._execution.jobs:
                    self._pause(pending, time.monotonic() - began)
                    self._fallback.after_jobs(items)

    def _round(self, pending: Sequence[Progress]) -> None:
        self._refresh_usb(pending)
        self._guard_new(pending)
        asking = [item for item in pending if not item.done and not item.verified]
        if asking:
            managers = self._host.read_managers()
            for item in asking:
                if self._activator.settled(item, managers):
                    self._settle(item, managers)
            self._advance(asking, managers)
        for item in pending:
            if not item.done and item.verified:
                self._probe(item)
        if time.monotonic() > self._deadline:
            self._give_up(pending)

    def _pause(self, pending: Sequence[Progress], spent: float) -> None:
        """Wait for news, in a batch for as long as a round takes: its news come together."""
        looking = any(item.verdict.stage == "ports" and not item.verified for item in pending)
        signals = self._host.signals(PORTS_S if looking else IDLE_S, self._wake)
        rest = time.monotonic() + min(spent, IDLE_S)
        while (left := rest - time.monotonic()) > 0 and len(pending) > 1:
            signals += self._host.signals(left, self._wake)
        results: dict[str, str] = {}
        for signal in signals:
            job = systemd.ended(signal)
            if job is not None:
                results[job[0]] = job[1]
            elif signal.get(MEMBER) == "StateChanged":
                reason = nm.failure_of(signal.get(INTERFACE), signal.get(MEMBER), signal.values())
                if reason is not None:
                    self._activator.reasons[signal.get(PATH)] = reason
        end_jobs(self._host, self._execution, results)

    def _refresh_usb(self, pending: Sequence[Progress]) -> None:
        for item in pending:
            usb = item.target.usb
            if not item.verified and not (usb is not None and usb.complete and usb.alive()):
                item.target = replace(item.target, usb=self._host.usb(item.usb_path))

    def _guard_new(self, pending: Sequence[Progress]) -> None:
        """Let a uid out through an interface that appeared after the plan was made."""
        targets = [item.target for item in pending]
        if not guard_steps(self._guard, targets):
            return
        by_serial = {item.serial: item for item in pending}
        with self._host.alone():  # other runs change it as well: read it again
            self._guard = self._host.read_guard()
            for step in guard_steps(self._guard, targets):
                self._change_guard(step, by_serial[step.serial])

    def _change_guard(self, step: ChangeGuard, item: Progress) -> None:
        try:
            self._host.change_guard(step.delete, step.add)
        except FarmError as error:
            fail(item, error)
            return
        self._guard = (self._guard - step.delete) | step.add
        item.result.note(step.name)
        self._diff.append(step.diff())

    def _settle(self, item: Progress, managers: Managers) -> None:
        item.verdict = assess(item.serial, item.usb_path, item.target.usb, managers)
        verdict, now = item.verdict, time.monotonic()
        if verdict.kind is Kind.WAIT:
            item.enter(verdict.stage, now)
        elif verdict.kind is Kind.FAIL and verdict.stage == LOCKED and self._looks_again(item):
            return
        elif verdict.kind is Kind.FAIL:
            item.end(now, FAILED, verdict.reason, verdict.remedy)
        elif verdict.kind is Kind.OFFLINE:
            item.end(now, OFFLINE, verdict.reason, verdict.remedy)

    def _looks_again(self, item: Progress) -> bool:
        """Whether ModemManager is being made to look at the SIM again, once in a run.

        It reads a SIM's lock when it initialises a modem, and does not notice a PIN that the agent
        has entered meanwhile by AT.
        """
        if not item.target.record.sim_open or item.reprobed:
            return False
        if item.reprobe is None:
            item.enter("modemmanager", time.monotonic())
            item.result.note("reprobe")
            question = partial(self._host.reprobe, item.serial, item.usb_path)
            item.reprobe = Background(question, self._ring)
        elif item.reprobe.done():
            item.reprobed = True  # what was read in this round may be from before
            try:
                item.reprobe.result()
            except FarmError as error:
                fail(item, error)
        return True

    def _advance(self, asking: Sequence[Progress], managers: Managers) -> None:
        network = managers.network
        if not isinstance(network, nm.NmState):
            return
        idle = [item for item in asking if not item.done and item.active_path is None]
        for item in idle:
            if item.verdict.kind is Kind.UP and self._outdated(item):
                item.verdict = replace(item.verdict, kind=Kind.ACTIVATE)
        self._verify([item for item in idle if item.verdict.kind is Kind.UP], network)
        ready = [item for item in idle if item.verdict.kind is Kind.ACTIVATE and not item.done]
        if ready:
            self._activator.start(ready, network)

    def _outdated(self, item: Progress) -> bool:
        """True when it runs with another profile than the wanted one (an APN was changed)."""
        try:
            return profile_change(self._host, self._settings, item) is not None
        except (FarmError, OSError) as error:
            fail(item, as_farm_error(error))
            return False

    def _verify(self, up: Sequence[Progress], network: nm.NmState) -> None:
        if not up:
            return
        kernel, lans = self._host.read_kernel(), self._settings.listen_choices
        for item in up:
            usb = item.target.usb
            if item.done or usb is None:
                continue
            wrong = mismatch(item.target.slot, usb, network, kernel, lans)
            if wrong is None:
                item.verified = True
                item.result.interface = usb.net
                item.remark = twin(usb, kernel)
            else:
                self._take_down(item, network, wrong)

    def _take_down(self, item: Progress, network: nm.NmState, wrong: str) -> None:
        """Never leave a bearer in place that does not fit its modem; one more try may mend it."""
        try:
            self._host.deactivate(network.devices[item.control].active_path or "/")
        except FarmError as error:
            fail(item, error)
            return
        item.result.note("bearer")
        reason = f"the bearer does not fit: {wrong}"
        refused(item, Verdict(Kind.WAIT, reason, "run again; see the journal", "bearer"))

    def _probe(self, item: Progress) -> None:
        now = time.monotonic()
        error = self._execution.error_of(item.serial)
        if error is not None:
            fail(item, error)
        elif self._execution.busy(item.serial):
            item.enter("proxy", now)
        elif not self._prove:
            self._look_at_port(item, now)
        elif item.probe is None:
            item.enter("probe", now)
            item.probe = Background(self._question(item, now + PROBE_CAP_S), self._ring)
        elif item.probe.done():
            self._probed(item, item.probe)

    def _probed(self, item: Progress, probe: Background) -> None:
        try:
            item.result.wan_address = probe.result()
        except FarmError as problem:
            item.probe = None
            if self._listens(item) or not self._fallback.back(item, problem):
                fail(item, problem)
        else:
            self._fallback.proven(item)
            self._serves(item)

    def _look_at_port(self, item: Progress, now: float) -> None:
        item.enter("probe", now)
        item.listen_until = item.listen_until or now + LISTEN_S
        if self._listens(item):
            self._serves(item)
        elif now > item.listen_until:
            item.listen_until = None
            unit = item.target.slot.unit
            problem = ToolError("nothing listens on the proxy port", f"see `journalctl -u {unit}`")
            if not self._fallback.back(item, problem):
                fail(item, problem)

    def _serves(self, item: Progress) -> None:
        if item.degraded is None:
            item.end(time.monotonic(), SERVING, item.remark, None)
        else:
            item.end(time.monotonic(), DEGRADED, *item.degraded)

    def _listens(self, item: Progress) -> bool:
        listen = item.target.listen(self._settings)
        return listens(self._host.read_listening(), listen, item.target.slot)

    def _question(self, item: Progress, deadline: float) -> Callable[[], str]:
        settings, port = self._settings, item.target.slot.port
        url, second = settings.probe_url, settings.second_probe_url
        listen = item.target.listen(settings)
        return lambda: probe(listen, port, url, deadline, second)

    def _ring(self) -> None:
        """Wake the loop from a probe's thread; nobody listens any more when the loop has ended."""
        try:
            self._waker.send(b"!")
        except OSError:
            return

    def _give_up(self, pending: Sequence[Progress]) -> None:
        for item in pending:
            if not item.done and not item.verified:
                reason = item.verdict.reason or "the bearer is up and not verified yet"
                waited = f"{reason} (waited {time.monotonic() - self._started:.0f} s)"
                remedy = item.verdict.remedy or "it is tried again by itself"
                item.end(time.monotonic(), WAITING, waited, remedy)
