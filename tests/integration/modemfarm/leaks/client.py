# SPDX-License-Identifier: GPL-3.0-or-later
"""A LAN client of one slot. What it has open before something happens, it uses afterwards.

New connections to the port of a modem that is away are reset by the kernel, so only connections
that are there already make the proxy send anything: `prepare`, break something, `ask`.
"""

import ipaddress
import itertools
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

from ..conftest import inside

PATIENT_S, BRISK_S = 6.0, 0.7  # where an answer is due, and where none is
OWN = "192.168.1.50"
TARGET, TARGET6 = "203.0.113.10", "2001:db8::10"
KINDS = ("stream", "tcp", "http", "name", "udp", "udp-new", "six", "six-name")
CLOSED = {"six", "six-name"}  # never answered: the farm has no IPv6
_numbers = itertools.count(1)


class Refused(Exception):
    """The proxy said no; the text is what it said."""


class Client:
    """`ports` are (HTTP, SOCKS) of slot `slot`; sockets belong to `namespace`."""

    def __init__(self, namespace, host, slot, ports, kinds, timeout):
        self.namespace, self.host, self.slot = namespace, host, slot
        self.http, self.socks = ports
        self.kinds, self.timeout = kinds, timeout
        self.udp_ports = set()
        self._open = {}
        self._sockets = []

    def prepare(self):
        """Open what can be open before a question; kinds that cannot are left without."""
        self.close()
        with ThreadPoolExecutor(len(self.kinds)) as pool:
            self._open = dict(zip(self.kinds, pool.map(self._prepare, self.kinds), strict=True))
        self.hurry(CLOSED)

    def _prepare(self, kind):
        try:
            if kind == "udp-new":
                return None
            connection = self._connect(self.http if "http" in kind else self.socks)
            if "http" not in kind:
                self._greet(connection)
            if kind == "stream":
                self._request(connection, 1, TARGET, 8000 + self.slot)
                self._said(connection)
            if kind == "udp":
                return connection, self._associate(connection)
            return connection
        except (OSError, Refused):
            return None

    def ask(self):
        """{kind: answer, or "" for none}; all kinds at the same time."""
        with ThreadPoolExecutor(len(self.kinds)) as pool:
            return dict(zip(self.kinds, pool.map(self._ask, self.kinds), strict=True))

    def fresh(self):
        """Prepare, ask at once, and leave nothing open."""
        self.prepare()
        answers = self.ask()
        self.close()
        return answers

    def hurry(self, kinds):
        """No answer is due any more to what is open for these kinds."""
        for kind in kinds:
            opened = self._open.get(kind)
            for item in opened if isinstance(opened, tuple) else (opened,):
                if item is not None:
                    item.settimeout(BRISK_S)

    def close(self):
        """Close what is open."""
        while self._sockets:
            self._sockets.pop().close()
        self._open = {}

    def _ask(self, kind):
        try:
            return self._asked(kind)
        except (OSError, Refused):
            return ""

    def _asked(self, kind):
        opened = self._open.get(kind)
        if kind == "udp-new":
            connection = self._connect(self.socks)
            self._greet(connection)
            return self._echo(self._associate(connection))
        if opened is None:
            raise Refused("nothing was open")
        if kind == "udp":
            return self._echo(opened[1])
        if kind == "http":
            return self._get(opened, f"http://{TARGET}:{8000 + self.slot}/")
        if kind != "stream":
            number = next(_numbers)
            where = {"tcp": TARGET, "six": TARGET6, "name": f"a-s{self.slot}-{number}.lab.test",
                     "late": f"late-s{self.slot}-{number}.lab.test",
                     "six-name": f"six-s{self.slot}-{number}.lab.test"}[kind]  # fmt: skip
            self._request(opened, 1, where, 8000 + self.slot)
        return self._said(opened)

    def _connect(self, port):
        with inside(self.namespace):
            connection = socket.create_connection((self.host, port), self.timeout, (OWN, 0))
        self._sockets.append(connection)
        return connection

    def _greet(self, connection):
        connection.sendall(b"\x05\x01\x00")
        if connection.recv(2) != b"\x05\x00":
            raise Refused("no SOCKS")

    def _said(self, connection):
        connection.sendall(b"who\n")
        data = connection.recv(200)
        if not data:
            raise Refused("closed")
        return data.decode("ascii", "replace").strip()

    def _get(self, connection, url):
        connection.sendall(f"GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        data = b""
        while chunk := connection.recv(4096):
            data += chunk
            head, _, body = data.partition(b"\r\n\r\n")
            if b" 200 " in head and body.endswith(b"\n"):
                return body.decode("ascii", "replace").strip()
        raise Refused(data[:40].decode("ascii", "replace"))

    def _request(self, connection, command, where, port):
        try:
            address = ipaddress.ip_address(where)
            packed = bytes([1 if address.version == 4 else 4]) + address.packed
        except ValueError:
            packed = bytes([3, len(where)]) + where.encode()
        connection.sendall(bytes([5, command, 0]) + packed + struct.pack(">H", port))
        reply = connection.recv(300)
        if len(reply) < 2 or reply[1]:
            raise Refused(f"reply {reply[1:2].hex() or 'closed'}")
        return reply

    def _associate(self, connection):
        reply = self._request(connection, 3, "0.0.0.0", 0)
        with inside(self.namespace):
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sockets.append(datagrams)
        datagrams.settimeout(self.timeout)
        (port,) = struct.unpack_from(">H", reply, 8)
        self.udp_ports.add(port)
        datagrams.bind((OWN, 0))
        datagrams.connect((self.host, port))
        return datagrams

    def _echo(self, datagrams):
        head = bytes([0, 0, 0, 1]) + ipaddress.ip_address(TARGET).packed
        datagrams.send(head + struct.pack(">H", 9000 + self.slot) + b"who\n")
        return datagrams.recv(300)[10:].decode("ascii", "replace").strip()


class Traffic:
    """Asks anew, without a pause, until stopped: for states that last a moment."""

    def __init__(self, clients):
        self._stop = threading.Event()
        self.answers = {client.slot: [] for client in clients}
        self._threads = [threading.Thread(target=self._run, args=(c,)) for c in clients]
        for thread in self._threads:
            thread.start()

    def _run(self, client):
        while not self._stop.is_set():
            self.answers[client.slot].append(client.fresh())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
