# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual modems for programs without a loop of their own: the loop runs in a thread.

`with Background() as lab: modem, face = lab.pty(ModemSpec(1))` gives a plugged modem; its
terminals are in `face.paths`, and it is changed by `lab.call(modem.faults.set, "slow", 2)`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from modemlab.faces.pty import ByteLog, PtyFace
from modemlab.modem.modem import Modem
from modemlab.modem.spec import ModemSpec

CALL_CAP_SECONDS = 10.0  # nothing here does more than local work

P = ParamSpec("P")
T = TypeVar("T")


class Background:
    """A running loop in a daemon thread, and the faces opened in it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._faces: list[PtyFace] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        for face in self._faces:
            self.call(face.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in the loop and give its result; modems are not thread-safe."""

        async def run() -> T:
            return function(*args, **kwargs)

        return self.run(run())

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Run a coroutine in the loop and give its result. Raises what it raises."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_CAP_SECONDS)

    def pty(
        self, spec: ModemSpec, directory: Path | None = None, log: ByteLog | None = None
    ) -> tuple[Modem, PtyFace]:
        """A modem behind terminals, plugged in; closed with the context. `log` as in PtyFace."""
        modem = Modem(spec)
        face = PtyFace(modem, directory, log)
        self.open(face)
        return modem, face

    def open(self, face: PtyFace) -> None:
        """Plug a face in; it is closed with the context."""
        self.call(face.open)
        self._faces.append(face)
