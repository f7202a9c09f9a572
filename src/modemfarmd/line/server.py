# SPDX-License-Identifier: GPL-3.0-or-later
"""A Unix socket on which each connection says one line of JSON and gets one back.

Who may connect is decided by the socket's mode and once more by the kernel's word on who it is.
"""

from __future__ import annotations

import logging
import os
import pwd
import select
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modemfarm.errors import FarmError, InvalidValueError, NotPermittedError

from ..apply.peer import Peer, group_id, peer_of
from .wire import encode, parse, read_line

log = logging.getLogger(__name__)

SEATS = 8  # connections served at once; a person and a console or two
MAX_LINE = 64 * 1024
READ_S = 10.0  # a request is one line, sent at once
POLL_S = 1.0  # how late a stop request may be noticed

Answer = Callable[[dict[str, Any], Peer], dict[str, Any]]


def listen(path: Path, group: str) -> socket.socket:
    """Listen at `path`, mode 0660, of `group` where there is one and we may say so.

    The name appears when everything is in place: who sees it can connect.
    """
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        before = os.umask(0o117)
        try:
            listener.bind(str(fresh))
        finally:
            os.umask(before)
        found = group_id(group)
        if found is not None and os.geteuid() == 0:
            os.chown(fresh, 0, found)
        listener.listen()
        fresh.replace(path)
    except OSError:
        listener.close()
        raise
    return listener


def check_member(peer: Peer, group: str) -> None:
    """Root, ourselves and the members of `group` may; NotPermittedError for all others."""
    if peer.uid in (0, os.geteuid()):
        return
    gid = group_id(group)
    try:
        groups = os.getgrouplist(pwd.getpwuid(peer.uid).pw_name, peer.gid)
    except KeyError:
        groups = [peer.gid]
    if gid is None or gid not in groups:
        raise NotPermittedError(
            f"uid {peer.uid} may not do this", f"run it with sudo, or as a member of {group}"
        )


class LineServer(threading.Thread):
    """Serves `listener` until `stop`. A FarmError from `answer` becomes an answer that says so."""

    def __init__(
        self,
        listener: socket.socket,
        answer: Answer,
        check: Callable[[Peer], None],
        stop: threading.Event,
    ) -> None:
        super().__init__(name="control", daemon=True)
        self._listener = listener
        self._answer = answer
        self._check = check
        self._stop_event = stop
        self._seats = threading.BoundedSemaphore(SEATS)

    def run(self) -> None:
        """Accept until stopped."""
        self._listener.setblocking(False)
        with self._listener:
            while not self._stop_event.is_set():
                if select.select([self._listener], [], [], POLL_S)[0]:
                    self._accept()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # whoever it was has gone again
        if not self._seats.acquire(blocking=False):
            with connection:
                busy = {"error": "too many requests at once", "remedy": "try again"}
                _send(connection, {"ok": False, "bad_input": False, **busy})
            return
        threading.Thread(target=self._attend, args=(connection,), daemon=True).start()

    def _attend(self, connection: socket.socket) -> None:
        try:
            with connection:
                answer = self._talk(connection)
                if answer is not None:
                    _send(connection, answer)
        finally:
            self._seats.release()

    def _talk(self, connection: socket.socket) -> dict[str, Any] | None:
        """From the first byte to the answer; None for a caller that said nothing."""
        try:
            peer = peer_of(connection)
            self._check(peer)
            line = read_line(connection, MAX_LINE, READ_S)
            return {"ok": True, **self._answer(parse(line), peer)} if line else None
        except FarmError as error:
            log.warning("a request is refused: %s", error)
            bad = isinstance(error, InvalidValueError)
            return {"ok": False, "bad_input": bad, "error": error.message, "remedy": error.remedy}
        except OSError as error:
            log.debug("no request: %s", error)
            return None


def _send(connection: socket.socket, answer: dict[str, Any]) -> None:
    try:
        connection.settimeout(READ_S)
        connection.sendall(encode(answer))
    except OSError as error:
        log.debug("the answer was not taken: %s", error)
