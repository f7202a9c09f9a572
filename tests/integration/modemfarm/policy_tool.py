# SPDX-License-Identifier: GPL-3.0-or-later
"""Run inside a network namespace by the tests of policies: servers, and one client for each way in.

world ADDRESS      DNS on ADDRESS (a-1-2-3-4.test is 1.2.3.4), on 203.0.113.10 UDP echo (port 7 and
                   25), TCP that sends or takes bytes (8000), and that answers anything (25, 6001)
victims WHERE...   WHERE is ADDRESS:PORT; TCP and UDP answer PIVOT. On a line of stdin: how often
tunnel PROXY PORT HOST PORT  opens one; on a line of stdin asks by it, and prints the answer's end
tries PROXY PORT [SOCKS_PORT]  a JSON list of tries on stdin; what came of each as a JSON list
"""

import base64
import concurrent.futures
import contextlib
import ipaddress
import json
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time

PIVOT = b"PIVOT"
WAIT_S = 3.0


def ready():
    print("ready", flush=True)  # noqa: T201


def begin(*servers):
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()


class Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


# What answers.


def world(address):
    class Names(socketserver.BaseRequestHandler):
        def handle(self):
            query, sock = self.request
            end = query.index(b"\0", 12) + 5
            label = query[13 : 13 + query[12]].decode()
            found = label[2:].replace("-", ".") if label.startswith("a-") else "203.0.113.10"
            head = query[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0)
            answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(found)
            sock.sendto(head + query[12:end] + answer, self.client_address)

    class Echo(socketserver.BaseRequestHandler):
        def handle(self):
            data, sock = self.request
            sock.sendto(b"echo " + data, self.client_address)

    class Bytes(socketserver.BaseRequestHandler):
        """`GET /N`: N bytes; `PUT`: takes what comes, then says how much it was."""

        def handle(self):
            head = b""
            while b"\r\n\r\n" not in head:
                chunk = self.request.recv(4096)
                if not chunk:
                    return
                head += chunk
            word, path = head.split()[:2]
            if word == b"PUT":
                size = int(head.lower().split(b"content-length:")[1].split()[0])
                left = size - len(head.split(b"\r\n\r\n", 1)[1])
                while left > 0:
                    chunk = self.request.recv(65536)
                    if not chunk:
                        return
                    left -= len(chunk)
                self.request.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ndone")
                return
            count = int(path.rsplit(b"/", 1)[1] or b"2")
            self.request.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % count)
            self.request.sendall(b"x" * count)

    class Any(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(4096)
            self.request.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + PIVOT)

    begin(
        socketserver.ThreadingUDPServer((address, 53), Names),
        socketserver.ThreadingUDPServer(("203.0.113.10", 7), Echo),
        socketserver.ThreadingUDPServer(("203.0.113.10", 25), Echo),
        Tcp(("203.0.113.10", 8000), Bytes),
        Tcp(("203.0.113.10", 25), Any),
        Tcp(("203.0.113.10", 6001), Any),
    )
    ready()
    sys.stdin.read()


def victims(*places):
    hits = [0]

    class Stream(socketserver.BaseRequestHandler):
        def handle(self):
            hits[0] += 1
            with contextlib.suppress(OSError):
                self.request.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + PIVOT)
                self.request.settimeout(0.5)
                self.request.recv(4096)

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self):
            hits[0] += 1
            self.request[1].sendto(PIVOT, self.client_address)

    for place in places:
        address, port = place.rsplit(":", 1)
        where = (address, int(port))
        begin(Tcp(where, Stream), socketserver.ThreadingUDPServer(where, Datagram))
    ready()
    for _ in sys.stdin:
        print(hits[0], flush=True)  # noqa: T201


# Ways through a proxy. Each gives the bytes that came back, or raises.


class Client:
    def __init__(self, proxy, port, socks_port):
        self.proxy, self.port, self.socks_port = proxy, int(port), int(socks_port)

    def open(self, port=None):
        connection = socket.create_connection((self.proxy, port or self.port), WAIT_S)
        connection.settimeout(WAIT_S)
        return connection

    def run(self, one):
        began = time.monotonic()
        try:
            said = getattr(self, one["way"])(**{k: v for k, v in one.items() if k != "way"})
        except (OSError, AssertionError, struct.error, IndexError) as error:
            said = f"{type(error).__name__} {error}".encode()
        text = said[:200].decode("latin-1")
        return {
            "said": text, "through": PIVOT in said, "seconds": time.monotonic() - began,
            "size": len(said),
        }  # fmt: skip

    def read(self, connection):
        data = b""
        with contextlib.suppress(TimeoutError):
            while chunk := connection.recv(65536):
                data += chunk
        return data

    def auth(self, user):
        if user is None:
            return ""
        return f"Proxy-Authorization: Basic {base64.b64encode(user.encode()).decode()}\r\n"

    def get(self, host, port, path="", method="GET", user=None, scheme="http"):
        with self.open() as connection:
            head = f"{method} {scheme}://{host}:{port}/{path} HTTP/1.0\r\nHost: {host}\r\n"
            connection.sendall(f"{head}{self.auth(user)}\r\n".encode())
            return self.read(connection)

    def plain(self, host, port):
        """A request as to a web server: the proxy goes where `Host` says."""
        with self.open() as connection:
            connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
            return self.read(connection)

    def put(self, host, port, size, user=None):
        with self.open() as connection:
            head = f"PUT http://{host}:{port}/ HTTP/1.0\r\nHost: {host}\r\nContent-Length: {size}"
            connection.settimeout(30)
            connection.sendall(f"{head}\r\n{self.auth(user)}\r\n".encode())
            connection.sendall(b"x" * size)
            return self.read(connection)

    def connect(self, host, port, user=None):
        with self.open() as connection:
            head = f"CONNECT {host}:{port} HTTP/1.0\r\nHost: {host}\r\n"
            connection.sendall(f"{head}{self.auth(user)}\r\n".encode())
            first = connection.recv(4096)
            if b" 200 " not in first.split(b"\r\n")[0]:
                return first
            connection.sendall(b"GET /2 HTTP/1.0\r\n\r\n")
            return first + self.read(connection)

    def sni(self, host):
        """A bare TLS greeting: `auto` of 3proxy relays it to the name in it."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context()
        tls = context.wrap_bio(incoming, outgoing, server_hostname=host)
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        with self.open() as connection:
            connection.sendall(outgoing.read())
            return self.read(connection)

    def socks4(self, host, port, command=1):
        try:
            packed, name = ipaddress.IPv4Address(host).packed, b""
        except ValueError:
            packed, name = b"\0\0\0\1", host.encode() + b"\0"
        with self.open(self.socks_port) as connection:
            head = struct.pack(">BBH", 4, command, port)
            connection.sendall(head + packed + b"user\0" + name)
            reply = connection.recv(8)
            if len(reply) < 2 or reply[1] != 90:
                return b"socks4 " + reply
            if command == 2:
                return b"bound " + PIVOT
            connection.sendall(b"GET /2 HTTP/1.0\r\n\r\n")
            return b"socks4 ok " + self.read(connection)

    def socks5(self, host, port, command=1, user=None):
        with self.open(self.socks_port) as connection:
            self.greet(connection, user)
            connection.sendall(bytes([5, command, 0]) + packed(host) + struct.pack(">H", port))
            reply = connection.recv(32)
            if len(reply) < 2 or reply[1] != 0:
                return b"socks5 " + reply
            if command == 2:
                return b"bound " + PIVOT
            connection.sendall(b"GET /2 HTTP/1.0\r\n\r\n")
            return b"socks5 ok " + self.read(connection)

    def greet(self, connection, user):
        connection.sendall(b"\x05\x01\x02" if user else b"\x05\x01\x00")
        method = connection.recv(2)
        assert method == (b"\x05\x02" if user else b"\x05\x00"), f"method {method!r}"
        if user:
            name, _, word = user.partition(":")
            connection.sendall(
                b"\x01" + bytes([len(name)]) + name.encode() + bytes([len(word)]) + word.encode()
            )
            assert connection.recv(2)[1:] == b"\0", "wrong password"

    def udp(self, host, port, user=None, first=None):
        """UDP ASSOCIATE; with `first` (host, port) a datagram there goes ahead of ours."""
        with self.open(self.socks_port) as connection:
            self.greet(connection, user)
            connection.sendall(b"\x05\x03\x00\x01\0\0\0\0\0\0")
            reply = connection.recv(32)
            if len(reply) < 10 or reply[1] != 0:
                return b"udp " + reply
            there = (socket.inet_ntoa(reply[4:8]), struct.unpack(">H", reply[8:10])[0])
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
                datagrams.settimeout(1.0)
                said = b"udp ok "
                for where in [*([first] if first else []), (host, port)]:
                    head = b"\0\0\0" + packed(where[0]) + struct.pack(">H", where[1])
                    datagrams.sendto(head + b"hello", there)
                    with contextlib.suppress(TimeoutError, ConnectionError):
                        said += datagrams.recv(4096)[10:]
                return said


def packed(host):
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bytes([3, len(host)]) + host.encode()
    return bytes([1 if address.version == 4 else 4]) + address.packed


def tries(proxy, port, socks_port=None):
    client = Client(proxy, port, socks_port or port)
    asked = json.load(sys.stdin)
    with concurrent.futures.ThreadPoolExecutor(max(1, min(12, len(asked)))) as pool:
        print(json.dumps(list(pool.map(client.run, asked))))  # noqa: T201


def tunnel(proxy, port, host, target):
    client = Client(proxy, port, port)
    with client.open() as connection:
        connection.sendall(f"CONNECT {host}:{target} HTTP/1.0\r\n\r\n".encode())
        assert b" 200 " in connection.recv(4096)
        ready()
        sys.stdin.readline()
        connection.sendall(b"GET /2 HTTP/1.0\r\n\r\n")
        print(client.read(connection)[-2:].decode())  # noqa: T201


if __name__ == "__main__":
    {"world": world, "victims": victims, "tries": tries, "tunnel": tunnel}[sys.argv[1]](
        *sys.argv[2:]
    )
