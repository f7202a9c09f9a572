# SPDX-License-Identifier: GPL-3.0-or-later
"""Switching on again what a step has switched off: radio, USB device, hub port."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

from ..apply.host import Runner
from ..at import lifecycle
from ..caller import actor_here, correlation
from ..contact import Contact
from ..dialogue import at_session
from ..spool import Spool
from ..undo import HUB_POWER, RADIO, USB, Actions, authorize
from ..usb import find_modem
from . import hub


class Terminated(BaseException):
    """This program was told to end. No Exception: nobody who retries may catch it."""


@contextmanager
def ended_by_signal() -> Iterator[None]:
    """Inside, SIGTERM raises Terminated once, so that whatever is switched off is switched on.

    In a thread nothing changes: signals belong to the main one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: int | FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # Ansible sends it twice
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def actions(root: Path, lock_dir: Path, spool: Path, run: Runner) -> Actions:
    """What settles a note, by step; each is (serial, usb_path) and raises FarmError.

    spool: where what is said to the modem is kept.
    """
    return {
        RADIO: partial(_radio_on, root, lock_dir, spool),
        USB: lambda _, usb_path: authorize(usb_path, "1", root),
        HUB_POWER: lambda _, usb_path: hub.switch(hub.HubPort.of(usb_path), True, run),
    }


def _radio_on(root: Path, lock_dir: Path, folder: Path, serial: str, usb_path: str) -> None:
    """A modem that is not there starts with its radio on; another one there is not touched."""
    usb = find_modem(usb_path, root)
    if usb is None:
        return
    with (
        Spool(serial, actor_here("undo"), correlation(), folder) as spool,
        at_session(Contact(serial, usb, root / "dev"), spool, lock_dir) as session,
    ):
        session.send(lifecycle.radio_on())
