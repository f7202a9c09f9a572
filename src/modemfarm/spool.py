# SPDX-License-Identifier: GPL-3.0-or-later
"""Where records wait on the disk until the agent has written them to modem_logs.

Whoever speaks to a modem appends one JSON line per command to a file of its own. That costs one
write(2) and needs no database. The writer holds a lock on its file; the agent takes a file whose
lock is free, so that of a killed writer as well. A power cut loses what the kernel has not yet
written: nobody waits for a disk here.
"""

import contextlib
import errno
import fcntl
import json
import os
import secrets
import threading
import time
from collections import deque
from pathlib import Path

from .caller import check_actor
from .caller import check_correlation as check_correlation
from .caller import new_correlation as new_correlation
from .identity import check_serial
from .mask import without_secrets
from .record import Record
from .spool_room import make_room

FOLDER = Path("/var/lib/modemfarm/spool")
FILE_BYTES = 262_144  # the agent reads a file as a whole
FILE_AGE_S = 2.0  # of a long session: its rows are to be seen while it lasts
RETRY_S = 1.0  # a command must not pay for each failed try
CREATE_TRIES = 5  # each loss of the race against the agent's look is a coincidence of microseconds
ANSWER_LONGEST = 16_384  # characters; the longest honest answer, a list of all messages, is masked
COMMAND_LONGEST = 2_048
HELD = 256  # records of a modem not yet identified; an identification has about ten
MODE = 0o640  # the agent reads by the folder's group; nobody else does

_encode = json.JSONEncoder(separators=(",", ":")).encode


class SpoolFiles:
    """Lines appended to files in the folder. Thread-safe, and never raises OSError.

    `problem` says why lines are not kept (None while they are), `lost` how many were not.
    """

    def __init__(self, folder: Path = FOLDER, longest: float | None = FILE_AGE_S) -> None:
        self._folder = folder
        self._longest = longest
        self._lock = threading.Lock()
        self._handle: int | None = None
        self._size = 0
        self._began = 0.0
        self._next_try = 0.0
        self.problem: str | None = None
        self.lost = 0

    def append(self, line: bytes) -> None:
        """Write one line, with its end, in one piece."""
        with self._lock:
            try:
                self._append(line)
            except OSError as error:
                self._close()
                self._next_try = time.monotonic() + RETRY_S
                self.lost += 1
                self.problem = f"commands are not logged: {self._folder}: {error.strerror}"

    def turn(self) -> None:
        """Leave the present file to the agent; the next line goes to a new one."""
        with self._lock:
            self._close()

    close = turn

    def _append(self, line: bytes) -> None:
        now = time.monotonic()
        if self._handle is not None and self._is_over(len(line), now):
            self._close()
        if self._handle is None:
            if now < self._next_try:
                self.lost += 1
                return
            self._handle, first = _create(self._folder)
            self._size, self._began, self.problem = 0, now, None
            line = first + line
        self._size += len(line)
        if os.write(self._handle, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _is_over(self, more: int, now: float) -> bool:
        aged = self._longest is not None and now - self._began > self._longest
        return aged or self._size + more > FILE_BYTES

    def _close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


class Spool:
    """The observer of one action on one modem: its records, masked, as lines of a file.

    Without `files` it has a file of its own; `close` or the end of the process gives it to the
    agent. serial None: records are held until `identified`. InvalidValueError for bad fields.
    """

    def __init__(
        self,
        serial: str | None,
        actor: str,
        correlation: str | None = None,
        folder: Path = FOLDER,
        files: SpoolFiles | None = None,
    ) -> None:
        self._serial = None if serial is None else check_serial(serial)
        self.actor = check_actor(actor)
        self.correlation = check_correlation(correlation or new_correlation())
        self._owned = SpoolFiles(folder) if files is None else None
        self._files = files or self._owned or SpoolFiles(folder)
        self._held: deque[Record] = deque(maxlen=HELD)

    def __call__(self, record: Record) -> None:
        """Keep a record. Never raises: logging is no reason for a command to fail."""
        if self._serial is None:
            self._held.append(record)
        else:
            self._files.append(self._line(self._serial, record))

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the file; harmless when there is none. Another record opens a new one."""
        if self._owned is not None:
            self._owned.close()

    def identified(self, serial: str) -> None:
        """The modem is this one: what was held is written, and what comes goes the same way."""
        self._serial = check_serial(serial)
        while self._held:
            self._files.append(self._line(serial, self._held.popleft()))

    @property
    def held(self) -> int:
        """Records that wait for a serial; without one they are nobody's."""
        return len(self._held)

    @property
    def problem(self) -> str | None:
        """Why records are not kept; None while they are. To be said once, then go on."""
        return self._files.problem

    @property
    def lost(self) -> int:
        """How many records could not be kept."""
        return self._files.lost

    def _line(self, serial: str, record: Record) -> bytes:
        record = without_secrets(record)
        fields = {
            "serial": serial,
            "actor": self.actor,
            "correlation": self.correlation,
            "channel": record.channel,
            "command": record.command[:COMMAND_LONGEST],
            "answer": record.answer[:ANSWER_LONGEST],
            "outcome": record.outcome,
            "ms": round(record.milliseconds, 3),
            "at": record.at,
        }
        return _encode(fields).encode("ascii") + b"\n"


def _create(folder: Path) -> tuple[int, bytes]:
    """A new file, locked, and its first line when older files had to make room. OSError."""
    # Root works in a folder of an unprivileged user: the name must not lead anywhere else.
    where = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        # A look at the whole folder is not free: one file in eight pays for it.
        dropped = make_room(folder) if secrets.randbelow(8) == 0 else None
        for _ in range(CREATE_TRIES):
            handle = _try_create(where)
            if handle is not None:
                return handle, dropped.line() if dropped else b""
    finally:
        os.close(where)
    raise OSError(errno.EAGAIN, "the agent took each new file")


def _try_create(where: int) -> int | None:
    """One file; None when the agent saw it before it was locked."""
    # Sorted by name they are sorted by time; nobody can guess the name and be there first.
    name = f"{time.time_ns()}-{secrets.token_hex(8)}.log"
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, flags, MODE, dir_fd=where)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_nlink == 0:
            raise BlockingIOError
        os.fchmod(handle, MODE)  # whatever the umask is
        if os.geteuid() == 0:
            owner = os.fstat(where)
            with contextlib.suppress(PermissionError):  # a sandbox; the group comes by setgid
                os.fchown(handle, owner.st_uid, owner.st_gid)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:
        os.close(handle)
        raise
    return handle
