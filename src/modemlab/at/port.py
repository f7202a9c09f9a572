# SPDX-License-Identifier: GPL-3.0-or-later
"""One AT port: bytes to command lines, answers to bytes, echo, and the faults of a bad line."""

from __future__ import annotations

import random
from collections import Counter, deque
from typing import TYPE_CHECKING

from modemlab.at.interpreter import execute
from modemlab.modem.spec import VANISH_SECONDS

if TYPE_CHECKING:
    from modemlab.modem.clock import Timer
    from modemlab.modem.modem import Modem

MAX_LINE = 4096  # more without a CR is no command; a real port gives up earlier
NOISE_BYTES = 64
ENDLESS_CHUNK, ENDLESS_SECONDS = 512, 0.1  # 5 kB/s, about what 57600 baud would carry
IGNORED = b"\n\x00\x1a\x1b "  # what may stand around a command line
STRAY_URC = b'\r\n+QIND: "csq",20,99\r\n'


class AtPort:
    """State of one port. Settings are its own: ATE0 here does not quieten the other port.

    `report` holds <n> of +CREG, +CGREG and +CEREG, `settings` what `settings.STORED` keeps.
    `commands` counts what came in since the modem was made, by name and form ("+CPIN=").
    """

    echo: bool
    cmee: int
    report: dict[str, int]
    settings: dict[str, str]
    _pending: Timer | None = None
    _drip: Timer | None = None

    def __init__(self, modem: Modem, channel: int) -> None:
        self.modem: Modem = modem
        self.channel = channel
        self.commands: Counter[str] = Counter()
        self.reset()

    def reset(self) -> None:
        """Power-on settings; whatever waits is forgotten."""
        self.echo = True
        self.cmee = 1
        self.report = {"CREG": 0, "CGREG": 0, "CEREG": 0}
        self.settings = {}
        self._buffer = b""
        self._lines: deque[str] = deque()
        self._busy = False
        self._noise = random.Random(self.modem.number * 16 + self.channel)  # noqa: S311 - no secret
        self._cancel("_pending")
        self._cancel("_drip")

    def feed(self, data: bytes) -> None:
        """Bytes from the host; complete lines are executed in order."""
        self._buffer += data
        while (end := self._buffer.find(b"\r")) >= 0:
            line, self._buffer = self._buffer[:end].strip(IGNORED), self._buffer[end + 1 :]
            if line:
                self._lines.append(line.decode("latin-1"))
        self._buffer = self._buffer[-MAX_LINE:]
        self._next()

    def count(self, command: str) -> None:
        """One command of this name and form came in."""
        self.commands[command] += 1

    def urc(self, line: str) -> None:
        """An unsolicited line, unless the port is silent."""
        if not self._silent:
            self._send(f"\r\n{line}\r\n".encode())

    def sounds_changed(self) -> None:
        """The garbage fault changed: stop a running noise."""
        if self.modem.faults.garbage != "endless":
            self._cancel("_drip")

    @property
    def _silent(self) -> bool:
        return self.modem.faults.silent in ("all", str(self.channel))

    def _next(self) -> None:
        while self._lines and not self._busy:
            self._run(self._lines.popleft())

    def _run(self, line: str) -> None:
        modem, faults = self.modem, self.modem.faults
        modem.counters.at_commands += 1
        if self._silent:
            return
        echo = f"{line}\r".encode("latin-1") if self.echo or faults.echo else b""
        answer = execute(self, line)
        if faults.vanish == "at":
            faults.set("vanish", "off")
            self._busy = True
            self._send(echo + answer[: len(answer) // 2])
            self._pending = modem.clock.later(VANISH_SECONDS, self._vanish)
        elif faults.slow:
            self._busy = True
            self._send(echo)
            self._pending = modem.clock.later(faults.slow, lambda: self._late(answer))
        else:
            self._deliver(echo, answer)

    def _vanish(self) -> None:
        self._pending = None
        self.modem.vanish()

    def _late(self, answer: bytes) -> None:
        self._busy, self._pending = False, None
        if not self._silent:
            self._deliver(b"", answer)
        self._next()

    def _deliver(self, echo: bytes, answer: bytes) -> None:
        faults = self.modem.faults
        if faults.truncate:
            answer = answer[: answer.rstrip(b"\r\n").rfind(b"\r\n")]
        if faults.urc_in_answer:
            # After the first line, so that it parts the echo or a value from its result.
            cut = answer.find(b"\r\n", 2) + 2
            answer = answer[:cut] + STRAY_URC + answer[cut:]
        if faults.garbage == "replace":
            answer = self._noise.randbytes(NOISE_BYTES)
        elif faults.garbage == "prefix":
            answer = self._noise.randbytes(NOISE_BYTES) + answer
        elif faults.garbage == "endless":
            self._send(echo)
            if self._drip is None:
                self._make_noise()
            return
        self._send(echo + answer)

    def _make_noise(self) -> None:
        """A line that never ends: printable, so that only its length gives it away."""
        self._send(bytes(self._noise.choices(range(0x20, 0x7F), k=ENDLESS_CHUNK)))
        self._drip = self.modem.clock.later(ENDLESS_SECONDS, self._make_noise)

    def _send(self, data: bytes) -> None:
        sink = self.modem.on_at.get(self.channel)
        if sink is not None and data:
            sink(data)

    def _cancel(self, name: str) -> None:
        timer: Timer | None = getattr(self, name)
        if timer is not None:
            timer.cancel()
        setattr(self, name, None)
