# SPDX-License-Identifier: GPL-3.0-or-later
"""The last proxy configuration that was seen to serve, and the newer one that did not.

Beside the configurations, so that any later run, also one after a kill, can put it back. A
configuration that did not work is tried again with a back-off: each try interrupts its clients.
"""

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from .files import read_text, write_text

FOLDER = "last-good"
FIRST_S = 60.0  # a full resync's distance
LONGEST_S = 900.0  # as all back-offs of the farm
MAX_TRIES = 20  # 2 ** 20 is far beyond the longest


@dataclass(frozen=True)
class Kept:
    """good: the text that served. digest: of the text that did not, `tries` times, until when."""

    good: str | None = None
    digest: str = ""
    tries: int = 0
    until: float = 0.0

    def refused_until(self, text: str, now: float) -> float | None:
        """The Unix time before which `text` is not tried again; None when it may be tried now.

        A time too far ahead comes from a clock that was set back, and proves nothing.
        """
        refused = self.digest == _digest(text) and now < self.until <= now + LONGEST_S
        return self.until if refused else None


def read(config: Path) -> Kept:
    """What is kept about the configuration at `config`; a torn file is as good as none."""
    good = read_text(_good(config))
    try:
        found = json.loads(read_text(_refused(config)) or "{}")
        digest, tries, until = (
            str(found["digest"]), int(found["tries"]), float(found["until"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, OverflowError):
        return Kept(good)
    return Kept(good, digest, tries, until)


def prove(config: Path, text: str) -> None:
    """`text` serves: keep it, and forget what did not work before."""
    _write(_good(config), text)
    with contextlib.suppress(FileNotFoundError):
        _refused(config).unlink()


def refuse(config: Path, text: str, now: float) -> float:
    """`text` did not work: remember it. The Unix time of the next try."""
    kept = read(config)
    tries = min(MAX_TRIES, kept.tries + 1) if kept.digest == _digest(text) else 1
    until = now + min(LONGEST_S, FIRST_S * float(2 ** (tries - 1)))
    row = {"digest": _digest(text), "tries": tries, "until": until}
    _write(_refused(config), json.dumps(row) + "\n")
    return until


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_text(path, text, 0o600)


def _good(config: Path) -> Path:
    return config.parent / FOLDER / config.name


def _refused(config: Path) -> Path:
    return config.parent / FOLDER / f"{config.name}.refused"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
