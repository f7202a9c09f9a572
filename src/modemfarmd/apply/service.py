# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers requests on a Unix socket: checks who asks and what, runs, answers.

That no two runs change one modem at once is up to the modules (modemfarm.modem_lock): they run from
an admin host and AWX as well.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from modemfarm.errors import FarmError, InvalidValueError

from .job import Job, Outcome
from .peer import Peer, PeerRefusedError, check_peer, peer_of
from .protocol import MAX_LINE, PLAYS, RC_BUSY, RC_REFUSED, Answer, Request, parse, refusal

log = logging.getLogger(__name__)

SEATS = 8  # connections served at once; agent 4, operators and a little
READ_S = 10.0  # a request is one line, sent at once
# A batch waits up to 45 s for its modems, 15 s more for late ones; a repair up to 60 s for a busy
# modem and 130 s for its step; Ansible itself takes up to 30 s under emulation; and room.
JOB_S = 270.0


@dataclass(frozen=True)
class Config:
    """Where the plays are and where jobs may work."""

    project: Path
    work: Path
    job_timeout: float = JOB_S


class Service:
    """Serves one listening socket until stopped."""

    def __init__(
        self,
        config: Config,
        run: Callable[[Job], Outcome],
        check: Callable[[Peer], None] = check_peer,
    ) -> None:
        self._config = config
        self._run = run
        self._check = check
        self._seats = threading.BoundedSemaphore(SEATS)

    def serve(self, listener: socket.socket, stop: threading.Event, wake: socket.socket) -> None:
        """Accept until `stop`; something readable on `wake` makes us look at it."""
        listener.setblocking(False)
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(wake, selectors.EVENT_READ)
            while not stop.is_set():
                for key, _ in selector.select():
                    if key.fileobj is listener:
                        self._accept(listener)

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return  # whoever it was has gone again
        if not self._seats.acquire(blocking=False):
            with connection:
                _send(connection, Answer(False, RC_BUSY, error="too many requests at once"))
            return
        connection.settimeout(READ_S)
        threading.Thread(target=self._attend, args=(connection,), daemon=True).start()

    def _attend(self, connection: socket.socket) -> None:
        try:
            with connection:
                answer = self.answer(connection)
                if answer is not None:
                    _send(connection, answer)
        finally:
            self._seats.release()

    def answer(self, connection: socket.socket) -> Answer | None:
        """Everything from the first byte to the answer; never raises FarmError.

        None for a caller that only connected: the agent does so to have us started.
        """
        peer = peer_of(connection)
        try:
            self._check(peer)
            line = read_line(connection)
            if not line:
                return None
            request = parse(line)
        except PeerRefusedError as error:
            log.warning("pid %d: %s", peer.pid, error)
            return Answer(False, RC_REFUSED, error=str(error))
        except InvalidValueError as error:
            log.warning("pid %d, uid %d: refused: %s", peer.pid, peer.uid, error)
            return refusal(error)
        except OSError as error:
            return Answer(False, RC_REFUSED, error=f"no request: {error}")
        return self._apply(request)

    def _apply(self, request: Request) -> Answer:
        started = time.monotonic()
        try:
            outcome = self._run(self._job(request))
        except FarmError as error:
            log.error("%s", error)
            return Answer(False, 1, time.monotonic() - started, str(error))
        seconds = round(time.monotonic() - started, 3)
        what = f"{request.play} {request.step or ''}".strip()
        count = len(request.serials) or "all"
        log.info("%s of %s modems: rc %d, %.1f s", what, count, outcome.rc, seconds)
        return Answer(
            outcome.rc == 0,
            outcome.rc,
            seconds,
            outcome.error,
            outcome.modems,
            outcome.host,
            outcome.repair,
        )

    def _job(self, request: Request) -> Job:
        return Job(
            project=str(self._config.project),
            playbook=PLAYS[request.play],
            # We are root already; sudo is neither needed nor, in the unit's sandbox, possible.
            variables={**request.variables(), "ansible_become": False},
            work=str(self._config.work),
            timeout=self._config.job_timeout,
        )


def read_line(connection: socket.socket) -> bytes:
    """One line, empty when nothing came; InvalidValueError when it is too long or never ends."""
    data = bytearray()
    deadline = time.monotonic() + READ_S
    while b"\n" not in data:
        if len(data) > MAX_LINE:
            raise InvalidValueError("request", f"over {MAX_LINE} bytes", f"at most {MAX_LINE}")
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        chunk = connection.recv(65536)
        if not chunk and not data:
            return b""
        if not chunk:
            raise InvalidValueError("request", bytes(data[:60]), "a line with its line end")
        data += chunk
    return bytes(data.partition(b"\n")[0]) or b" "


def _send(connection: socket.socket, answer: Answer) -> None:
    try:
        connection.settimeout(READ_S)
        connection.sendall(answer.line())
    except OSError as error:
        log.warning("the answer was not taken: %s", error)
