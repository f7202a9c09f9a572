# SPDX-License-Identifier: GPL-3.0-or-later
"""Small text files that must be whole at any moment, also after a power cut."""

import grp
import os
import stat
import tempfile
from pathlib import Path

from ..errors import MissingPartError, PermanentError

MAX_READ = 1_000_000


def read_text(path: Path) -> str | None:
    """The content, None when there is no such file. Bytes that are not UTF-8 become U+FFFD."""
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_READ).decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return None


def write_text(path: Path, text: str, mode: int, group: str | None = None) -> None:
    """Replace `path` as a whole; it belongs to the caller and to `group` when one is given."""
    staged = stage_text(path, text, mode, group)
    commit(staged, path)


def stage_text(path: Path, text: str, mode: int, group: str | None = None) -> Path:
    """Write the new content beside `path`, same suffix, and return where; `commit` swaps it in."""
    refuse_foreign_folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=".new-", suffix=path.suffix, dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            if group is not None:
                os.fchown(stream.fileno(), -1, _group_id(group))
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def commit(staged: Path, path: Path) -> None:
    """Put the staged file in place."""
    staged.replace(path)


def refuse_foreign_folder(folder: Path) -> None:
    """Root must not write where somebody else could have put a link: PermanentError then."""
    status = folder.lstat()
    owners = (0, os.geteuid())
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in owners:
        raise PermanentError(
            f"{folder} is not a directory of root", "remove it and run playbooks/site.yml"
        )


def _group_id(group: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise MissingPartError(
            f"there is no group {group}", "run the role of the proxy on this host"
        ) from error
