# SPDX-License-Identifier: GPL-3.0-or-later
"""The only proof that a port serves: a request through it, answered with the address seen outside.

A few lines of HTTP by hand: importing an HTTP library costs more than the whole probe under
emulation, and a proxy's answer is untrusted, so it is read with limits.
"""

import socket
import time
from collections.abc import Callable, Sequence
from ipaddress import AddressValueError, IPv4Address
from urllib.parse import urlsplit

from ..errors import TransientError
from ..proxy.entrance import connect

REQUEST_TIMEOUT_S = 5.0  # LTE: a first packet after idle takes 1 to 2 s, a name 1 s more
RETRY_S = 0.2  # a proxy that starts listens within 20 ms, v2ray within 2 s under emulation
MAX_ANSWER = 16_384


class ProbeError(TransientError):
    """A request through the port was not answered with an address."""


def probe(
    address: IPv4Address, port: int, url: str, deadline: float, second: str | None = None
) -> str:
    """The address that `url` saw, asked through the proxy at address:port.

    Tries again until `deadline` (time.monotonic) and at least once; ProbeError says how the last
    try ended. `second` is asked in turn with `url`: a target that is down is no modem's fault.
    """
    return _try(address, port, (url, second) if second else (url,), deadline, parse_answer)


def answers(address: IPv4Address, port: int, url: str, deadline: float) -> str:
    """That the proxy answers at all, whatever it says of `url`; tries and errors as `probe`."""
    return _try(address, port, (url,), deadline, lambda _: "answers")


def status(address: IPv4Address, port: int, url: str) -> str:
    """The status that the proxy gives `url`; one try. OSError, ProbeError."""
    return _status(_request(str(address), port, url))


def _try(
    address: IPv4Address,
    port: int,
    urls: Sequence[str],
    deadline: float,
    read: Callable[[bytes], str],
) -> str:
    tries = 0
    while True:
        url = urls[tries % len(urls)]
        tries += 1
        try:
            return read(_request(str(address), port, url))
        except (OSError, ProbeError) as error:
            if tries >= len(urls) and time.monotonic() + RETRY_S >= deadline:
                raise ProbeError(
                    f"probe failed: {_words(error)}",
                    f"see the journal of the proxy and try `curl -x {address}:{port} {url}`",
                ) from error
            time.sleep(RETRY_S)


def _words(error: OSError | ProbeError) -> str:
    if isinstance(error, ProbeError):
        return error.message
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens on the proxy port"
    if isinstance(error, TimeoutError):
        return f"no answer within {REQUEST_TIMEOUT_S:g} s"
    return error.strerror or type(error).__name__


def _request(address: str, port: int, url: str) -> bytes:
    head = f"GET {url} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nConnection: close\r\n\r\n"
    limit = time.monotonic() + REQUEST_TIMEOUT_S
    with connect(address, port, REQUEST_TIMEOUT_S) as connection:
        connection.sendall(head.encode("ascii"))
        return _read(connection, limit)


def _read(connection: socket.socket, limit: float) -> bytes:
    data = b""
    while not _complete(data) and len(data) < MAX_ANSWER:
        left = limit - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        chunk = connection.recv(MAX_ANSWER)
        if not chunk:
            break
        data += chunk
    return data


def _complete(data: bytes) -> bool:
    """True when the length that the head announces is there: v2ray holds the close for a second."""
    head, separator, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if separator and name.strip().lower() == b"content-length" and value.strip().isdigit():
            return len(body) >= int(value.strip()[:9])
    return False


def _status(data: bytes) -> str:
    words = data.split(b"\r\n", 1)[0].decode("ascii", "replace").split()
    if len(words) < 2 or not words[0].startswith("HTTP/"):
        raise ProbeError("the proxy closed the connection", "see the journal of the proxy")
    return words[1][:20]


def parse_answer(data: bytes) -> str:
    """The address in an HTTP answer; ProbeError for any other answer."""
    said = _status(data)
    if said != "200":
        raise ProbeError(f"the proxy answered {said!r}", "see the journal of the proxy")
    _, _, body = data.partition(b"\r\n\r\n")
    text = body.decode("ascii", "replace").strip()
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        raise ProbeError(
            f"the answer is no address: {text[:40]!r}", "check probe_url in the settings"
        ) from None
