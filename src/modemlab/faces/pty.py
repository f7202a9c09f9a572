# SPDX-License-Identifier: GPL-3.0-or-later
"""A modem behind pseudo terminals: what `option` and `cdc-wdm` show, without a kernel driver.

AT ports work with any serial program; the QMI port works with `qmicli --device-open-qmi`.
"""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Callable
from functools import partial
from pathlib import Path

from modemlab.modem.errors import LabError
from modemlab.modem.modem import Modem
from modemlab.qmi.codec import FrameSplitter

READ_SIZE = 4096
# A reader that is away must not make us keep everything: about what the kernel keeps as well.
MAX_UNSENT = 65536
AT_PORTS = {"at2": 2, "at3": 3}
ByteLog = Callable[[str, bytes], None]  # name of the port (at2, at3, qmi), bytes as they came


class Pty:
    """One raw pseudo terminal in the running loop. `path` is what programs open."""

    def __init__(self, receive: Callable[[bytes], None]) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._unsent = b""
        # The far end stays open here too, or each program that closes it would end the terminal.
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        os.set_blocking(self._near, False)
        self.path = os.ttyname(self._far)
        self._open = True
        self._loop.add_reader(self._near, self._readable)

    def write(self, data: bytes) -> None:
        """Bytes for the program; the oldest are dropped when nobody reads for long."""
        if self._open:
            self._unsent = (self._unsent + data)[-MAX_UNSENT:]
            self._flush()

    def close(self) -> None:
        """End the terminal: programs that have it open see a hang-up."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._near)
            self._loop.remove_writer(self._near)
            os.close(self._far)
            os.close(self._near)

    def _readable(self) -> None:
        try:
            data = os.read(self._near, READ_SIZE)
        except BlockingIOError:
            return
        self._receive(data)

    def _flush(self) -> None:
        try:
            sent = os.write(self._near, self._unsent)
        except BlockingIOError:
            sent = 0
        self._unsent = self._unsent[sent:]
        if self._unsent:
            self._loop.add_writer(self._near, self._flush)
        else:
            self._loop.remove_writer(self._near)


class PtyFace:
    """AT and QMI ports of one modem as terminals, and as links in `directory` when given.

    A port that AT+QCFG="usbcfg" has switched off is not there. Vanishing closes them; rebooting
    closes them and opens new ones, under the same links.
    `log` is told of every byte that programs write, before the modem sees it.
    """

    def __init__(
        self, modem: Modem, directory: Path | None = None, log: ByteLog | None = None
    ) -> None:
        self._modem = modem
        self._directory = directory
        self._log = log
        self._ports: dict[str, Pty] = {}

    @property
    def paths(self) -> dict[str, str]:
        """Path by port name (at2, at3, qmi); empty when closed."""
        if self._directory is not None:
            return {name: str(self._directory / name) for name in self._ports}
        return {name: port.path for name, port in self._ports.items()}

    def open(self) -> None:
        """Plug in. Raises LabError when the modem is plugged elsewhere."""
        modem = self._modem
        if modem.plugged:
            raise LabError(f"modem {modem.number} is plugged in already")
        modem.plugged = True
        for name, channel in AT_PORTS.items():
            if not modem.config.shows(name):
                continue
            port = self._ports[name] = Pty(self._logged(name, partial(modem.at, channel)))
            modem.on_at[channel] = port.write
        splitter = FrameSplitter()
        requests = self._logged("qmi", lambda data: self._requests(splitter, data))
        port = self._ports["qmi"] = Pty(requests)
        modem.on_qmi = port.write
        modem.on_vanish, modem.on_reboot = self.close, self._reboot
        self._link()

    def close(self) -> None:
        """Unplug."""
        for name, port in self._ports.items():
            if self._directory is not None:
                (self._directory / name).unlink(missing_ok=True)
            port.close()
        if self._ports:
            self._ports.clear()
            self._modem.power_off()

    def _logged(self, name: str, receive: Callable[[bytes], None]) -> Callable[[bytes], None]:
        log = self._log
        if log is None:
            return receive

        def logged(data: bytes) -> None:
            log(name, data)
            receive(data)

        return logged

    def _requests(self, splitter: FrameSplitter, data: bytes) -> None:
        for frame in splitter.feed(data):
            self._modem.qmi(frame)

    def _link(self) -> None:
        if self._directory is not None:
            self._directory.mkdir(parents=True, exist_ok=True)
            for name, port in self._ports.items():
                (self._directory / name).symlink_to(port.path)

    def _reboot(self) -> None:
        self.close()
        self._modem.clock.later(self._modem.spec.reboot_seconds, self._return)

    def _return(self) -> None:
        if not self._modem.plugged:
            self.open()
            self._modem.power_cycle()
