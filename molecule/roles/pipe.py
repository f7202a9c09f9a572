# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH's ProxyCommand: standard input and output to sshd on 127.0.0.1 of the network it runs in."""

import os
import selectors
import socket
import sys

PORT = 22
CHUNK = 65536


def main() -> int:
    """Carry bytes both ways until one side ends."""
    server = socket.create_connection(("127.0.0.1", PORT))
    with server, selectors.DefaultSelector() as ready:
        ready.register(server, selectors.EVENT_READ)
        ready.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                data = server.recv(CHUNK) if key.fileobj is server else os.read(0, CHUNK)
                if not data:
                    return 0
                if key.fileobj is server:
                    sys.stdout.buffer.write(data)
                    sys.stdout.buffer.flush()
                else:
                    server.sendall(data)


if __name__ == "__main__":
    sys.exit(main())
