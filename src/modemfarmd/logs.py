# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging to stderr as plain lines for the journal: one line per record, nothing hostile in it."""

from __future__ import annotations

import logging
import sys

from .text import printable

# The journal reads "<N>" at the start of a line as the priority (sd-daemon(3)).
PRIORITIES = {logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


class PlainFormatter(logging.Formatter):
    """`<priority>name: message`, the message on one line and escaped; a traceback follows it."""

    def format(self, record: logging.LogRecord) -> str:
        priority = PRIORITIES.get(record.levelno, 3)
        line = f"<{priority}>{record.name}: {printable(record.getMessage())}"
        if record.exc_info and record.exc_info[0] is not None:
            trace = self.formatException(record.exc_info)
            line += "".join(f"\n<{priority}>  {printable(part)}" for part in trace.splitlines())
        return line


def setup(level: str = "INFO") -> None:
    """Send all records of this process to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
