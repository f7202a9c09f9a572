# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from modemlab.carrier.http import BadRequestError, Request, body_length, parse_head


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"GET / HTTP/1.1\r\nHost: x", Request("GET", "/", True)),
        (b"GET / HTTP/1.0\r\nHost: x", Request("GET", "/", False)),
        (b"GET / HTTP/1.0\r\nConnection: Keep-Alive", Request("GET", "/", True)),
        (b"HEAD /bytes/5 HTTP/1.1\r\nConnection: close", Request("HEAD", "/bytes/5", False)),
        (b"GET http://ip.lab.test/bytes/5 HTTP/1.1", Request("GET", "/bytes/5", True)),
        (b"GET http://ip.lab.test HTTP/1.1", Request("GET", "/", True)),
    ],
)
def test_heads(head: bytes, expected: Request) -> None:
    assert parse_head(head) == expected


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"GET",
        b"GET / HTTP/2.0",
        b"get / HTTP/1.1",
        b"\x16\x03\x01\x02",
        b"POST / HTTP/1.1\r\nContent-Length: 5",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked",
    ],
)
def test_bad_heads_are_refused(head: bytes) -> None:
    with pytest.raises(BadRequestError):
        parse_head(head)


def test_body_length() -> None:
    assert body_length("/") is None
    assert body_length("/bytes/0") == 0
    assert body_length("/bytes/1000?x=1") == 1000


@pytest.mark.parametrize("path", ["/bytes/", "/bytes/-1", "/bytes/x", "/bytes/1000000001"])
def test_a_bad_length_is_refused(path: str) -> None:
    with pytest.raises(BadRequestError, match=r"0\.\.1000000000"):
        body_length(path)
