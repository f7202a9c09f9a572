# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m modemlab.bench.modems ROOT COUNT SECONDS`: a host of files with COUNT virtual modems
in a process of their own, so that they and what is measured do not share an interpreter.

Says `ready` and ends with its standard input.
"""

import sys
from pathlib import Path

from ..faces.background import Background
from ..faces.files_host import FilesHost
from ..modem.spec import ModemSpec


def main() -> int:
    """Plug the modems in and wait; modem n answers after SECONDS * (1 + n / COUNT)."""
    root, count, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    with Background() as lab:
        host = FilesHost(root, lab)
        for number in range(1, count + 1):
            modem, _ = host.plug(
                ModemSpec(number, registration_seconds=0), f"1-{number}", number - 1
            )
            lab.call(modem.faults.set, "slow", seconds * (1 + number / count))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
