# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter `source_digest`: a digest of what a source archive holds, whoever packed it.

Archives that a code host makes on request are not byte-stable (compression, owners and times
change), so the role pins this instead: sha256 over one line per file, ordered by name:
`<name without the top folder>\\0<x or ->\\0<sha256 of the content>\\n`.
"""

import hashlib
import tarfile
from pathlib import Path, PurePosixPath

from ansible.errors import AnsibleFilterError

# 3proxy 1.0.0 has 240 files and 3 MB; the limits keep a crafted archive from filling memory.
MAX_FILES = 5_000
MAX_BYTES = 100_000_000
_CHUNK = 1 << 16


def source_digest(path: str) -> str:
    """Return the digest (64 hex digits) of the .tar.gz at `path` on the controller.

    AnsibleFilterError for what is not a gzip'ed tar, holds links, devices or two files of one
    name, has a path that leaves its one top folder, or is too large.
    """
    try:
        with tarfile.open(Path(path), "r:gz") as archive:
            lines = _lines(archive)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise AnsibleFilterError(f"source_digest: cannot read {path}: {error}") from error
    except ValueError as error:
        raise AnsibleFilterError(f"source_digest: {path} is refused: {error}") from error
    if not lines:
        raise AnsibleFilterError(f"source_digest: {path} is refused: it holds no file")
    digest = hashlib.sha256()
    for name in sorted(lines):
        digest.update(lines[name])
    return digest.hexdigest()


def _lines(archive: tarfile.TarFile) -> dict[bytes, bytes]:
    tops: set[str] = set()
    lines: dict[bytes, bytes] = {}
    total = 0
    for member in archive:
        parts = _parts(member.name)
        tops.add(parts[0])
        if len(tops) > 1:
            raise ValueError(f"more than one top folder: {', '.join(sorted(tops))}")
        if member.isdir():
            continue
        if not member.isreg():
            raise ValueError(f"{member.name!r} is not a plain file")
        if len(parts) == 1:
            raise ValueError(f"{member.name!r} is not inside a top folder")
        total += member.size
        if total > MAX_BYTES or len(lines) >= MAX_FILES:
            raise ValueError(f"more than {MAX_FILES} files or {MAX_BYTES} bytes")
        name = "/".join(parts[1:]).encode()
        if name in lines:
            raise ValueError(f"{member.name!r} is there twice")
        mark = b"x" if member.mode & 0o100 else b"-"
        lines[name] = b"\0".join((name, mark, _content_digest(archive, member).encode())) + b"\n"
    return lines


def _parts(name: str) -> tuple[str, ...]:
    parts = PurePosixPath(name).parts
    plain = parts and not name.startswith("/") and all(part not in ("..", "/") for part in parts)
    if not plain or any(not character.isprintable() for character in name):
        raise ValueError(f"path {name!r} leaves the archive or is not printable")
    return parts


def _content_digest(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    stream = archive.extractfile(member)
    if stream is None:
        raise ValueError(f"{member.name!r} has no content")
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, object]:
        """Names and functions of the filters in this file."""
        return {"source_digest": source_digest}
