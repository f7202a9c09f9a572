# SPDX-License-Identifier: GPL-3.0-or-later
"""One AT port: bytes to command lines, lines to answers in their time, and echo."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from modemlab.at.interpreter import execute
from modemlab.at.voice import Voice
from modemlab.modem.spec import VANISH_SECONDS
from modemlab.recording.format import Piece
from modemlab.recording.replay import Replay, Turn

if TYPE_CHECKING:
    from modemlab.modem.clock import Timer
    from modemlab.modem.modem import Modem

MAX_LINE = 4096  # more without a CR is no command; a real port gives up earlier
IGNORED = b"\n\x00\x1a\x1b "  # what may stand around a command line


class AtPort:
    """State of one port. Settings are its own: ATE0 here does not quieten the other port.

    `report` holds <n> of +CREG, +CGREG and +CEREG, `settings` what `settings.STORED` keeps.
    `commands` counts what came in since the modem was made, by name and form ("+CPIN=").
    """

    echo: bool
    cmee: int
    report: dict[str, int]
    settings: dict[str, str]

    def __init__(self, modem: Modem, channel: int) -> None:
        self.modem: Modem = modem
        self.channel = channel
        self.commands: Counter[str] = Counter()
        self._voice = Voice(modem, channel)
        self._timers: list[Timer] = []
        self.reset()

    def reset(self) -> None:
        """Power-on settings; whatever waits is forgotten."""
        self.echo = True
        self.cmee = 1
        self.report = {"CREG": 0, "CGREG": 0, "CEREG": 0}
        self.settings = {}
        self._buffer = b""
        self._lines: deque[str] = deque()
        self._busy = self._running = False
        self._takes = 0.0
        self._behind: list[str] = []
        recording = self.modem.spec.recording
        self._replay = Replay(recording) if recording else None
        self._voice.hush()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

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

    def takes(self, seconds: float) -> None:
        """The command that runs now is answered only after so long."""
        self._takes += seconds

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Do something after so long, unless the power goes before."""

        def fire() -> None:
            self._timers.remove(timer)
            call()

        timer = self.modem.clock.later(seconds, fire)
        self._timers.append(timer)

    def urc(self, line: str) -> None:
        """An unsolicited line, unless the port is silent; behind the answer that is being made."""
        if self._running:
            self._behind.append(line)
        elif not self._silent:
            self._voice.send(f"\r\n{line}\r\n".encode())

    def sounds_changed(self) -> None:
        """The garbage fault changed: stop a running noise."""
        self._voice.sounds_changed()

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
        recorded = self._replay.answer(line) if self._replay else None
        if recorded is not None:
            self._play(recorded)
            return
        echo = f"{line}\r".encode("latin-1") if self.echo or faults.echo else b""
        answer = self._execute(line)
        late = faults.once("late")
        wait = faults.slow + self._takes + (late if isinstance(late, float) else 0.0)
        if faults.vanish == "at":
            faults.set("vanish", "off")
            self._busy = True
            self._voice.send(echo + answer[: len(answer) // 2])
            self.later(VANISH_SECONDS, modem.vanish)
        elif wait:
            self._busy = True
            self._voice.send(echo)
            self.later(wait, lambda: self._late(answer))
        else:
            self._deliver(echo, answer)

    def _execute(self, line: str) -> bytes:
        self._takes, self._running = 0.0, True
        try:
            return execute(self, line)
        finally:
            self._running = False

    def _play(self, turn: Turn) -> None:
        """Say what was recorded when it was said; URCs of the model may come in between."""

        def answered() -> None:
            self._busy = False
            now = turn.answer[-1].ms if turn.answer else 0
            self._say(turn.heard, now, lambda: None)
            self._next()

        self._busy = True
        self._say(turn.answer, 0, answered)

    def _say(self, pieces: tuple[Piece, ...], now: int, done: Callable[[], None]) -> None:
        """One piece after the other, from `now` ms of the recording on."""
        if not pieces:
            done()
            return

        def say() -> None:
            self._voice.send(pieces[0].data)
            self._say(pieces[1:], pieces[0].ms, done)

        wait = (pieces[0].ms - now) / 1000
        self.later(wait * self.modem.spec.replay_scale, say)

    def _late(self, answer: bytes) -> None:
        self._busy = False
        if self._silent:
            self._behind.clear()
        else:
            self._deliver(b"", answer)
        self._next()

    def _deliver(self, echo: bytes, answer: bytes) -> None:
        self._voice.answer(echo, answer)
        behind, self._behind = self._behind, []
        for line in behind:
            self.urc(line)
