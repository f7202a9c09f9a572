# SPDX-License-Identifier: GPL-3.0-or-later
"""Who sits at a USB path: asked over AT, each modem in a thread of its own.

The threads are daemons and are never joined: opening the port of a dying device can block in the
kernel for ever, and one such modem must not hold the others or the end of the program.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from modemfarm.at.commands.identity import Identity, identify
from modemfarm.at.session import LOCK_DIR, AtSession
from modemfarm.errors import FarmError
from modemfarm.spool import Spool, SpoolFiles
from modemfarm.usb import AT_MODEM, UsbModem

from .sim_entry import SimEntry, SimTrouble

log = logging.getLogger(__name__)

PARALLEL = 8  # an EC25 answers slower than one core asks eight of them
PORT_WAIT_S = 5.0  # a busy port is asked again soon, and must not look hung: well below CAP_S
CAP_S = 20.0  # seven commands, each 5 s at most; a modem beyond this is hung, not slow


@dataclass(frozen=True)
class Answer:
    """What came of asking: an identity, or why there is none."""

    path: str
    devnum: str
    identity: Identity | None
    sim: SimTrouble | None
    reason: str | None
    remedy: str | None


def candidates(modem: UsbModem) -> list[str]:
    """The ttys worth asking, best first.

    Interface 03 is ours. In another composition ModemManager does not drive the modem in a way
    the farm uses, so its port, and then any other, may be asked to learn who it is.
    """
    if modem.at_tty is not None:
        return [modem.at_tty]
    if modem.composition == "qmi":
        return []
    last_first = list(reversed(modem.ttys))
    second = modem.tty(AT_MODEM)
    return ([second] if second else []) + [tty for tty in last_first if tty != second]


def ask(
    modem: UsbModem,
    devnum: str,
    devices: Path,
    lock_dir: Path = LOCK_DIR,
    files: SpoolFiles | None = None,
    sims: SimEntry | None = None,
) -> Answer:
    """Ask the modem who it is. Never raises FarmError: a failure is an answer with a reason.

    What is said goes to `files` once the modem has a name; of one without, nothing is kept.
    """
    spool = Spool(None, "agent", files=files)
    answer = _ask(modem, devnum, devices, lock_dir, spool, sims or SimEntry())
    if spool.held:
        log.debug("%s: %d commands to nobody known are not kept", modem.path, spool.held)
    spool.close()
    return answer


def _ask(
    modem: UsbModem, devnum: str, devices: Path, lock_dir: Path, spool: Spool, sims: SimEntry
) -> Answer:
    reason = f"no AT port at USB path {modem.path} (composition {modem.composition})"
    remedy = 'check that `option` is loaded; the farm needs AT+QCFG="usbnet",0'
    for tty in candidates(modem):
        try:
            port = str(devices / tty)
            with AtSession(port, spool, lock_dir=lock_dir, wait=PORT_WAIT_S) as session:
                session.sync()
                identity = identify(session)
                spool.identified(identity.imei)
                identity, sim = sims.readable(session, identity)
                return Answer(modem.path, devnum, identity, sim, None, None)
        except FarmError as error:
            reason, remedy = error.message, error.remedy
        except OSError as error:  # the host's: no descriptor is left, for one
            reason, remedy = f"{tty} cannot be asked: {error}", "see the journal of the agent"
    return Answer(modem.path, devnum, None, None, reason, remedy)


class Identifier:
    """Asks modems in the background and hands each answer to `report` (from another thread)."""

    def __init__(
        self,
        report: Callable[[Answer], None],
        devices: Path = Path("/dev"),
        lock_dir: Path = LOCK_DIR,
        asker: Callable[[UsbModem, str, Path, Path], Answer] = ask,
    ) -> None:
        self._report = report
        self._devices = devices
        self._lock_dir = lock_dir
        self._ask = asker
        self._room = threading.Semaphore(PARALLEL)

    def start(self, modem: UsbModem, devnum: str) -> None:
        """Begin; exactly one report follows, within CAP_S and a little."""
        once = _Once(self._report)
        timer = threading.Timer(CAP_S, once, (self._hung(modem, devnum),))
        timer.daemon = True
        timer.start()
        threading.Thread(
            target=self._run,
            args=(modem, devnum, once, timer),
            name=f"ask-{modem.path}",
            daemon=True,
        ).start()

    def _run(self, modem: UsbModem, devnum: str, once: _Once, timer: threading.Timer) -> None:
        # A hung modem keeps its seat for ever; waiting with a cap lets others pass in the end.
        seated = self._room.acquire(timeout=CAP_S / 2)
        try:
            once(self._ask(modem, devnum, self._devices, self._lock_dir))
        finally:
            timer.cancel()
            if seated:
                self._room.release()

    def _hung(self, modem: UsbModem, devnum: str) -> Answer:
        return Answer(
            modem.path, devnum, None, None,
            f"the AT port at USB path {modem.path} did not answer within {CAP_S:g} s",
            "replug the modem",
        )  # fmt: skip


class _Once:
    """Passes on the first call and drops the others."""

    def __init__(self, report: Callable[[Answer], None]) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._done = False

    def __call__(self, answer: Answer) -> None:
        with self._lock:
            first, self._done = not self._done, True
        if first:
            self._report(answer)
