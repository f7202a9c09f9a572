# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes as a file of the agent (/var/lib/modemfarm/volumes.json): replaced as a whole."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from datetime import date
from pathlib import Path

from modemfarm.errors import FarmError

from .volumes import Volumes

FILE = "volumes.json"
MAX_BYTES = 4_000_000  # 120 modems of two months need 300 kB


class VolumeFile:
    """Owned by the worker's thread."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, volumes: Volumes) -> str | None:
        """Load what is kept; why that cannot be, None also for a host that never had one."""
        try:
            with self.path.open("rb") as stream:
                volumes.load(json.loads(stream.read(MAX_BYTES)))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, LookupError, AttributeError, FarmError) as error:
            return f"{self.path} is not read: {error}"
        return None

    def write(self, volumes: Volumes, day: date) -> None:
        """Replace the file. OSError."""
        text = json.dumps(volumes.as_dict(day), separators=(",", ":"))
        handle, name = tempfile.mkstemp(prefix=".volumes-", dir=self.path.parent)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as stream:
                stream.write(text + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(self.path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
            raise
