# SPDX-License-Identifier: GPL-3.0-or-later
"""A modem on a pty that says what a test tells it to: a table of answers, nothing virtual."""

import fcntl
import os
import select
import termios
import threading
import time
import tty

CAP_S = 30.0  # a cap for what takes milliseconds, or a process on a loaded machine seconds


class ScriptedModem:
    """`answers` by command: lines with `|` between, None for silence, a tuple for (seconds, lines).

    `seen` has the commands, `got` every byte. `noise` goes out before each answer, `texts` are
    what came after a `> `.
    """

    def __init__(self, answers: dict[str, str | tuple[float, str] | None]) -> None:
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.device = os.ttyname(self._slave)
        self.answers = answers
        self.seen: list[str] = []
        self.texts: list[bytes] = []
        self.got = b""
        self.noise = b""
        self.echo = False
        self._pending = b""
        self._speaking = threading.Lock()
        self._wake, self._stop = os.pipe()
        self._plugged = True
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def unplug(self) -> None:
        """End the port at once, as pulling the stick does; harmless when it is out."""
        if self._plugged:
            self._plugged = False
            os.close(self._stop)
        self._thread.join(CAP_S)

    def say(self, data: bytes) -> None:
        """Bytes that nobody asked for."""
        with self._speaking:
            os.write(self.master, data)

    def last_close(self) -> None:
        """What the kernel does when a dead program was the only one with the port open.

        Here the modem has it open too, so TIOCEXCL would stay.
        """
        fcntl.ioctl(self._slave, termios.TIOCNXCL)

    def wait_for(self, command: str) -> None:
        """Wait until the command has come in."""
        deadline = time.monotonic() + CAP_S
        while command not in self.seen:
            assert time.monotonic() < deadline, f"{command} did not come; seen: {self.seen}"
            time.sleep(0.005)

    def _serve(self) -> None:
        while self.master in select.select([self.master, self._wake], [], [])[0]:
            data = os.read(self.master, 4096)
            self.got += data
            self._pending += data
            while self._step():
                pass
        for handle in (self._slave, self.master, self._wake):
            os.close(handle)

    def _step(self) -> bool:
        if self._asking():
            return self._take_text()
        line, end, rest = self._pending.partition(b"\r")
        if not end:
            return False
        self._pending = rest
        self._answer(line.strip(b"\x1b").decode())
        return True

    def _asking(self) -> bool:
        return bool(self.seen) and self.answers.get(self.seen[-1]) == ">"

    def _take_text(self) -> bool:
        ends = [self._pending.find(end) for end in (b"\x1a", b"\x1b")]
        places = [place for place in ends if place >= 0]
        if not places:
            return False
        self.texts.append(self._pending[: min(places) + 1])
        self._pending = self._pending[min(places) + 1 :]
        self.seen.append("text")
        self._write(self.answers.get("text", "OK"))
        return True

    def _answer(self, command: str) -> None:
        self.seen.append(command)
        if self.echo:
            self.say(command.encode() + b"\r")
        self._write(self.answers.get(command, "ERROR"))

    def _write(self, answer: str | tuple[float, str] | None) -> None:
        if isinstance(answer, tuple):
            seconds, answer = answer
            # As a real one: busy until it has answered, while input waits.
            if self._wake in select.select([self._wake], [], [], seconds)[0]:
                return
        if answer == ">":
            self.say(b"\r\n> ")
        elif answer is not None:
            lines = "".join(f"\r\n{line}\r\n" for line in answer.split("|"))
            self.say(self.noise + lines.encode())
