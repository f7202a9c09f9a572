# SPDX-License-Identifier: GPL-3.0-or-later
"""In place of ansible-playbook: has the warm server run it on our stdio.

Run as `python -I -S warm_client.py SOCKET ARGUMENTS`; imports as little as it can. When the
server cannot or does not want to, this becomes the real ansible-playbook.
"""

import array
import json
import os
import socket
import sys


def ask(path: str, arguments: list[str]) -> int | None:
    """The play's exit status, None when the server did not run it."""
    request = {
        "argv": arguments,
        "cwd": os.getcwd(),  # noqa: PTH109 - pathlib costs more than all of this
        "environ": dict(os.environ),
    }
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(path)
            stdio = array.array("i", (0, 1, 2))
            connection.sendmsg([b" "], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, stdio)])
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = connection.recv(64)
        except OSError:
            return None
    # A server that died in mid play leaves nobody who knows: that is a failure, not a retry.
    return None if answer == b"refused" else int(answer or b"1")


def main() -> None:
    """Ask, or do it ourselves."""
    status = ask(sys.argv[1], sys.argv[2:])
    if status is None:
        os.execvp("ansible-playbook", ["ansible-playbook", *sys.argv[2:]])  # noqa: S606
    sys.exit(status)


if __name__ == "__main__":
    main()
