# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarmd.agent.address_watch: messages as rtnetlink(7) describes them."""

import socket
import struct

from modemfarmd.agent.address_watch import changes

NEW, DELETED, NEW_LINK = 20, 21, 16


def message(kind: int, index: int, address: str | None) -> bytes:
    attributes = b""
    if address is not None:
        attributes = struct.pack("=HH4s", 8, 1, socket.inet_aton("192.0.2.9"))  # IFA_ADDRESS
        attributes += struct.pack("=HH4s", 8, 2, socket.inet_aton(address))
        attributes += struct.pack("=HH6s2x", 10, 3, b"wwan0\0")
    body = struct.pack("=4BI", socket.AF_INET, 30, 0, 0, index) + attributes
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def test_each_message_of_a_datagram() -> None:
    data = message(NEW, 7, "10.64.1.2") + message(DELETED, 8, "10.64.2.2")
    assert list(changes(data)) == [(7, "10.64.1.2", True), (8, "10.64.2.2", False)]


def test_what_is_about_something_else_is_left_out() -> None:
    data = message(NEW_LINK, 7, "10.64.1.2") + message(NEW, 7, None) + message(NEW, 8, "10.0.0.1")
    assert list(changes(data)) == [(8, "10.0.0.1", True)]


def test_a_message_cut_short_ends_it() -> None:
    whole = message(NEW, 7, "10.64.1.2")
    for end in range(len(whole)):
        assert list(changes(whole[:end])) == []
    assert list(changes(struct.pack("=IHHII", 0, NEW, 0, 0, 0) + whole)) == []
