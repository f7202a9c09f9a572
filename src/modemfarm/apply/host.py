# SPDX-License-Identifier: GPL-3.0-or-later
"""The modem host as the apply code touches it: every read and every write goes through here.

`root` and `run` can be replaced, so tests have a host of files and recorded outputs.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from .. import usb
from ..errors import FarmError, PermanentError, ToolError
from ..proxy.check import SCRIPT, check_file
from . import bus, guard, kernel, modemmanager, networkmanager, profile, rules, units
from .files import commit, read_text, refuse_foreign_folder, stage_text, write_text
from .sockets import Listener, read_listeners
from .tools import TOOL_TIMEOUT_S, run

MAP_FOLDER = Path("/run/modemfarm/udev")
PROXY_GROUP = "farm-px"
_MAP_LINE = re.compile(r"MODEMFARM_SERIAL=([0-9]{15})\n\Z")


class Runner(Protocol):
    """`tools.run`, or a stand-in with the same arguments."""

    def __call__(
        self, command: Sequence[str], text: str = "", timeout: float = TOOL_TIMEOUT_S
    ) -> str: ...


@dataclass(frozen=True)
class Managers:
    """What ModemManager and NetworkManager say; an error stands for a service without answer."""

    modems: dict[str, modemmanager.MmModem] | FarmError
    network: networkmanager.NmState | FarmError


class Host:
    """One host. Methods raise FarmError or OSError; nothing is remembered between calls."""

    def __init__(self, root: Path = Path("/"), runner: Runner = run) -> None:
        self.root = root
        self.run = runner

    def path(self, absolute: Path) -> Path:
        """`absolute` below this host's root."""
        return self.root / absolute.relative_to("/")

    def usb(self, usb_path: str) -> usb.UsbModem | None:
        """The modem at a USB path."""
        return usb.find_modem(usb_path, self.root)

    def read_maps(self) -> dict[str, str | None]:
        """Serial by USB path as udev will import it; None for a file with anything else in it."""
        folder = self.path(MAP_FOLDER)
        texts = {entry.name: read_text(entry) for entry in sorted(folder.glob("*-*"))}
        found = {name: _MAP_LINE.match(text or "") for name, text in texts.items()}
        return {name: match.group(1) if match else None for name, match in found.items()}

    def read_listening(self) -> tuple[Listener, ...]:
        """Listening TCP sockets."""
        return read_listeners(self.path(Path("/proc")))

    def read_rules(self) -> frozenset[rules.Rule]:
        """Policy routing rules of both families."""
        return frozenset().union(
            *(
                rules.parse_rules(self.run(("ip", f"-{family}", "-N", "-j", "rule")), family)
                for family in (4, 6)
            )
        )

    def read_guard(self) -> frozenset[guard.Element]:
        """Elements of the guard's set; without the set nothing may be served: PermanentError."""
        try:
            return guard.parse_elements(self.run(guard.LIST_COMMAND))
        except ToolError as error:
            raise PermanentError(
                f"cannot read the guard: {error.message}", "run the role routing on this host"
            ) from error

    def read_units(self, names: Iterable[str]) -> dict[str, units.UnitState]:
        """States of units."""
        names = list(names)
        return units.parse_units(self.run(units.show_command(names))) if names else {}

    def read_kernel(self) -> kernel.KernelState:
        """Addresses and default routes."""
        return kernel.parse(self.run(kernel.ADDRESSES_COMMAND), self.run(kernel.ROUTES_COMMAND))

    def read_managers(self) -> Managers:
        """Both services, asked at the same time; a dead one does not hide the other."""
        with ThreadPoolExecutor(2) as pool:
            modems = pool.submit(self._objects, modemmanager.COMMAND)
            network = pool.submit(self._objects, networkmanager.COMMAND)
            return Managers(
                _attempt(lambda: modemmanager.parse_modems(modems.result())),
                _attempt(lambda: networkmanager.parse_state(network.result())),
            )

    def _objects(self, command: Sequence[str]) -> bus.Objects:
        return bus.parse_objects(self.run(command))

    def write_map(self, usb_path: str, serial: str) -> None:
        """Tell udev whose ports are at `usb_path`."""
        path = self.path(MAP_FOLDER) / usb_path
        path.parent.mkdir(mode=0o755, exist_ok=True)
        write_text(path, map_text(serial), 0o644)

    def remove_map(self, usb_path: str) -> None:
        """Forget whose ports are at `usb_path`."""
        path = self.path(MAP_FOLDER) / usb_path
        refuse_foreign_folder(path.parent)
        path.unlink(missing_ok=True)

    def trigger_udev(self, nodes: Iterable[Path]) -> None:
        """Let udev look again at device nodes."""
        names = [str(node) for node in nodes]
        if names:
            self.run(("udevadm", "trigger", "--action=change", *names))

    def write_config(self, path: Path, text: str, check: bool) -> None:
        """Swap in a proxy configuration; with `check` only one that the engine accepts."""
        target = self.path(path)
        staged = stage_text(target, text, 0o640, PROXY_GROUP)
        try:
            if check:
                check_file(staged, self.path(SCRIPT))
            commit(staged, target)
        finally:
            staged.unlink(missing_ok=True)

    def write_profile(self, serial: str, text: str) -> None:
        """Write a NetworkManager keyfile; only root may read it, else it is not loaded."""
        write_text(self.path(profile.profile_path(serial)), text, 0o600)

    def change_rules(self, changes: Iterable[rules.RuleChange]) -> None:
        """Add and delete rules, one process for each address family."""
        changes = list(changes)
        for family in (4, 6):
            mine = [change for change in changes if change.rule.family == family]
            command = ("ip", f"-{family}", "-batch", "-")
            try:
                if mine:
                    self.run(command, "".join(change.line() + "\n" for change in mine))
            except ToolError:  # ip stops at the first line it cannot do: do the others singly
                for change in mine:
                    self._change_rule(command, change)

    def _change_rule(self, command: Sequence[str], change: rules.RuleChange) -> None:
        try:
            self.run(command, change.line() + "\n")
        except ToolError as error:
            # Already as it should be: somebody else, or the batch, was quicker.
            if ("File exists" if change.add else "No such file") not in error.message:
                raise

    def change_guard(self, delete: Iterable[guard.Element], add: Iterable[guard.Element]) -> None:
        """Change elements of the guard's set in one transaction."""
        text = guard.transaction(delete, add)
        if text:
            self.run(("nft", "-f", "-"), text)

    def change_units(self, verb: Sequence[str], names: Sequence[str]) -> None:
        """One systemctl call for all units."""
        self.run((*verb, *names), timeout=units.UNIT_TIMEOUT_S)

    def load_profiles(self, serials: Iterable[str]) -> None:
        """Let NetworkManager (re)read profiles."""
        names = [str(self.path(profile.profile_path(serial))) for serial in serials]
        if names:
            self.run(("nmcli", "connection", "load", *names))

    def activate(self, serial: str, device: str, wait_s: int) -> None:
        """Bring a profile up on one device and wait for it, at most `wait_s` seconds."""
        name = profile.profile_id(serial)
        command = ("nmcli", "--wait", str(wait_s), "connection", "up", "id", name)
        self.run((*command, "ifname", device), timeout=wait_s + TOOL_TIMEOUT_S)

    def deactivate(self, serial: str) -> None:
        """Take a profile down."""
        self.run(("nmcli", "--wait", "10", "connection", "down", "id", profile.profile_id(serial)))


def map_text(serial: str) -> str:
    """The file that udev's IMPORT{file} reads."""
    return f"MODEMFARM_SERIAL={serial}\n"


_T = TypeVar("_T")


def _attempt(action: Callable[[], _T]) -> _T | FarmError:
    try:
        return action()
    except FarmError as error:
        return error
