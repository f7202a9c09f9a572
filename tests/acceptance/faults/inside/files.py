# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the files that the farm writes are whole, looked at whenever one has changed."""

import configparser
import json
import re
import sys
from pathlib import Path

FOLDERS = {
    Path("/etc/modemfarm/proxy"): (".json", ".cfg"),
    Path("/etc/NetworkManager/system-connections"): (".nmconnection",),
    Path("/var/lib/modemfarm"): (".json",),
    Path("/etc/modemfarm"): (".json",),
}
COMMANDS = (
    "nserver|nscache|log|logformat|timeouts|users|auth|allow|deny|(no)?connlim|(no)?bandlim(in|out)"
    "|maxconn|auto|nsrecord"
)
CFG_LINE = re.compile(rf"#|$|({COMMANDS})\b")
Stamp = tuple[int, int, int]


class Files:
    """Remembers what was whole; a call gives the problems of now."""

    def __init__(self, folders: dict[Path, tuple[str, ...]] | None = None) -> None:
        self._folders = FOLDERS if folders is None else folders
        self._good: dict[Path, Stamp] = {}

    def __call__(self) -> list[str]:
        problems = []
        for folder, suffixes in self._folders.items():
            if not folder.is_dir():
                continue
            for path in folder.iterdir():
                if path.suffix in suffixes and not path.name.startswith("."):
                    problems += self._check(path)
        return problems

    def _check(self, path: Path) -> list[str]:
        try:
            status = path.stat()
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if self._good.get(path) == stamp:
                return []
            parse(path)
        except FileNotFoundError:
            return []  # removed between the two looks
        except (OSError, ValueError, configparser.Error) as error:
            return [f"{path} does not parse: {error!r}"[:300]]
        self._good[path] = stamp
        return []


def parse(path: Path) -> None:
    """Raises what the parser raises; ValueError for an empty file."""
    text = path.read_text(encoding="utf-8")
    if not text.strip():
        raise ValueError("empty")
    if path.suffix == ".json":
        json.loads(text)
    elif path.suffix == ".nmconnection":
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        parser.read_string(text)
        if not parser.has_section("connection"):
            raise ValueError("no section connection")
    else:
        foreign = [line for line in text.splitlines() if not CFG_LINE.match(line)]
        if foreign or "auto " not in text:
            raise ValueError(f"not a whole configuration: {foreign[:1]}")


def leftovers() -> list[str]:
    """Half-written files beside the whole ones: what a killed writer left."""
    return [
        str(path)
        for folder in FOLDERS
        if folder.is_dir()
        for path in folder.iterdir()
        if path.name.startswith((".new-", ".modems-")) or path.suffix in (".tmp", ".part")
    ]


if __name__ == "__main__":
    sys.stdout.write("".join(f"{name}\n" for name in leftovers()))
