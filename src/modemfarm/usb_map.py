# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose modem is at which USB path: one small file per path, read by udev's IMPORT{file} and by us.

modem_apply writes them for modems whose IMEI the agent has read; no serial I/O happens in udev.
"""

import re
from pathlib import Path

MAP_FOLDER = Path("/run/modemfarm/udev")
_LINE = re.compile(r"MODEMFARM_SERIAL=([0-9]{15})\n\Z")


def map_text(serial: str) -> str:
    """The content of the file of a USB path."""
    return f"MODEMFARM_SERIAL={serial}\n"


def parse_map(text: str | None) -> str | None:
    """The IMEI in a file's content; None for no file and for anything else in it."""
    match = _LINE.match(text or "")
    return match.group(1) if match else None


def serial_at(usb_path: str, root: Path = Path("/")) -> str | None:
    """The IMEI that the host has noted for a USB path, None where it has noted none."""
    path = root / MAP_FOLDER.relative_to("/") / usb_path
    try:
        return parse_map(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError):
        return None
