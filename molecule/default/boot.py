# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a bare lab host: sshd, the LAN, the carrier and the virtual modems' daemon, no modem host.

usage: boot.py NAME    (environment: LAB_SUITE, THREEPROXY_ARCHIVE, as for `modemfarm lab up`)

Prints one JSON object on standard output: {"host": its name in ssh_config, "engine": one line,
"variables": what the inventory needs for that engine}. Progress goes to standard error. Exit code
1 with one line when the host could not be started.
"""

import json
import os
import sys

from modemlab.host import engine as engines
from modemlab.host import guest, tools
from modemlab.host.errors import LabError
from modemlab.host.lab import Lab
from modemlab.host.progress import Progress


def boot(lab: Lab, progress: Progress) -> engines.Engine:
    """Start `lab` from a fresh disk; raises LabError with what went wrong."""
    lab.base.mkdir(parents=True, exist_ok=True)
    tools.ensure(tools.missing_packages(), lab.base / "apt.log")
    engine = engines.choose(lab.project, lab.base / "cache")
    lab.boot(lab.image(progress), engine, progress)
    lab.install_modems()
    return engine


def main() -> int:
    """Boot the lab that the command line names and describe it."""
    try:
        engine = boot(
            Lab(sys.argv[1], os.environ.get("LAB_SUITE", "bookworm")), Progress(sys.stderr)
        )
    except LabError as error:
        sys.stderr.write(f"boot.py: {error}\n")
        return 1
    said = {
        "host": guest.NAME,
        "engine": f"{engine.label}: {engine.reason}",
        "variables": engine.variables,
    }
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
