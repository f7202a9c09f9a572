# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that wants a port: DEVICE LOCK_DIR WAIT [UID]. Lets it go at a line on stdin.

Says `open` when it has the port, else the class and text of the error.
"""

import encodings.ascii  # noqa: F401  # the other user may not read the library
import os
import sys
from pathlib import Path

from modemfarm.at.session import AtSession
from modemfarm.errors import FarmError


def main(device: str, folder: str, wait: str, uid: str | None = None) -> int:
    if uid is not None:
        os.setgid(int(uid))
        os.setuid(int(uid))
    try:
        with AtSession(device, lock_dir=Path(folder), wait=float(wait)):
            print("open", flush=True)  # noqa: T201
            sys.stdin.readline()
    except FarmError as error:
        print(f"{type(error).__name__}: {error}", flush=True)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
