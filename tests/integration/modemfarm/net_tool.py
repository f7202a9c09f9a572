# SPDX-License-Identifier: GPL-3.0-or-later
"""Run inside a network namespace by the tests: a small Internet, and clients for it.

serve NAME            HTTP on 203.0.113.10:80 (and 2001:db8::10) and DNS on 203.0.113.53:53;
                      every HTTP answer is "NAME <address of the caller>",
                      and for /address the address alone
get ADDRESS PORT [HOST:PORT]   GET / directly, or through an HTTP proxy; prints status and body
socks PROXY PORT COMMAND TYPE ADDRESS PORT   prints the SOCKS5 reply code
"""

import http.server
import ipaddress
import socket
import socketserver
import struct
import sys
import threading


def serve(name):
    """Print `ready` when both servers listen; end with stdin."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            view = "" if self.path.endswith("/address") else f"{name} "
            body = f"{view}{self.client_address[0]}\n".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    class Names(socketserver.BaseRequestHandler):
        def handle(self):
            query, sock = self.request
            end = query.index(b"\0", 12) + 5
            head = query[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0)
            private = query[12:].startswith(b"\x07private")
            address = "127.0.0.1" if private else "203.0.113.10"
            answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(address)
            sock.sendto(head + query[12:end] + answer, self.client_address)

    class Server6(http.server.ThreadingHTTPServer):
        address_family = socket.AF_INET6

    servers = [
        http.server.ThreadingHTTPServer(("203.0.113.10", 80), Answer),
        Server6(("2001:db8::10", 80), Answer),
        socketserver.ThreadingUDPServer(("203.0.113.53", 53), Names),
    ]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)  # noqa: T201
    sys.stdin.read()


def get(address, port, target=None):
    """One request of HTTP/1.0; errors are printed by name."""
    url = f"http://{target}/" if target else "/"
    try:
        with socket.create_connection((address, int(port)), 5) as connection:
            connection.sendall(f"GET {url} HTTP/1.0\r\nHost: {target or address}\r\n\r\n".encode())
            data = b""
            while chunk := connection.recv(4096):
                data += chunk
    except OSError as error:
        print(type(error).__name__, error.errno)  # noqa: T201
        return
    head, _, body = data.partition(b"\r\n\r\n")
    status = head.split()[1].decode() if head else "closed"
    print(status, body.decode("ascii", "replace").strip()[:60])  # noqa: T201


def socks(proxy, port, command, kind, address, target_port):
    """SOCKS5 greeting and one request."""
    packed = {
        "4": lambda: ipaddress.IPv4Address(address).packed,
        "6": lambda: ipaddress.IPv6Address(address).packed,
        "n": lambda: bytes([len(address)]) + address.encode(),
    }[kind]()
    atyp = {"4": 1, "6": 4, "n": 3}[kind]
    with socket.create_connection((proxy, int(port)), 5) as connection:
        connection.settimeout(8)
        connection.sendall(b"\x05\x01\x00")
        assert connection.recv(2) == b"\x05\x00"
        head = bytes([5, int(command), 0, atyp])
        connection.sendall(head + packed + struct.pack(">H", int(target_port)))
        reply = connection.recv(2)
    print(reply[1] if len(reply) > 1 else "closed")  # noqa: T201


if __name__ == "__main__":
    {"serve": serve, "get": get, "socks": socks}[sys.argv[1]](*sys.argv[2:])
