# SPDX-License-Identifier: GPL-3.0-or-later
"""One AT command, as anybody's program would give it: says when it is under way and how it ended.

`python -m inside.asking IMEI COMMAND`, with modemfarm's own Python.
"""

import json
import sys
import time

from modemfarm.at.session import AtSession
from modemfarm.contact import find_contact
from modemfarm.errors import FarmError


def main() -> None:
    serial, command = sys.argv[1:]
    port = find_contact(serial).at_ports[0]
    ended: dict[str, object] = {"port": port, "error": None}
    try:
        with AtSession(port, wait=20) as session:
            sys.stdout.write("under way\n")
            session.command(command)
    except FarmError as error:
        ended |= {"error": type(error).__name__, "message": error.message}
    ended["at"] = time.time()
    sys.stdout.write(json.dumps(ended) + "\n")


if __name__ == "__main__":
    main()
