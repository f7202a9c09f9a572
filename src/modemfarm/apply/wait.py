# SPDX-License-Identifier: GPL-3.0-or-later
"""One loop for the whole batch: each round looks once at all services and moves every modem as far
as it can go (guard element, activation, verification, probe), so the waits overlap.
"""

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import replace
from typing import Any

from ..errors import FarmError, TransientError
from ..settings import FarmSettings
from .activate import Activator, fail, profile_change, refused
from .assess import Kind, assess
from .execute import Execution, as_farm_error
from .guard import Element
from .host import Host, Managers
from .networkmanager import NmState
from .plan import ChangeGuard, guard_steps
from .probe import probe
from .progress import Progress
from .result import FAILED, OFFLINE, SERVING, WAITING, Diff
from .verify import mismatch

POLL_S = 0.3  # a round costs about 0.2 s of a core under emulation; what we wait for takes seconds
PROBE_CAP_S = 10.0  # also when the batch's time is used up: LTE may need seconds for the first byte
MAX_THREADS = 32  # they only wait, for nmcli and for answers


class Waiter:
    """Runs the loop until each modem is done or `deadline` (time.monotonic) has passed.

    `proxies` is done when configurations and units are; its errors are in `execution`.
    """

    def __init__(
        self,
        host: Host,
        settings: FarmSettings,
        deadline: float,
        proxies: "Future[None]",
        execution: Execution,
        guard: frozenset[Element],
        diff: list[Diff],
    ) -> None:
        self._host = host
        self._settings = settings
        self._deadline = deadline
        self._proxies = proxies
        self._execution = execution
        self._guard = guard
        self._diff = diff
        self._started = time.monotonic()
        self._pool = ThreadPoolExecutor(MAX_THREADS)
        self._activator = Activator(host, settings, self._pool, deadline, diff)

    def run(self, items: Sequence[Progress]) -> None:
        """Move all modems until each is done."""
        try:
            while pending := [item for item in items if not item.done]:
                self._round(pending)
                self._pause([item for item in pending if not item.done])
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _round(self, pending: Sequence[Progress]) -> None:
        self._refresh_usb(pending)
        self._guard_new(pending)
        asking = [item for item in pending if not item.done and not item.verified]
        if asking:
            managers = self._host.read_managers()
            for item in asking:
                if self._activator.collect(item, managers):
                    self._settle(item, managers)
            self._advance(asking, managers)
        for item in pending:
            if not item.done and item.verified:
                self._probe(item)
        if time.monotonic() > self._deadline:
            self._give_up(pending)

    def _pause(self, pending: Sequence[Progress]) -> None:
        futures: list[Future[Any]] = [self._proxies]
        futures += [item.activation for item in pending if item.activation is not None]
        futures += [item.probe for item in pending if item.probe is not None]
        running = [future for future in futures if not future.done()]
        if running:
            wait_for(running, timeout=POLL_S, return_when=FIRST_COMPLETED)
        elif any(not item.verified for item in pending):
            time.sleep(POLL_S)

    def _refresh_usb(self, pending: Sequence[Progress]) -> None:
        for item in pending:
            usb = item.target.usb
            if not item.verified and not (usb is not None and usb.complete and usb.alive()):
                item.target = replace(item.target, usb=self._host.usb(item.usb_path))

    def _guard_new(self, pending: Sequence[Progress]) -> None:
        """Let a uid out through an interface that appeared after the plan was made."""
        by_serial = {item.serial: item for item in pending}
        for step in guard_steps(self._guard, [item.target for item in pending]):
            if not isinstance(step, ChangeGuard):
                continue
            item = by_serial[step.serial]
            try:
                self._host.change_guard(step.delete, step.add)
            except FarmError as error:
                fail(item, error)
                continue
            self._guard = (self._guard - step.delete) | step.add
            item.result.note(step.name)
            self._diff.append(step.diff())

    def _settle(self, item: Progress, managers: Managers) -> None:
        item.verdict = assess(item.serial, item.usb_path, item.target.usb, managers)
        verdict, now = item.verdict, time.monotonic()
        if verdict.kind is Kind.WAIT:
            item.enter(verdict.stage, now)
        elif verdict.kind is Kind.FAIL:
            item.end(now, FAILED, verdict.reason, verdict.remedy)
        elif verdict.kind is Kind.OFFLINE:
            item.end(now, OFFLINE, verdict.reason, verdict.remedy)

    def _advance(self, asking: Sequence[Progress], managers: Managers) -> None:
        network = managers.network
        if not isinstance(network, NmState):
            return
        idle = [item for item in asking if not item.done and item.activation is None]
        for item in idle:
            if item.verdict.kind is Kind.UP and self._outdated(item):
                item.verdict = replace(item.verdict, kind=Kind.ACTIVATE)
        up = [item for item in idle if item.verdict.kind is Kind.UP]
        ready = [item for item in idle if item.verdict.kind is Kind.ACTIVATE]
        if up:
            self._verify(up, network)
        if ready:
            self._activator.start(ready, network)

    def _outdated(self, item: Progress) -> bool:
        """True when it runs with another profile than the wanted one (an APN was changed)."""
        try:
            return profile_change(self._host, self._settings, item) is not None
        except (FarmError, OSError) as error:
            fail(item, as_farm_error(error))
            return False

    def _verify(self, up: Sequence[Progress], network: NmState) -> None:
        try:
            kernel = self._host.read_kernel()
        except FarmError as error:
            for item in up:
                fail(item, error)
            return
        lan = self._settings.lan_address
        for item in up:
            usb = item.target.usb
            if item.done or usb is None:
                continue
            wrong = mismatch(item.target.slot, usb, network, kernel, lan)
            if wrong is None:
                item.verified = True
                item.result.interface = usb.net
            else:
                self._take_down(item, wrong)

    def _take_down(self, item: Progress, wrong: str) -> None:
        """Never leave a bearer in place that does not fit its modem; one more try may mend it."""
        try:
            self._host.deactivate(item.serial)
        except FarmError as error:
            fail(item, error)
            return
        problem = TransientError(f"the bearer does not fit: {wrong}", "run again; see the journal")
        item.result.note("activation")
        item.tries += 1
        refused(item, problem, None)

    def _probe(self, item: Progress) -> None:
        if not self._proxies.done():
            item.enter("proxy", time.monotonic())
            return
        error = self._execution.error_of(item.serial)
        if error is not None:
            fail(item, error)
        elif item.probe is None:
            now = time.monotonic()
            item.enter("probe", now)
            item.probe = self._pool.submit(
                probe,
                self._settings.lan_address,
                item.target.slot.port,
                self._settings.probe_url,
                now + PROBE_CAP_S,
            )
        elif item.probe.done():
            try:
                item.result.wan_address = item.probe.result()
                item.end(time.monotonic(), SERVING, None, None)
            except FarmError as problem:
                fail(item, problem)

    def _give_up(self, pending: Sequence[Progress]) -> None:
        for item in pending:
            if not item.done and not item.verified:
                waited = f"{item.verdict.reason} (waited {time.monotonic() - self._started:.0f} s)"
                item.end(time.monotonic(), WAITING, waited, item.verdict.remedy)
