# SPDX-License-Identifier: GPL-3.0-or-later
"""What a port says, and what a bad line makes of it: noise, cuts, strays, single bytes."""

from __future__ import annotations

import random
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modemlab.modem.clock import Timer
    from modemlab.modem.modem import Modem

NOISE_BYTES = 64
ENDLESS_CHUNK, ENDLESS_SECONDS = 512, 0.1  # 5 kB/s, about what 57600 baud would carry
SPLIT_SECONDS = 0.001  # between single bytes; long enough for a reader to see them one by one
MAX_WAITING = 65536  # bytes that a slow line may owe; the oldest are lost
STRAY_URC = b'\r\n+QIND: "csq",20,99\r\n'


class Voice:
    """The way out of one port."""

    def __init__(self, modem: Modem, channel: int) -> None:
        self._modem = modem
        self._channel = channel
        self._noise = random.Random()  # noqa: S311 - no secret
        self._drip: Timer | None = None
        self._trickle: Timer | None = None
        self._waiting: deque[int] = deque(maxlen=MAX_WAITING)
        self.hush()

    def hush(self) -> None:
        """Power-on state: nothing waits, and noise begins as it always does."""
        self._noise.seed(self._modem.number * 16 + self._channel)
        self._waiting.clear()
        self._stop_noise()
        if self._trickle is not None:
            self._trickle.cancel()
            self._trickle = None

    def sounds_changed(self) -> None:
        """The garbage fault changed: stop a running noise."""
        if self._modem.faults.garbage != "endless":
            self._stop_noise()

    def answer(self, echo: bytes, answer: bytes) -> None:
        """An answer behind its echo, as the faults let it through."""
        faults = self._modem.faults
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
            self.send(echo)
            if self._drip is None:
                self._make_noise()
            return
        self.send(echo + answer)

    def send(self, data: bytes) -> None:
        """Bytes for the host; one by one with the fault `split`, and behind what waits so."""
        if self._modem.faults.split or self._waiting:
            self._waiting.extend(data)
            if self._trickle is None:
                self._give_one()
        else:
            self._out(data)

    def _give_one(self) -> None:
        self._trickle = None
        if self._waiting:
            self._out(bytes([self._waiting.popleft()]))
            self._trickle = self._modem.clock.later(SPLIT_SECONDS, self._give_one)

    def _make_noise(self) -> None:
        """A line that never ends: printable, so that only its length gives it away."""
        self._out(bytes(self._noise.choices(range(0x20, 0x7F), k=ENDLESS_CHUNK)))
        self._drip = self._modem.clock.later(ENDLESS_SECONDS, self._make_noise)

    def _stop_noise(self) -> None:
        if self._drip is not None:
            self._drip.cancel()
            self._drip = None

    def _out(self, data: bytes) -> None:
        sink = self._modem.on_at.get(self._channel)
        if sink is not None and data:
            sink(data)
