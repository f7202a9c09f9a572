# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm`: what an operator does on the modem host. Works from files without the database.

Exit 0 done, 1 failed, 2 bad input (`doctor` has its own). A verb's module is imported when the
verb is named, and heavy modules by the verb that needs them.
"""

from __future__ import annotations

import os
import sys
from types import TracebackType

from modemfarm.errors import CommandRefusedError, FarmError, InvalidValueError, SettingsError

DEBUG = "MODEMFARM_DEBUG"  # also what `--debug` sets


def main() -> None:
    """Entry point of modemfarm: errors become one line and an exit code."""
    from . import listing

    sys.excepthook = _one_line
    try:
        if not listing.quick(sys.argv[1:], os.environ):
            from .verbs import app

            app(prog_name="modemfarm")
    except FarmError as error:
        _trace(error)
        if isinstance(error, InvalidValueError | SettingsError | CommandRefusedError):
            sys.stderr.write(f"modemfarm: {error.message}; {error.remedy}\n")
            sys.exit(2)
        sys.stderr.write(f"modemfarm: {error}\n")
        sys.exit(1)
    sys.exit(0)


def _one_line(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
    """What nobody has foreseen: a mistake of ours. The interpreter ends with 1 after it."""
    from ..text import printable

    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write("modemfarm: interrupted\n")
        return
    _trace(error)
    said = printable(f"{kind.__name__}: {error}", 300)
    hint = "" if os.environ.get(DEBUG) else "; `modemfarm --debug ...` shows where"
    sys.stderr.write(f"modemfarm: a mistake in this program: {said}{hint}\n")


def _trace(error: BaseException) -> None:
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)


if __name__ == "__main__":
    main()
