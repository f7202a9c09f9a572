# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at the host, with the same eyes as an apply, the agent and usb-plan. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from modemfarm.apply.batch import apply_batch
from modemfarm.apply.host import Host
from modemfarm.errors import FarmError, ToolError
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import Snapshot, read_snapshot
from modemfarm.usb import find_modems
from modemfarm.usbplan.journal import KernelLog, from_journal
from modemfarm.usbplan.plan import Plan, make_plan

from ..line.client import ask
from .checks.routing import NONLOCAL
from .checks.services import UNITS
from .facts import Facts
from .look_database import registered
from .look_files import certificates, clock, disks, file_states, link_targets

_T = TypeVar("_T")

AGENT_SOCKET = Path("/run/modemfarm/agent.sock")
AGENT_S = 40.0  # its worker may wait 30 s for a database that hangs


@dataclass(frozen=True)
class Eyes:
    """Where to look. `requests`: send one through each port, the only proof that it serves."""

    settings: Path
    snapshot: Path
    host: Host
    requests: bool = True
    agent: Path = AGENT_SOCKET
    kernel_log: Callable[[], KernelLog] = from_journal
    clock: Callable[[], float] | None = None


def look(eyes: Eyes, step: Callable[[str], None] = lambda _: None) -> Facts:
    """Everything at once; `step` is told what is being looked at. Never raises FarmError."""
    host = eyes.host
    step("settings and snapshot")
    settings = _part(lambda: FarmSettings.load(eyes.settings))
    snapshot = _part(lambda: read_snapshot(eyes.snapshot))
    step("USB")
    modems = find_modems(host.root)
    usb = _usb(eyes, snapshot)
    step("the agent and the database")
    agent = _part(lambda: _status(eyes.agent))
    database = _part(lambda: registered(settings))
    step("modems, their routes and proxies")
    batch = _part(
        lambda: apply_batch(
            (), str(eyes.settings), str(eyes.snapshot),
            check_mode=True, host=host, prove=eyes.requests,
        )
    )  # fmt: skip
    step("services, kernel and files")
    try:
        return Facts(
            settings=settings,
            snapshot=snapshot,
            usb=usb,
            modems=modems,
            batch=batch,
            units=_part(lambda: host.read_units(UNITS)),
            rules=_part(host.read_rules),
            kernel=_part(host.read_kernel),
            listeners=host.read_listening(),
            links=link_targets(host.root),
            parameters=_parameters(host.root),
            agent=agent,
            registered=database,
            disks=disks(host.root),
            files=file_states(host.root, settings, snapshot),
            certificates=certificates(host.root),
            clock=clock(host.root, eyes.clock),
        )
    finally:
        host.close()


def _part(read: Callable[[], _T]) -> _T | FarmError:
    try:
        return read()
    except FarmError as error:
        return error
    except OSError as error:
        said = f"{error.filename or ''}: {error.strerror or error}".removeprefix(": ")
        return ToolError(said, "see the journal of this host")


def _usb(eyes: Eyes, snapshot: Snapshot | FarmError) -> Plan:
    records = () if isinstance(snapshot, FarmError) else snapshot.modems
    serials = {one.usb_path: one.serial for one in records if one.present and one.usb_path}
    return make_plan(eyes.host.path(Path("/sys")), serials, eyes.kernel_log())


def _status(socket: Path) -> Mapping[str, Any]:
    status = ask(socket, {"verb": "status"}, AGENT_S, "modemfarm-agent")["status"]
    if not isinstance(status, dict):
        raise ToolError("the agent's answer is no status", "install one version of modemfarm")
    return status


def _parameters(root: Path) -> dict[str, str]:
    return {NONLOCAL: (root / "proc/sys" / NONLOCAL).read_text(encoding="ascii").strip()}
