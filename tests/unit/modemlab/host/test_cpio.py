# SPDX-License-Identifier: GPL-3.0-or-later
"""The initrd's archive, read back field by field as the kernel would."""

from modemlab.host.cpio import TRAILER, Archive


def entries(data: bytes) -> list[tuple[str, int, bytes]]:
    """(name, mode, content) of each entry of a newc archive."""
    found, at = [], 0
    while True:
        assert data[at : at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        mode, size, length = fields[1], fields[6], fields[11]
        name = data[at + 110 : at + 110 + length - 1].decode()
        start = (at + 110 + length + 3) // 4 * 4
        if name == TRAILER:
            return found
        found.append((name, mode, data[start : start + size]))
        at = (start + size + 3) // 4 * 4


def test_files_and_folders_come_back_as_they_went_in() -> None:
    archive = Archive()
    archive.folder("bin")
    archive.file("bin/busybox", b"\x7fELF...", 0o755)
    archive.file("order", b"", 0o644)
    assert entries(archive.done()) == [
        ("bin", 0o040755, b""),
        ("bin/busybox", 0o100755, b"\x7fELF..."),
        ("order", 0o100644, b""),
    ]


def test_entries_are_aligned_to_four_bytes() -> None:
    archive = Archive()
    for length in range(1, 9):
        archive.file("f" * length, b"x" * length, 0o600)
    assert len(archive.done()) % 4 == 0
    assert [content for _, _, content in entries(archive.done())] == [
        b"x" * length for length in range(1, 9)
    ]
