# SPDX-License-Identifier: GPL-3.0-or-later
"""Encryption by age (age-encryption.org, Debian package `age`), as a stream.

What age decrypts is whole and as it was encrypted: a file that was cut or changed ends in an
error. Who encrypted it, age does not say: whoever has the recipients can.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, TypeVar

from modemfarm.errors import MissingPartError, SettingsError

from ..text import printable
from .errors import BackupFailedError, refused

MAGIC = b"age-encryption.org/"
SECRET = b"AGE-SECRET-KEY-"
STDIN = "-"
_CHUNK = 1 << 20
_T = TypeVar("_T")


def program() -> str:
    """Where age is. MissingPartError."""
    found = shutil.which("age")
    if found is None:
        raise MissingPartError(
            "age is not installed", "apt-get install age, or run the role backup"
        )
    return found


def check_recipients(path: Path) -> None:
    """SettingsError where there are none, or where others could add theirs."""
    remedy = f"write the public keys (age1...) of those who may restore to {path}, or run the role"
    try:
        found = path.lstat()
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}", remedy) from error
    if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o022 or found.st_uid not in _owners():
        raise SettingsError(
            f"{path} may be written by others than root", f"chown root {path}; chmod 644 {path}"
        )
    if any(SECRET in line.upper() for line in lines):
        raise SettingsError(
            f"{path} holds a private key", "keep that away from the host; here go public keys"
        )
    if not any(line.strip() and not line.startswith(b"#") for line in lines):
        raise SettingsError(f"{path} names nobody", remedy)


def check_identity(path: str) -> None:
    """SettingsError for a private key that is not there, or that others may read; - is stdin."""
    if path == STDIN:
        return
    remedy = "give --identity FILE, or --identity - and the key on standard input"
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        raise SettingsError(f"cannot read the key {path}: {error.strerror}", remedy) from error
    if not stat.S_ISREG(mode):
        raise SettingsError(f"the key {path} is no file", remedy)
    if mode & 0o077:
        raise SettingsError(f"the key {path} may be read by others", f"chmod 600 {path}")


def encrypt(write: Callable[[IO[bytes]], None], recipients: Path, output: IO[bytes]) -> None:
    """What `write` writes goes encrypted to `output`. BackupFailedError with age's own words."""
    command = [program(), "--encrypt", "--recipients-file", str(recipients)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        try:
            write(process.stdin)
            process.stdin.close()
        except BrokenPipeError:
            pass  # age has ended, and says why below
        except BaseException:
            process.kill()
            raise
        said = _words(process)
        if process.wait():
            raise BackupFailedError(f"age: {said}", "look at disk and recipients, and try again")


def decrypt(file: Path, identity: str, read: Callable[[IO[bytes]], _T]) -> _T:
    """What `read` makes of the clear text. BackupRefusedError when age finds a fault, which goes
    before any that `read` finds in the archive: a cut file makes a bad archive as well.
    """
    command = [program(), "--decrypt", "--identity", identity, "--", str(file.absolute())]
    with subprocess.Popen(
        command,
        stdin=None if identity == STDIN else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        problem: tarfile.TarError | None = None
        try:
            found = read(process.stdout)
        except tarfile.TarError as error:
            problem = error
        except BaseException:
            process.kill()
            raise
        while process.stdout.read(_CHUNK):
            pass
        said = _words(process)
        if process.wait():
            raise _explained(said)
        if problem is not None:
            raise refused(f"what is encrypted in it is no archive of ours ({problem})")
        return found


def _explained(said: str) -> Exception:
    if "no identity matched" in said:
        return refused("it is encrypted for other keys than this one", "use the right --identity")
    if "dentit" in said or "secret key" in said:
        return SettingsError(f"age: {said}", "give a private key as age-keygen made it")
    return refused(f"it is damaged or was cut (age: {said})")


def _words(process: subprocess.Popen[bytes]) -> str:
    """The first line of its complaint; age adds where to report bugs."""
    raw = process.stderr.read() if process.stderr else b""
    first = raw.decode("utf-8", "replace").partition("\n")[0]
    return printable(first.removeprefix("age: ").removeprefix("error: ") or "no reason given", 300)


def _owners() -> tuple[int, int]:
    return (0, os.geteuid())
