# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules that speak to modems share: who speaks, to which modem, how an error ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .. import caller
from ..at.permit import Role
from ..at.port_lock import LOCK_DIR
from ..caller import actor_here, check_correlation
from ..contact import ROOT, Contact, ask_imei, find_contact
from ..errors import FarmError
from ..reset.comeback import Watch
from ..reset.steps import Workplace
from ..spool import FOLDER, Spool

Answer = dict[str, Any]
MODEM: Answer = {"type": "str", "required": True}
CORRELATION: Answer = {"type": "str", "default": ""}
ROLES = [role.value for role in Role]


@dataclass(frozen=True)
class Here:
    """The host's places; tests have a host of files."""

    root: Path = ROOT
    lock_dir: Path = LOCK_DIR
    spool: Path = FOLDER
    kind: str = "ansible"  # the program that speaks; the person behind it is found out

    def workplace(self, spool: Spool) -> Workplace:
        """What steps and settings work with."""
        return Workplace(spool, Watch(self.root, self.lock_dir))


HERE = Here()


@contextmanager
def conversation(modem: str, correlation: str, here: Here) -> Iterator[tuple[Contact, Spool]]:
    """A modem, and the observer that takes what is said to it into the modem's log."""
    joined = check_correlation(correlation) if correlation else caller.correlation()
    ask = partial(ask_imei, lock_dir=here.lock_dir)
    contact = find_contact(modem, here.root, ask)
    with Spool(contact.serial, actor_here(here.kind), joined, here.spool) as spool:
        yield contact, spool


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
