# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the "newc" archive that the kernel unpacks as its initrd.

Layout: Linux, Documentation/driver-api/early-userspace/buffer-format.rst. Python has no module for
it and `cpio` is not on every host; the format is one header of 13 hexadecimal fields a file.
"""

import stat

ALIGN = 4
TRAILER = "TRAILER!!!"


class Archive:
    """Collects folders and files; `done()` gives the bytes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._inode = 0

    def folder(self, name: str) -> None:
        """Add the folder `name` (mode 0755)."""
        self._add(name, b"", stat.S_IFDIR | 0o755)

    def file(self, name: str, content: bytes, mode: int) -> None:
        """Add the file `name` with its permission bits."""
        self._add(name, content, stat.S_IFREG | mode)

    def done(self) -> bytes:
        """The whole archive, closed by its trailer."""
        return b"".join(self._parts) + _entry(TRAILER, b"", 0, 0)

    def _add(self, name: str, content: bytes, mode: int) -> None:
        self._inode += 1
        self._parts.append(_entry(name, content, mode, self._inode))


def _entry(name: str, content: bytes, mode: int, inode: int) -> bytes:
    path = name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (inode, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(path), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(header + path) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % ALIGN)
