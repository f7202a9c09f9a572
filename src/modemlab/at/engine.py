# SPDX-License-Identifier: GPL-3.0-or-later
"""The AT side of a modem: its two ports, unsolicited lines, and what AT stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemlab.at.network import registration_line
from modemlab.at.port import AtPort
from modemlab.at.sim import cpin_word
from modemlab.modem.messages import NO_SMSC, Message
from modemlab.modem.sim import SimState

if TYPE_CHECKING:
    from modemlab.modem.clock import Timer
    from modemlab.modem.modem import Modem

CHANNELS = (2, 3)  # interface numbers of the two AT ports in the QMI composition
CNMI_AT_POWER_ON = "2,1,0,0,0"
URC_CHANNEL = 2  # AT+QURCCFG="urcport" is "usbat" by default: the first AT port


class AtEngine:
    """Both AT ports of one modem."""

    def __init__(self, modem: Modem) -> None:
        self.modem = modem
        self.ports = {channel: AtPort(modem, channel) for channel in CHANNELS}
        self._flood: Timer | None = None
        self._flood_count = 0

    @property
    def commands(self) -> dict[int, dict[str, int]]:
        """How often each command came in, by port."""
        return {channel: dict(port.commands) for channel, port in self.ports.items()}

    def feed(self, channel: int, data: bytes) -> None:
        """Bytes from the host for one port."""
        self.ports[channel].feed(data)

    def reset(self) -> None:
        """Power-on state of both ports."""
        for port in self.ports.values():
            port.reset()
        self._stop_flood()

    def booted(self) -> None:
        """The lines an EC25 says when it comes up."""
        for line in ("RDY", f"+CFUN: {self.modem.radio.function}"):
            self._announce(line)
        self.sim_changed()
        self.flood_changed()

    def sim_changed(self) -> None:
        """+QUSIM for a readable card, +CPIN for what it wants."""
        state = self.modem.sim.state
        if state is SimState.MISSING:
            self._announce("+CPIN: NOT INSERTED")
            return
        self._announce("+QUSIM: 1")
        self._announce(f"+CPIN: {cpin_word(state)}")

    def registration_changed(self) -> None:
        """+CREG and its kin on each port that switched them on."""
        for port in self.ports.values():
            for name, mode in port.report.items():
                if mode:
                    port.urc(registration_line(port, name, unsolicited=True))

    def message_stored(self, stored: Message) -> None:
        """+CMTI when <mt> of AT+CNMI is 1, as it is at power-on."""
        if self._cnmi()[1:2] == ["1"]:
            self._announce(f'+CMTI: "{stored.storage}",{stored.index}')

    def take_report(self, tpdu: bytes) -> bool:
        """A status report straight to the host by +CDS, when <ds> of AT+CNMI is 1."""
        if self._cnmi()[3:4] != ["1"]:
            return False
        pdu = (NO_SMSC + tpdu).hex().upper()
        self._announce(f"+CDS: {len(tpdu)}\r\n{pdu}")
        return True

    def _cnmi(self) -> list[str]:
        stored = self.ports[URC_CHANNEL].settings.get("+CNMI", CNMI_AT_POWER_ON)
        return stored.split(",")

    def garbage_changed(self) -> None:
        for port in self.ports.values():
            port.sounds_changed()

    def flood_changed(self) -> None:
        """Start or stop the endless unsolicited lines."""
        self._stop_flood()
        if self.modem.faults.urc_flood and self.modem.radio.powered:
            self._pour()

    def _pour(self) -> None:
        self._flood_count += 1
        for port in self.ports.values():
            port.urc(f'+QIND: "csq",{self._flood_count % 32},99')
        self._flood = self.modem.clock.later(1 / self.modem.faults.urc_flood, self._pour)

    def _stop_flood(self) -> None:
        if self._flood is not None:
            self._flood.cancel()
            self._flood = None

    def _announce(self, line: str) -> None:
        self.ports[URC_CHANNEL].urc(line)
