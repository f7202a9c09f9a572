# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules that speak to modems share: who speaks, to which modem, how an error ends."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from .. import caller, modem_lock, undo
from ..apply.host import Host
from ..at.permit import Role
from ..at.port_lock import LOCK_DIR
from ..caller import actor_here, check_correlation
from ..contact import ROOT, Contact, ask_imei, find_contact
from ..errors import FarmError, PortGoneError, ToolError
from ..hold import refuse_held
from ..reset import unwind
from ..reset.comeback import Watch
from ..reset.steps import Workplace
from ..snapshot import DEFAULT_PATH as SNAPSHOT
from ..snapshot import read_snapshot
from ..spool import FOLDER, Spool

Answer = dict[str, Any]
MODEM: Answer = {"type": "str", "required": True}
CORRELATION: Answer = {"type": "str", "default": ""}
IGNORE_HOLD: Answer = {"type": "bool", "default": False}
LOCK_WAIT_S = 60.0  # a batch of modem_apply is over after 45 s; another step may take longer
ROLES = [role.value for role in Role]


@dataclass(frozen=True)
class Here:
    """The host's places; tests have a host of files."""

    root: Path = ROOT
    lock_dir: Path = LOCK_DIR
    spool: Path = FOLDER
    kind: str = "ansible"  # the program that speaks; the person behind it is found out
    actor: str | None = None  # both, where they are known already

    host: Callable[[Path], Host] = Host

    def workplace(self, spool: Spool) -> Workplace:
        """What steps and settings work with."""
        return Workplace(spool, Watch(self.root, self.lock_dir), self.host)

    def path(self, absolute: Path) -> Path:
        """`absolute` on this host."""
        return self.root / absolute.relative_to("/")


HERE = Here()


@contextmanager
def conversation(modem: str, correlation: str, here: Here) -> Iterator[tuple[Contact, Spool]]:
    """A modem, and the observer that takes what is said to it into the modem's log."""
    joined = check_correlation(correlation) if correlation else caller.correlation()
    ask = partial(ask_imei, lock_dir=here.lock_dir)
    contact = find_contact(modem, here.root, ask)
    with Spool(contact.serial, here.actor or actor_here(here.kind), joined, here.spool) as spool:
        yield contact, spool


@contextmanager
def writing(
    contact: Contact, here: Here, program: str, ignore_hold: bool, check_mode: bool
) -> Iterator[Contact]:
    """The modem as it is now, for who changes it: nobody else does meanwhile, and no hold forbids
    it. What is left switched off by an error or SIGTERM is switched on again.

    ModemBusyError, HeldError. One whose IMEI nobody knows has neither lock nor hold.
    """
    serial = contact.serial
    if serial is None or check_mode:
        _refuse_held(serial, here, ignore_hold)
        yield contact
        return
    folder, holder = here.path(modem_lock.FOLDER), f"{program} (process {os.getpid()})"
    with modem_lock.held_one(serial, LOCK_WAIT_S, holder, folder), _unwound(serial, here):
        _refuse_held(serial, here, ignore_hold)  # it may have been placed while we waited
        found = contact.again(here.root)
        if found is None:
            raise PortGoneError(
                f"modem {serial} has left USB path {contact.usb.path}", "wait for it, or replug it"
            ).about(serial)
        yield found


def _refuse_held(serial: str | None, here: Here, ignore: bool) -> None:
    path = here.path(SNAPSHOT)
    if serial is None or ignore or not path.exists():
        return
    for record in read_snapshot(path).select([serial])[0]:
        refuse_held(record.hold, datetime.now(UTC), serial)


@contextmanager
def _unwound(serial: str, here: Here) -> Iterator[None]:
    with unwind.ended_by_signal():
        try:
            yield
        except unwind.Terminated:
            _settle(serial, here)
            raise ToolError(
                "this run was told to end", "what it had switched off is switched on; run it again"
            ).about(serial) from None
        except FarmError:
            _settle(serial, here)
            raise


def _settle(serial: str, here: Here) -> None:
    """A second try, with a fresh session, where unwinding failed; else the next apply does it."""
    with suppress(FarmError, OSError):
        undo.settle(serial, here.path(undo.FOLDER), lambda: _actions(here))


def _actions(here: Here) -> undo.Actions:
    return unwind.actions(here.root, here.lock_dir, here.spool, here.host(here.root).run)


def with_log(answer: Answer, spool: Spool) -> Answer:
    """The answer with what joins it to the modem's log, and a warning where none could be kept."""
    problem = [f"nothing is kept in the modem's log: {spool.problem}"] if spool.problem else []
    return {**answer, "correlation": spool.correlation, "warnings": problem}


def guarded(work: Callable[[], Answer]) -> Answer:
    """What `work` gives; an error becomes the fields of fail_json, with `failed`."""
    try:
        return work()
    except FarmError as error:
        return {"failed": True, "msg": str(error), **error.fields()}


def end(module: Any, answer: Answer) -> None:
    """Give the answer to Ansible by fail_json or exit_json of `module`, an AnsibleModule."""
    for warning in answer.pop("warnings", ()):
        module.warn(warning)
    finish = module.fail_json if answer.pop("failed", False) else module.exit_json
    finish(**answer)
