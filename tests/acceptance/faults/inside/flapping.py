# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in the lab host: a modem is pulled and plugged as fast as it goes.

`python3 -m inside.flapping NUMBER TIMES SECONDS` prints how often it was, within that time.
"""

import sys
import time

from .ground import ask


def main() -> int:
    number, times, seconds = (int(text) for text in sys.argv[1:])
    ends = time.monotonic() + seconds
    done = 0
    while done < times and time.monotonic() < ends:
        ask("unplug", modem=number)
        ask("plug", modem=number)
        done += 1
    sys.stdout.write(f"{done}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
