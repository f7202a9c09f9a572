# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the program behind running proxies, one instance after another, and change it back.

The units start one path, a link. It is switched in one step; then each instance that still runs
another program is restarted and has to do what it did before: take its configuration, resolve, and
let a request through its modem where one went through. The first that does not ends the roll, and
the former program is put back behind all that were restarted. The others were never touched.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..errors import FarmError, MissingPartError, PermanentError, ToolError
from . import proof
from .proof import Port, Reach

LINK = Path("/usr/local/3proxy/sbin/3proxy")
# From the end of systemd's job: 3proxy listens after 20 ms, a probe through LTE may take seconds.
PROOF_S = 15.0


@dataclass(frozen=True)
class Instance:
    """A running proxy: its unit, its main process, the configuration that it has read."""

    unit: str
    pid: int
    config: Path


class Units(Protocol):
    """The proxies of a host, as systemd has them."""

    def running(self) -> Sequence[Instance]:
        """All that run, in the order of their slots."""

    def restart(self, unit: str) -> None:
        """Restart one and wait for the end of the job; FarmError."""

    def program(self, instance: Instance) -> Path:
        """What its process runs: a path to compare by inode, also of a removed file. OSError."""


@dataclass
class Outcome:
    """What was done: units in the order in which they were restarted."""

    before: str | None
    after: str
    restarted: list[str] = field(default_factory=list)
    changed: bool = False


@dataclass(frozen=True)
class Switch:
    """One change of the program. `check` refuses a configuration that a program does not take."""

    units: Units
    check: Callable[[Path, Path], None]
    link: Path = LINK
    urls: Sequence[str] = ()
    seconds: float = PROOF_S

    def run(self, program: Path, check_mode: bool = False) -> Outcome:
        """Put `program` behind the link and all instances.

        MissingPartError, PermanentError before anything is changed; ToolError after what was
        changed has been put back.
        """
        _refuse_odd(program)
        former = _target(self.link)
        outcome = Outcome(str(former) if former else None, str(program))
        running = list(self.units.running())
        stale = [one for one in running if not self._runs(one, program)]
        outcome.changed = former != program or bool(stale)
        for one in stale:
            self.check(one.config, program)
        if check_mode or not outcome.changed:
            return outcome
        back = former or _origin(self.units, stale)
        ports = {one.unit: Port.of(one.config.read_text("utf-8", "replace")) for one in stale}
        point(self.link, program)
        done: list[tuple[Instance, Reach]] = []
        for one in stale:
            before = proof.look(ports[one.unit], self.urls)
            done.append((one, before))
            problem = self._renew(one, ports[one.unit], before)
            if problem is not None:
                raise self._back(back, done, ports, f"{one.unit} with {program}: {problem}")
            outcome.restarted.append(one.unit)
        return outcome

    def _runs(self, one: Instance, program: Path) -> bool:
        try:
            return self.units.program(one).samefile(program)
        except OSError:
            return False  # it has ended meanwhile; a restart does no harm

    def _renew(self, one: Instance, port: Port, before: Reach) -> str | None:
        """Restart one; why it does not do what it did before, or None."""
        try:
            self.units.restart(one.unit)
        except FarmError as error:
            return error.message
        seen = proof.wait_for(port, before, self.urls, self.seconds)
        if proof.as_good(seen, before):
            return None
        return _lacks(port, seen)

    def _back(
        self,
        former: Path | None,
        done: Sequence[tuple[Instance, Reach]],
        ports: dict[str, Port],
        why: str,
    ) -> ToolError:
        """The former program behind all that were restarted, the last one first."""
        if former is None:
            return ToolError(f"{why}; there is no former program to put back", "see the journal")
        point(self.link, former)
        failed = [
            f"{one.unit} ({problem})"
            for one, before in reversed(done)
            if (problem := self._renew(one, ports[one.unit], before)) is not None
        ]
        told = f"{why}; {former} is back behind {len(done) - len(failed)} of {len(done)} restarted"
        if failed:
            told += f"; not back: {', '.join(failed)}"
        return ToolError(told, f"see `journalctl -u {done[-1][0].unit}`")


def point(link: Path, target: Path) -> None:
    """Make `link` lead to `target`, in one step: there is no moment without a program."""
    staged = link.with_name(f".{link.name}.new")
    staged.unlink(missing_ok=True)
    staged.symlink_to(target)
    staged.replace(link)
    folder = os.open(link.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _refuse_odd(program: Path) -> None:
    if not program.is_file() or not os.access(program, os.X_OK):
        raise MissingPartError(f"{program} is no program", "run the role threeproxy on this host")
    owner = program.resolve().stat()
    if owner.st_uid not in (0, os.geteuid()) or owner.st_mode & 0o022:
        raise PermanentError(
            f"{program} can be changed by others than root", f"chown root and chmod 0755 {program}"
        )


def _target(link: Path) -> Path | None:
    try:
        return link.readlink()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PermanentError(
            f"{link} is no link ({error.strerror})", "move it away; the role owns this path"
        ) from error


def _origin(units: Units, stale: Sequence[Instance]) -> Path | None:
    """What the first instance runs, from before there was a link."""
    for one in stale:
        try:
            path = units.program(one).resolve(strict=True)
        except OSError:
            continue
        return path
    return None


def _lacks(port: Port, seen: Reach) -> str:
    if seen.took:
        return f"port {port.port} answers, but no request comes back through the modem"
    return f"port {port.port} does not answer as its configuration says"
