# SPDX-License-Identifier: GPL-3.0-or-later
"""Sees addresses of interfaces come and go (rtnetlink(7)): a carrier gives another one at any time.

A hint, as every event here: what is lost is found by the look for drift within a minute.
"""

from __future__ import annotations

import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)

POLL_S = 1.0  # how late a stop request may be noticed
_GROUP = 0x10  # RTMGRP_IPV4_IFADDR
_NEW_ADDRESS, _DELETED_ADDRESS = 20, 21
_LOCAL = 2  # IFA_LOCAL
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_ADDRESS = struct.Struct("=4BI")  # family, prefix, flags, scope, index
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_BUFFER = 1 << 16

Change = tuple[int, str, bool]


def changes(data: bytes) -> Iterator[Change]:
    """(interface's index, IPv4 address, it came) of each message; what is cut short ends it."""
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        if not _HEADER.size <= length <= len(data):
            return
        if kind in (_NEW_ADDRESS, _DELETED_ADDRESS) and length >= _HEADER.size + _ADDRESS.size:
            *_, index = _ADDRESS.unpack_from(data, _HEADER.size)
            address = _local(data[_HEADER.size + _ADDRESS.size : length])
            if address is not None:
                yield index, address, kind == _NEW_ADDRESS
        data = data[_aligned(length) :]


def _local(attributes: bytes) -> str | None:
    while len(attributes) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(attributes)
        if length < _ATTRIBUTE.size:
            return None
        if kind == _LOCAL and length >= _ATTRIBUTE.size + 4:
            return socket.inet_ntoa(attributes[_ATTRIBUTE.size : _ATTRIBUTE.size + 4])
        attributes = attributes[_aligned(length) :]
    return None


def _aligned(length: int) -> int:
    return (length + 3) & ~3


class AddressWatch(threading.Thread):
    """Calls `changed(interface)` from its thread when an address came or went there."""

    def __init__(self, changed: Callable[[str], None], stop: threading.Event) -> None:
        super().__init__(name="addresses", daemon=True)
        self._changed = changed
        self._stop_event = stop
        self._known: dict[tuple[int, str], bool] = {}

    def run(self) -> None:
        """Watch until stopped."""
        try:
            watched = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        except OSError as error:
            log.warning("addresses are not watched: %s", error)
            return
        with watched:
            watched.bind((0, _GROUP))
            watched.settimeout(POLL_S)
            while not self._stop_event.is_set():
                self._take(watched)

    def _take(self, watched: socket.socket) -> None:
        try:
            data, sender = watched.recvfrom(_BUFFER)
        except TimeoutError:
            return
        except OSError as error:
            # ENOBUFS: more came than we could take in; the look for drift finds what it was.
            log.debug("addresses: %s", error)
            self._known.clear()
            self._stop_event.wait(POLL_S)  # an error that stays must not cost a core
            return
        if sender[0] != 0:
            return  # not the kernel
        for index, address, came in changes(data):
            # A lease that is renewed is told as well: only what differs is news.
            if self._known.get((index, address)) is not came:
                self._tell(index, address, came)

    def _tell(self, index: int, address: str, came: bool) -> None:
        if came:
            self._known[index, address] = True
        else:
            self._known.pop((index, address), None)
        try:
            name = socket.if_indextoname(index)
        except OSError:
            return  # it is gone, which udev tells
        log.debug("%s: %s %s", name, address, "came" if came else "went")
        self._changed(name)
