# SPDX-License-Identifier: GPL-3.0-or-later
"""The modem host as the apply code touches it: every read and every write goes through here.

`root`, `runner`, `bus` and `netlink` can be replaced, so tests have a host of files and recordings.
"""

import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from .. import usb
from ..dbus.connection import Bus, BusError, Call
from ..dbus.wire import Message, WireError, managed_objects
from ..errors import ConfigRefusedError, FarmError, PermanentError, ToolError
from ..host_lock import held
from ..mm import objects as modemmanager
from ..mm.reprobe import reprobe
from ..proxy import check
from ..usb_map import MAP_FOLDER, map_text, parse_map
from . import guard, networkmanager, path_filter, profile, systemd
from .files import commit, read_text, refuse_foreign_folder, stage_text, write_text
from .kernel import KernelState
from .netlink import Netlink
from .rules import Rule, RuleChange
from .sockets import Listener, describe_holders, read_listeners
from .tools import TOOL_TIMEOUT_S, run

LINK_FOLDER = Path("/dev/modems")
ROUTING_UNIT = "modemfarm-routing.service"
ROUTING_S = 20.0  # 0.1 s natively, 3 s under emulation; our lock is held meanwhile
PROXY_GROUP = "farm-px"
LOCK_NAME = ".lock"  # in a folder of root's, so that nobody else can hold it
LOCK_WAIT_S = 60.0  # a run holds it for a second, under emulation with 30 new modems for ten


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

    def __init__(
        self,
        root: Path = Path("/"),
        runner: Runner = run,
        bus: Callable[[], Bus] = Bus,
        netlink: Callable[[], Netlink] = Netlink,
    ) -> None:
        self.root = root
        self.run = runner
        self._open_bus = bus
        self._open_netlink = netlink
        self._bus: Bus | None = None
        self._netlink: Netlink | None = None

    @property
    def bus(self) -> Bus:
        """The system bus, with the signals that this program waits for."""
        if self._bus is None:
            bus = self._open_bus()
            bus.subscribe((*modemmanager.SIGNALS, *networkmanager.SIGNALS, *systemd.SIGNALS))
            bus.call(systemd.subscribe_call())
            self._bus = bus
        return self._bus

    @property
    def netlink(self) -> Netlink:
        """The kernel's routing."""
        if self._netlink is None:
            self._netlink = self._open_netlink()
        return self._netlink

    def close(self) -> None:
        """Close what was opened."""
        for opened in (self._bus, self._netlink):
            if opened is not None:
                opened.close()
        self._bus = self._netlink = None

    def signals(self, timeout: float, wake: socket.socket) -> list[Message]:
        """Signals of the managers; waits for the first one, or `wake`, at most `timeout` s."""
        return self.bus.signals(timeout, wake)

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
        return {name: parse_map(text) for name, text in texts.items()}

    def read_links(self) -> dict[str, frozenset[str]] | None:
        """Names of udev's links (role udev) by IMEI; None where there are none at all."""
        folder = self.path(LINK_FOLDER)
        if not folder.is_dir():
            return None
        return {name: frozenset(_names(folder / name)) for name in _names(folder)}

    def read_listening(self) -> tuple[Listener, ...]:
        """Listening TCP sockets."""
        return read_listeners(self.path(Path("/proc")))

    def read_holders(self, listeners: Sequence[Listener]) -> dict[int, str]:
        """Who has these sockets, in words by port."""
        return describe_holders(listeners, self.path(Path("/proc")))

    def read_rules(self) -> frozenset[Rule]:
        """Policy routing rules of both families."""
        return self.netlink.rules()

    def read_strict(self, interfaces: Iterable[str | None]) -> frozenset[str]:
        """Those of `interfaces` with strict reverse path filtering."""
        return path_filter.strict(interfaces, self.path(path_filter.FOLDER))

    def loosen_filter(self, interface: str) -> None:
        """Let answers in from whom only the proxy's user has a route to."""
        path_filter.loosen(interface, self.path(path_filter.FOLDER))

    def read_guard_drops(self) -> dict[str, int]:
        """What the guard has dropped, packets by chain; nothing where there is no guard."""
        try:
            return guard.drops(self.run(guard.LIST_COMMAND))
        except (FarmError, ValueError, KeyError, TypeError, AttributeError):
            return {}  # that it is lost is told by read_guard

    def read_guard(self) -> frozenset[guard.Element]:
        """Who may send where; without the guard nothing may be served: PermanentError."""
        return self.read_guard_sets()[0]

    def read_guard_sets(self) -> tuple[frozenset[guard.Element], frozenset[int] | None]:
        """As read_guard, and the ports that are stopped (None: it is a guard without stops)."""
        chains = guard.chains_of(read_text(self.path(guard.FILE)))
        try:
            text = self.run(guard.LIST_COMMAND)
            return guard.parse(text, chains), guard.stopped_in(text)
        except ToolError as error:
            raise PermanentError(
                f"cannot read the guard: {error.message}", "run the role routing on this host"
            ) from error

    def read_units(self, names: Iterable[str]) -> dict[str, systemd.UnitState]:
        """States of units."""
        names = list(names)
        return systemd.read_units(self.bus, names) if names else {}

    def read_kernel(self) -> KernelState:
        """Addresses and default routes."""
        return self.netlink.kernel()

    def read_managers(self) -> Managers:
        """Both services, asked at the same time; a dead one does not hide the other."""
        calls = (modemmanager.READ, networkmanager.READ)
        modems, network = self.bus.call_all(calls)
        return Managers(
            _parsed(modems, modemmanager.INTERFACES, modemmanager.parse_modems),
            _parsed(network, networkmanager.INTERFACES, networkmanager.parse_state),
        )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Rules, guard and identity maps are changed by one run at a time on a host."""
        folder = self.path(MAP_FOLDER)
        folder.mkdir(mode=0o755, exist_ok=True)
        refuse_foreign_folder(folder)
        with held(folder / LOCK_NAME, LOCK_WAIT_S, "modem_apply"):
            yield

    def restore_routing(self) -> None:
        """Have guard and rules loaded again, closed before open. ToolError."""
        systemd.run_job(self.bus, systemd.RELOAD_OR_START, ROUTING_UNIT, ROUTING_S)

    def reprobe(self, serial: str, usb_path: str) -> str:
        """Have ModemManager take a modem up anew; its new object's path. Waits for it."""
        return reprobe(serial, usb_path, self._open_bus).path

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
        """Let udev look again at devices (sysfs folders), as `udevadm trigger` does it."""
        for node in nodes:
            try:
                (self.path(node) / "uevent").write_text("change\n", encoding="ascii")
            except FileNotFoundError:
                continue  # unplugged meanwhile: udev has nothing to look at

    def stage_config(self, path: Path, text: str) -> Path:
        """Write a proxy configuration beside its place; `commit_config` puts it there."""
        return stage_text(self.path(path), text, 0o640, PROXY_GROUP)

    def commit_config(self, staged: Path, path: Path) -> None:
        """Swap a staged configuration in."""
        commit(staged, self.path(path))

    def check_configs(self, staged: Sequence[Path]) -> list[FarmError | None]:
        """Ask the engine about staged configurations, all at the same time."""
        token = os.urandom(4).hex()
        names = [f"modemfarm-check-{token}-{number}.service" for number in range(len(staged))]
        commands = [(name, check.command(path)) for name, path in zip(names, staged, strict=True)]
        jobs = systemd.begin_commands(self.bus, commands, check.TIMEOUT_S)
        begun = [job for job in jobs if isinstance(job, str)]
        results = systemd.wait_for(self.bus, begun, check.TIMEOUT_S * 2)
        errors: list[FarmError | None] = []
        for name, job in zip(names, jobs, strict=True):
            if isinstance(job, BusError):
                errors.append(job)
            elif results.get(job) == "done":
                errors.append(None)
            else:
                errors.append(_refusal(name, results.get(job, "no answer")))
        return errors

    def write_profile(self, serial: str, text: str) -> None:
        """Write a NetworkManager keyfile; only root may read it, else it is not loaded."""
        write_text(self.path(profile.profile_path(serial)), text, 0o600)

    def change_rules(self, changes: Iterable[RuleChange]) -> None:
        """Add and delete rules."""
        for change in changes:
            self.netlink.change_rule(change.rule, change.add)

    def change_guard(self, delete: Iterable[guard.Element], add: Iterable[guard.Element]) -> None:
        """Change elements of the guard's set in one transaction."""
        text = guard.transaction(delete, add)
        if text:
            self.run(("nft", "-f", "-"), text)

    def change_stopped(self, delete: Iterable[int], add: Iterable[int]) -> None:
        """Let new clients to ports again, or not any more; whoever is connected stays so."""
        text = guard.stop_transaction(delete, add)
        if text:
            self.run(("nft", "-f", "-"), text)

    def load_profiles(self, serials: Iterable[str]) -> None:
        """Let NetworkManager (re)read profiles; ToolError names the ones it does not take."""
        names = [str(self.path(profile.profile_path(serial))) for serial in serials]
        if names:
            _, refused = self.bus.call(networkmanager.load_call(names)).values()
            if refused:
                raise ToolError(
                    f"NetworkManager does not take {', '.join(refused)}",
                    "see `journalctl -u NetworkManager`",
                )

    def activate(self, devices: Sequence[tuple[str, str]]) -> list[str | BusError]:
        """Begin to bring up (serial, device object) pairs; active objects or errors, at once."""
        found = self.bus.call_all(
            networkmanager.find_call(profile.profile_uuid(serial)) for serial, _ in devices
        )
        calls: list[Call] = []
        for answer, (_, device) in zip(found, devices, strict=True):
            path = "/" if isinstance(answer, BusError) else str(answer.values()[0])
            calls.append(networkmanager.activate_call(path, device))
        answers = self.bus.call_all(calls)
        return [a if isinstance(a, BusError) else str(a.values()[0]) for a in answers]

    def deactivate(self, active_path: str) -> None:
        """Take an active connection down."""
        self.bus.call(networkmanager.deactivate_call(active_path))


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []  # unplugged meanwhile


def _refusal(unit: str, result: str) -> FarmError:
    return ConfigRefusedError(
        f"the engine refuses the new configuration ({result}); the old one stays in use",
        f"see `journalctl -u {unit}`",
    )


_T = TypeVar("_T")


def _parsed(
    answer: Message | BusError, wanted: frozenset[str], parse: Callable[[dict[str, Any]], _T]
) -> _T | FarmError:
    if isinstance(answer, BusError):
        return answer
    try:
        return parse(managed_objects(answer, wanted.__contains__))
    except WireError as error:
        return error
    except (TypeError, ValueError) as error:
        return ToolError(f"unreadable D-Bus answer: {error}", "check the version of the service")
